"""How large one rounding is, in units of u, per aten operation: the rules of Monte Carlo arithmetic.

They are written once for operations, never for cases. Views and copies round nothing; an operation without a
rule is an error, because no noise would look like perfect accuracy.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

# One rounding of float32, relative; and half of its smallest positive number, what underflow may add.
UNIT = 2.0**-24
UNDERFLOW = 2.0**-150

_FLOAT32 = struct.Struct("f")
_LARGEST = 2.0**127

# Nothing is computed, or what is computed is exact in binary arithmetic.
# fmt: off
EXACT = frozenset({
    "_local_scalar_dense", "_pack_padded_sequence", "_pack_padded_sequence_backward",
    "_record_function_enter_new", "_record_function_exit", "_reshape_alias", "_to_copy", "_unique2",
    "_unsafe_view", "abs", "alias", "allclose", "amax", "amin", "arange", "argmax", "argmin", "as_strided",
    "bernoulli", "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "broadcast_in_dim",
    "broadcast_tensors", "cat", "ceil", "clamp", "clamp_max", "clamp_min", "clone", "constant_pad_nd",
    "contiguous", "copy", "detach", "diagonal", "diagonal_backward", "div_mode", "empty",
    "empty_like", "empty_strided", "eq", "equal", "expand", "eye", "fill", "flip", "floor", "floor_divide",
    "full", "full_like", "gather", "ge", "gt", "index", "index_select", "is_nonzero", "isinf", "isnan", "le",
    "lift_fresh", "logical_and", "logical_not", "logical_or", "logical_xor", "lt", "masked_fill",
    "masked_scatter", "masked_select", "max", "maximum", "min", "minimum", "narrow", "ne", "neg",
    "new_empty", "new_empty_strided", "new_full", "new_ones", "new_zeros", "nonzero", "normal", "ones",
    "ones_like", "permute", "rand", "rand_like", "randint", "randn", "randn_like", "relu", "repeat",
    "reshape", "resolve_conj", "resolve_neg", "roll", "round", "scalar_tensor", "scatter", "select",
    "select_backward", "set_data", "sgn", "sign", "slice", "slice_backward", "sort", "split",
    "split_with_sizes", "squeeze", "stack", "t", "threshold_backward", "topk", "transpose", "tril", "triu",
    "trunc", "unbind", "unfold", "uniform", "unique_dim", "unsafe_split", "unsqueeze", "view", "where",
    "zero", "zeros", "zeros_like",
})
# fmt: on

# Bounded by so many roundings of the result.
RELATIVE = {
    "div": 1.0, "mul": 1.0, "reciprocal": 1.0, "remainder": 1.0, "rsqrt": 2.0,
    # torch's vectors are not rounded correctly: over all of [1, 4) they err by up to 1.50.
    "sqrt": 2.0,
    "cos": 4.0, "sin": 4.0,
    "erf": 4.0, "exp": 4.0, "expm1": 4.0, "log1p": 4.0, "pow": 4.0, "tanh": 4.0,
    # NumPy's AVX-512 kernel errs by up to 4.58, at 0.746.
    "log": 6.0,
}  # fmt: skip


def _scalar(value: Any, default: float = 1.0) -> float:
    return default if value is None else abs(float(value))


def _converted(value: Any) -> float:
    """How far a number of Python's is from the float32 that an operation takes for it, in units of u."""
    if not isinstance(value, float) or not abs(value) < _LARGEST:
        return 0.0
    taken: float = _FLOAT32.unpack(_FLOAT32.pack(value))[0]
    return abs(value - taken) / UNIT


def _multiplied(value: Any) -> float:
    """How many roundings a product with a number of Python's costs: none where that is a power of two."""
    size = abs(float(value))
    return 0.0 if not size or math.frexp(size)[0] == 0.5 else 1.0 + _converted(value) / size


