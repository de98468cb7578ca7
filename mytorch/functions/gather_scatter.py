"""Elements at positions along a dimension, taken or written."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.data import number_in
from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch.autograd._apply import apply
from mytorch.functions._check import array_of, number_of, wrap_dim
from mytorch.functions._index import require_in_range, require_index_dtype
from mytorch.functions._names import numpy_names
from mytorch.functions.shape import flatten, view
from mytorch.ops import gather_scatter as ops

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Operand, Scalar
    from mytorch._tensor import Tensor
    from mytorch.ops.op import Op

__all__ = ["gather", "scatter", "scatter_add"]


@numpy_names
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """Return the elements at positions along a dimension: out[i][j] = input[index[i][j]][j] for dim 0.

    Args:
        index: positions, int64 or int32, not negative; no larger than the input except in `dim`.
        sparse_grad: only False: there are no sparse tensors.

    Returns:
        A tensor of the shape of `index`. Gradients of an element that is taken several times add up.

    Raises:
        RuntimeError: a position is out of range, or `index` has another rank, size or dtype.
        NotImplementedError: `sparse_grad`.

    Examples:
        >>> scores = mytorch.tensor([[0.1, 0.9], [0.8, 0.2]])
        >>> labels = mytorch.tensor([1, 0])
        >>> mytorch.gather(scores, 1, labels.unsqueeze(1))
        tensor([[0.9000],
                [0.8000]])
    """
    if sparse_grad:
        raise NotImplementedError("gather(sparse_grad=True): expected False, there are no sparse tensors")
    array, positions = array_of("gather", input), array_of("gather", index, "index", 3)
    wrapped = wrap_dim(dim, array.ndim)
    _check_positions("gather", array, positions, wrapped, "input")
    for i, (n, m) in enumerate(zip(positions.shape, array.shape, strict=False)):
        if i != wrapped and n > m and positions.size:
            raise RuntimeError(
                f"Size does not match at dimension {i} expected index {list(positions.shape)} to be no "
                f"larger than self {list(array.shape)} apart from dimension {wrapped}"
            )
    if not (array.ndim and positions.ndim and positions.size):
        flat = apply(ops.Gather, flatten(input), _flat_positions(index), dim=0)
        return view(flat, positions.shape)
    return apply(ops.Gather, input, index, dim=wrapped)


@numpy_names
def scatter(
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Operand | None = None,
    *,
    value: Scalar | None = None,
    reduce: str | None = None,
) -> Tensor:
    """Return a copy with the elements at positions along a dimension overwritten, or combined with others.

    Args:
        index: positions, int64 or int32, not negative; no larger than `src`, nor than the input except in
            `dim`.
        src: the new elements, of the input's dtype, or a Python scalar.
        value: the scalar by name.
        reduce: "add" or "multiply", to do that to the elements instead; there are no gradients of it.

    Returns:
        A tensor of the input's shape. Which element is kept where a position is repeated is undefined.

    Raises:
        GradientError: in backward through `reduce`.
        RuntimeError: a position is out of range; `index` has another rank, size or dtype; or `src` has
            another dtype, or `reduce` another value.
        TypeError: there is neither `src` nor `value`, or both, or `value` is not a number.
    """
    array_of("scatter", input)
    if value is not None:
        if src is not None:
            raise TypeError("scatter() got both 'src' and 'value'")
        src = number_of("scatter", "value", value)
    elif src is None:
        raise TypeError("scatter() missing 1 required argument: 'src', or 'value'")
    if reduce not in _FORMS:
        raise RuntimeError(f"scatter(): reduce argument must be either add or multiply, not {reduce!r}")
    positions = array_of("scatter", index, "index", 3)
    if not isinstance(src, TensorBase):
        number = number_in(number_of("scatter", "value", src, 4), input.array.dtype)
        src = wrap(np.full(positions.shape, number))
    elif reduce is not None:
        warnings.warn(
            "The reduce argument of scatter with Tensor src is deprecated; write scatter_add, or a loop",
            UserWarning,
            stacklevel=3,
        )
    if not src.array.ndim and positions.ndim:
        src = view(src, (1,) * positions.ndim)
    return _scatter("scatter", input, dim, index, src, **_FORMS[reduce])


@numpy_names
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """Return a copy with summands added to the elements at positions along a dimension.

    Args:
        index: positions, int64 or int32, not negative; no larger than `src`, nor than the input except in
            `dim`.
        src: the summands, of the input's dtype.

    Returns:
        A tensor of the input's shape.

    Raises:
        RuntimeError: a position is out of range; `index` has another rank, size or dtype; or `src` has
            another dtype.

    Examples:
        >>> bins = mytorch.tensor([0, 2, 0])
        >>> mytorch.scatter_add(mytorch.zeros(3), 0, bins, mytorch.ones(3))
        tensor([2., 0., 1.])
    """
    array_of("scatter_add", input)
    array_of("scatter_add", src, "src", 4)
    return _scatter("scatter", input, dim, index, src, op=ops.Scatter, add=True)


# The op of each value of `reduce`, and its arguments.
_FORMS: dict[str | None, dict[str, Any]] = {
    None: {"op": ops.Scatter, "add": False},
    "add": {"op": ops.ScatterReduce, "combine": np.add},
    "multiply": {"op": ops.ScatterReduce, "combine": np.multiply},
}


def _scatter(
    name: str, input: Tensor, dim: int, index: Tensor, src: Tensor, *, op: type[Op], **form: Any
) -> Tensor:
    array, positions = input.array, array_of(name, index, "index", 3)
    wrapped = wrap_dim(dim, array.ndim)
    if src.array.dtype != array.dtype:
        names = [SCALAR_TYPE_NAMES[x.dtype] for x in (input, src)]
        raise RuntimeError(
            f"scatter(): Expected self.dtype to be equal to src.dtype: {names[0]} and {names[1]}"
        )
    _check_positions(name, array, positions, wrapped, "self")
    if not (array.ndim and positions.ndim and src.array.ndim and positions.size):
        if positions.size > max(src.array.size, 1):
            raise RuntimeError(_too_large(positions, array, src.array, wrapped))
        flat = (flatten(input), _flat_positions(index), flatten(src))
        return view(apply(op, *flat, dim=0, **form), array.shape)
    own, new = array.shape, src.array.shape
    too_large = any(n > m for n, m in zip(positions.shape, new, strict=False)) or len(new) != positions.ndim
    if too_large or any(
        n > m for i, (n, m) in enumerate(zip(positions.shape, own, strict=False)) if i != wrapped
    ):
        raise RuntimeError(_too_large(positions, array, src.array, wrapped))
    return apply(op, input, index, src, dim=wrapped, **form)


def _too_large(positions: Array, own: Array, new: Array, dim: int) -> str:
    return (
        f"Expected index {list(positions.shape)} to be no larger than self {list(own.shape)} apart from "
        f"dimension {dim} and to be no larger size than src {list(new.shape)}"
    )


def _flat_positions(index: Tensor) -> Tensor:
    """Return positions in one dimension, for the op; where there are none, their dtype may be any."""
    return flatten(index) if index.array.size else wrap(np.zeros(0, np.int64))


def _check_positions(name: str, array: Array, positions: Array, dim: int, what: str) -> None:
    if not positions.size:
        return
    require_index_dtype(name, positions)
    if max(positions.ndim, 1) != max(array.ndim, 1):
        raise RuntimeError(
            f"Index tensor must have the same number of dimensions as {what} tensor: {positions.ndim} and "
            f"{array.ndim}"
        )
    require_in_range(positions, array.shape[dim] if array.ndim else 1, dim)
