"""The affine map of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch._core.typename import typename
from mytorch.autograd._apply import apply
from mytorch.functions.matmul import matmul
from mytorch.ops import linear as ops

if TYPE_CHECKING:
    from mytorch._tensor import Tensor

__all__ = ["linear"]

# C++'s names, which torch gives in this one message, where they differ from the lower-cased type names.
_CPP_NAMES = {
    "Bool": "bool",
    "Byte": "unsigned char",
    "Char": "signed char",
    "Long": "long int",
    "Half": "c10::Half",
}


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Apply the affine map y = x Wᵀ + b to the last dimension.

    Args:
        input: x, (*, I).
        weight: W, (O, I), or (I,) for one output without a dimension; of x's dtype.
        bias: b, (O,) or (), of x's dtype; or None.

    Returns:
        y, (*, O), or (*) when W is (I,).

    Raises:
        RuntimeError: shapes or dtypes do not fit; the message gives both.
        NotImplementedError: the tensors are boolean.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html

    Examples:
        >>> weight = mytorch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> bias = mytorch.tensor([0.0, 0.0, 10.0])
        >>> nn.functional.linear(mytorch.tensor([[1.0, 2.0]]), weight, bias)
        tensor([[ 1.,  2., 13.]])
    """
    try:
        x, w = input.array, weight.array
        b = None if bias is None else bias.array
    except AttributeError:
        _refuse_non_tensors(input, weight, bias)
        raise
    # One condition for the usual call: a layer's forward is so short that its checks take a noticeable time.
    if (
        w.ndim == 2
        and x.ndim
        and x.shape[-1] == w.shape[1]
        and x.dtype == w.dtype
        and (b is None or (b.shape == w.shape[:1] and b.dtype == w.dtype))
        and x.dtype.kind != "b"
    ):
        return apply(ops.Linear, input, weight, bias)
    return _unusual_linear(input, weight, bias)


def _unusual_linear(input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Raise torch's errors for operands that do not fit, and compute the rare forms that do."""
    if input.dim() == 0 or weight.dim() == 0:
        raise RuntimeError(
            "both arguments to linear need to be at least 1D, but they are "
            f"{input.dim()}D and {weight.dim()}D"
        )
    if weight.dim() == 1:
        if bias is not None:
            raise RuntimeError("mat2 must be a matrix, got 1-D tensor")
        return matmul(input, weight)
    if weight.dim() > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {weight.dim()}D")
    rows = 1
    for size in input.shape[:-1]:
        rows *= size
    outputs, features = weight.shape
    if input.shape[-1] != features:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{input.shape[-1]} and {features}x{outputs})"
        )
    _require_one_dtype(input, weight, bias)
    if bias is None or bias.dim() < 2:
        if bias is not None and bias.numel() not in {1, outputs}:
            raise RuntimeError(
                f"The expanded size of the tensor ({outputs}) must match the existing size ({bias.numel()}) "
                f"at non-singleton dimension 1.  Target sizes: [{rows}, {outputs}].  "
                f"Tensor sizes: {list(bias.shape)}"
            )
        return apply(ops.Linear, input, weight, bias)
    out = apply(ops.Linear, input, weight, None)
    total = out + bias
    if total.numel() != out.numel():
        raise RuntimeError(
            f"output with shape {list(out.shape)} doesn't match the broadcast shape {list(total.shape)}"
        )
    return total.reshape(out.shape)


def _refuse_non_tensors(input: object, weight: object, bias: object) -> None:
    for position, (name, given) in enumerate((("input", input), ("weight", weight), ("bias", bias)), 1):
        if not hasattr(given, "array") and not (name == "bias" and given is None):
            raise TypeError(
                f"linear(): argument '{name}' (position {position}) must be Tensor, not {typename(given)}"
            ) from None


def _require_one_dtype(input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    x, w = SCALAR_TYPE_NAMES[input.dtype], SCALAR_TYPE_NAMES[weight.dtype]
    b = w if bias is None else SCALAR_TYPE_NAMES[bias.dtype]
    if b != w:
        raise RuntimeError(f"self and mat2 must have the same dtype, but got {b} and {w}")
    if x != w and bias is not None:
        raise RuntimeError(f"mat1 and mat2 must have the same dtype, but got {x} and {w}")
    if x != w:
        m1, m2 = (_CPP_NAMES.get(name, name.lower()) for name in (x, w))
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {m1} != {m2}")
    if x == "Bool":
        raise NotImplementedError("\"addmm_impl_cpu_\" not implemented for 'Bool'")