def roundings(name: str, args: Any) -> float:
    """How many roundings of its result an operation of `RELATIVE` loses, that of a number of Python's too."""
    lost = RELATIVE[name]
    if name in {"mul", "div"}:
        lost += sum(_converted(value) / abs(value) for value in args if isinstance(value, float) and value)
    return lost


def _magnitude(value: Any) -> Any:
    # Converted, because a mask has no magnitude in torch.
    return value.to(torch.float64).abs() if isinstance(value, torch.Tensor) else abs(value)


def _axes(value: Any) -> Any:
    return None if value is None or value == [] else value


def _chain(terms: float) -> float:
    """How much more than one rounding of Σ|x| a sum of equal terms loses when it is added up one by one.

    The k-th partial sum is k/n of the whole and loses u/√3 of it, in root mean square: over all k that is
    √(n/3)·u/√3. Products of matrices are added in such chains, and so are NumPy's sums over any but the last
    dimension; those over the last, and torch's, cascade and lose less.
    """
    return max(1.0, math.sqrt(terms / 3))


def _terms(x: Tensor, reduced: Tensor) -> float:
    """How many elements were reduced to one."""
    return x.numel() / max(1, reduced.numel())


def _products(magnitude: Tensor, terms: int) -> Tensor:
    """Return what adding up so many products loses, and rounding them where they are too small to relatively.

    Args:
        magnitude: the sum of their absolute values.
        terms: how many; of as many absolute errors the root mean square grows by the square root.
    """
    return magnitude * _chain(terms) + UNDERFLOW / UNIT * math.sqrt(terms)


def _contraction(matrix_product: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda a, b: _products(matrix_product(a.abs(), b.abs()), a.shape[-1])


def _added_contraction(matrix_product: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def size(c: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
        products = matrix_product(a.abs(), b.abs())
        size = abs(alpha) * (_products(products, a.shape[-1]) + _multiplied(alpha) * products)
        if _multiplied(alpha):
            # Some scale the first factor, which then underflows, before they multiply.
            size = size + UNDERFLOW / UNIT * matrix_product(torch.ones_like(a), b.abs())
        # What is not added at all may be anything, NaN too.
        return abs(beta) * (1 + _multiplied(beta)) * c.abs() + size if beta else size

    return size


def _sum_size(x: Tensor, dim: Any = None, keepdim: bool = False, **_: Any) -> Tensor:
    size: Tensor = _magnitude(x).sum(_axes(dim), keepdim)
    return size * _chain(_terms(x, size))


def _mean_size(x: Tensor, dim: Any = None, keepdim: bool = False, **_: Any) -> Tensor:
    size: Tensor = _magnitude(x).mean(_axes(dim), keepdim)
    return size * (1 + _chain(_terms(x, size)))


def _var_size(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Return two roundings of each square and one of the quotient, and what adding the squares up loses.

    What the mean lost enters squared, in two passes as in Welford's one.
    """
    size: Tensor = torch.ops.aten.var(x, *args, **kwargs).abs()
    return size * (3 + _chain(_terms(x, size)))


def _accumulate_size(x: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor | None:
    """Return √n roundings of the sum of the magnitudes, where n values are added into one place in turn."""
    if not accumulate:
        return None
    put = torch.ops.aten.index_put
    count = put(torch.zeros_like(x), indices, torch.ones_like(values), accumulate=True)
    if not x.any() and not (count > 1).any():
        return None  # one value added to nothing is a copy
    total = put(x.abs(), indices, values.abs(), accumulate=True)
    lost: Tensor = total * count.sqrt()
    return lost


def _prod_size(x: Tensor, dim: int | None = None, keepdim: bool = False, **_: Any) -> Tensor:
    """Return as many roundings of the product as it has factors, one by one as in C's loop."""
    out = x.prod() if dim is None else x.prod(dim, keepdim)
    return out.abs() * math.sqrt(max(1, _terms(x, out)))


def _cumulative_size(cumulate: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return √k roundings of what the first k magnitudes amount to: each step rounds once."""

    def size(x: Tensor, dim: int, **_: Any) -> Tensor:
        lost: Tensor = cumulate(_magnitude(x), dim) * torch.ones_like(x).cumsum(dim).sqrt()
        return lost

    return size


def _scatter_add_size(x: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor | None:
    count = torch.zeros_like(x).scatter_add(dim, index, torch.ones_like(src))
    if not x.any() and not (count > 1).any():
        return None  # one value added to nothing is a copy
    lost: Tensor = x.abs().scatter_add(dim, index, src.abs()) * count.sqrt()
    return lost


def _sum_of_two(a: Any, b: Any, *, alpha: Any = 1, **_: Any) -> Any:
    """Return a rounding of the sum, of the product before it, and of the numbers of Python's."""
    size = _magnitude(a) + _scalar(alpha) * (1 + _multiplied(alpha)) * _magnitude(b)
    return size + _converted(a) + _scalar(alpha) * _converted(b)


def _lerp_size(a: Tensor, b: Tensor, weight: Any) -> Tensor:
    """Return a difference, a product and a sum's rounding, from the end that is nearer: torch's formula.

    The weight that is left to the other end is rounded too.
    """
    share = weight if isinstance(weight, torch.Tensor) else torch.full_like(a, weight)
    way = (b - a).abs()
    given = _converted(weight) * way
    from_a, from_b = a.abs() + 3 * share.abs() * way, b.abs() + 4 * (1 - share).abs() * way
    return torch.where(share.abs() < 0.5, from_a, from_b) + given


def _addcdiv_size(a: Tensor, b: Tensor, c: Tensor, *, value: Any = 1) -> Tensor:
    """Return what the sum and two or three roundings of its second term lose.

    `value·b` is rounded before it is divided: below the smallest normal number, 2⁻¹²⁶, not relatively.
    """
    quotients = _scalar(value) * (2 + _multiplied(value)) * (b / c).abs()
    lost: Tensor = a.abs() + quotients + (UNDERFLOW / UNIT) / c.abs()
    return lost


def _sigmoid_size(x: Tensor) -> Tensor:
    """Return four roundings, or all of the result where e⁻ˣ is beyond float32: there 1/inf is 0."""
    out = x.sigmoid()
    return 4 * (out + UNDERFLOW / UNIT) + torch.where(out < 2.0**-127, out / UNIT, 0.0)


# Where the operands say more than the result: a sum may cancel.
OPERANDS: dict[str, Callable[..., Any]] = {
    "add": _sum_of_two,
    "sub": _sum_of_two,
    "rsub": lambda a, b, alpha=1: _sum_of_two(b, a, alpha=alpha),
    "lerp": _lerp_size,
    "addcmul": lambda a, b, c, *, value=1: (
        a.abs() + _scalar(value) * (2 + _multiplied(value)) * (b * c).abs()
    ),
    "addcdiv": _addcdiv_size,
    "mm": _contraction(torch.mm),
    "mv": _contraction(torch.mv),
    "bmm": _contraction(torch.bmm),
    "dot": _contraction(torch.dot),
    "addmm": _added_contraction(torch.mm),
    "addmv": _added_contraction(torch.mv),
    "baddbmm": _added_contraction(torch.bmm),
    "sigmoid": _sigmoid_size,
    "sum": _sum_size,
    "mean": _mean_size,
    "var": _var_size,
    "prod": _prod_size,
    "cumsum": _cumulative_size(torch.cumsum),
    "cumprod": _cumulative_size(torch.cumprod),
    "index_put": _accumulate_size,
    "scatter_add": _scatter_add_size,
    # Derivatives from the result y: the factor 1 - y² or y(1 - y) cancels as y nears 1.
    "tanh_backward": lambda grad, _y: 3 * grad.abs(),
    "sigmoid_backward": lambda grad, y: 3 * (grad * y).abs(),
}
