"""Elements by positions along a dimension and by masks, taken or written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.dtypes import SCALAR_TYPE_NAMES, from_numpy_dtype
from mytorch._core.promotion import cast, category
from mytorch.autograd.apply import apply, require_broadcastable
from mytorch.functions._check import array_of, wrap_dim
from mytorch.functions._names import numpy_names
from mytorch.ops import indexing as index_ops
from mytorch.ops import scatter as ops
from mytorch.ops.selection import Where
from mytorch.ops.shape import Cast

if TYPE_CHECKING:
    from mytorch._core.types import Array, Operand
    from mytorch._tensor import Tensor


def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Return the elements at positions along a dimension: out[i][j] = input[index[i][j]][j] for dim 0.

    Args:
        input: any shape.
        dim: the dimension.
        index: positions, int64 or int32, not negative; no larger than the input but in `dim`.

    Returns:
        Of the shape of `index`. The gradient of an element that is taken several times adds up.

    Raises:
        IndexError: `dim` is out of range.
        RuntimeError: a position is out of range, or `index` has another rank, size or dtype.
        TypeError: an argument is no Tensor.
    """
    array, positions = array_of("gather", input), array_of("gather", index, "index", 3)
    wrapped = wrap_dim(dim, array.ndim)
    _check_positions("gather", array, positions, wrapped, "input")
    for i, (n, m) in enumerate(zip(positions.shape, array.shape, strict=False)):
        if i != wrapped and n > m:
            raise RuntimeError(
                f"Size does not match at dimension {i} expected index {list(positions.shape)} to be no "
                f"larger than self {list(array.shape)} apart from dimension {wrapped}"
            )
    if not array.ndim:
        return input.expand(positions.shape).clone()
    return apply(ops.Gather, input, index, dim=wrapped)


def scatter(input: Tensor, dim: int, index: Tensor, src: Operand) -> Tensor:
    """Return a copy with elements at positions along a dimension overwritten.

    Args:
        input: any shape.
        dim: the dimension.
        index: positions, int64 or int32, not negative; no larger than `src`, nor than the input but in `dim`.
        src: the new elements, of the input's dtype, or a number.

    Returns:
        Of the input's shape. Where a position is written several times it is not defined which counts.

    Raises:
        IndexError: `dim` is out of range.
        RuntimeError: a position is out of range; `index` has another rank, size or dtype; or `src`
            another dtype.
        TypeError: an argument is no Tensor.
    """
    array_of("scatter", input)
    positions = array_of("scatter", index, "index", 3)
    if not isinstance(src, TensorBase):
        src = wrap(np.full(positions.shape, src, input.array.dtype))
    return _scatter("scatter", input, dim, index, src, add=False)


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """Return a copy with elements at positions along a dimension added to.

    Args:
        input: any shape.
        dim: the dimension.
        index: positions, int64 or int32, not negative; no larger than `src`, nor than the input but in `dim`.
        src: what is added, of the input's dtype.

    Returns:
        Of the input's shape.

    Raises:
        IndexError: `dim` is out of range.
        RuntimeError: a position is out of range; `index` has another rank, size or dtype; or `src`
            another dtype.
        TypeError: an argument is no Tensor.
    """
    array_of("scatter_add", input)
    array_of("scatter_add", src, "src", 4)
    return _scatter("scatter", input, dim, index, src, add=True)


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Return the slices at positions along a dimension.

    Args:
        input: any shape.
        dim: the dimension.
        index: positions, int64 or int32, not negative; one dimension or none.

    Returns:
        As many slices as there are positions.

    Raises:
        IndexError: `dim` is out of range, or `index` has more dimensions.
        RuntimeError: a position is out of range, or `index` has another dtype.
        TypeError: an argument is no Tensor.
    """
    array, positions = array_of("index_select", input), array_of("index_select", index, "index", 3)
    wrapped = wrap_dim(dim, array.ndim)
    _check_dtype("index_select", positions)
    if positions.ndim > 1:
        raise IndexError(
            f"index_select(): Index is supposed to be a vector, but got {positions.ndim} dimensions"
        )
    size = array.shape[wrapped] if array.ndim else 1
    _check_range(positions, size, wrapped)
    if not array.ndim:
        return input.clone()
    return apply(index_ops.Index, input, index=(*[slice(None)] * wrapped, positions.reshape(-1)))


def masked_fill(input: Tensor, mask: Tensor, value: Operand) -> Tensor:
    """Return the tensor with a number where the mask holds.

    Args:
        input: any shape, any dtype.
        mask: bool, any shape that broadcasts with it.
        value: a number, or a 0-dim tensor.

    Returns:
        Of the broadcast shape and the input's dtype.

    Raises:
        RuntimeError: the mask is not bool, the shapes do not broadcast, `value` has dimensions, or it is of a
            higher category than the input.
        TypeError: input or mask is no Tensor.
    """
    array, chosen = array_of("masked_fill", input), array_of("masked_fill", mask, "mask", 2)
    if chosen.dtype.kind != "b":
        raise RuntimeError(f"masked_fill_ only supports boolean masks, but got mask with dtype {mask.dtype}")
    require_broadcastable(array.shape, chosen.shape)
    if not isinstance(value, TensorBase):
        return apply(Where, mask, wrap(cast(np.asarray(value), array.dtype)), input)
    if value.array.ndim:
        raise RuntimeError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.array.ndim} dimension(s)."
        )
    if category(value.array.dtype) > category(array.dtype):
        names = [SCALAR_TYPE_NAMES[x.dtype] for x in (value, input)]
        raise RuntimeError(f"value cannot be converted from {names[0]} to {names[1]} without loss")
    if value.array.dtype != array.dtype:
        value = apply(Cast, value, dtype=array.dtype)
    return apply(Where, mask, value, input)


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """Return the elements where the mask holds, in row-major order.

    Args:
        input: any shape, any dtype.
        mask: bool, any shape that broadcasts with it.

    Returns:
        One dimension.

    Raises:
        RuntimeError: the mask is not bool, or the shapes do not broadcast.
        TypeError: an argument is no Tensor.
    """
    array, chosen = array_of("masked_select", input), array_of("masked_select", mask, "mask", 2)
    if chosen.dtype.kind != "b":
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, got {mask.dtype}")
    require_broadcastable(chosen.shape, array.shape)
    shape = np.broadcast_shapes(array.shape, chosen.shape)
    wide = input if shape == array.shape else input.expand(shape)
    return apply(index_ops.Index, wide, index=(np.broadcast_to(chosen, shape),))


def _scatter(name: str, input: Tensor, dim: int, index: Tensor, src: Tensor, *, add: bool) -> Tensor:
    array, positions = input.array, array_of(name, index, "index", 3)
    wrapped = wrap_dim(dim, array.ndim)
    if src.array.dtype != array.dtype:
        names = [SCALAR_TYPE_NAMES[x.dtype] for x in (input, src)]
        raise RuntimeError(
            f"scatter(): Expected self.dtype to be equal to src.dtype: {names[0]} and {names[1]}"
        )
    _check_positions(name, array, positions, wrapped, "self")
    own, new = array.shape, src.array.shape
    too_large = any(n > m for n, m in zip(positions.shape, new, strict=False)) or len(new) != positions.ndim
    if too_large or any(
        n > m for i, (n, m) in enumerate(zip(positions.shape, own, strict=False)) if i != wrapped
    ):
        raise RuntimeError(
            f"Expected index {list(positions.shape)} to be no larger than self {list(own)} apart from "
            f"dimension {wrapped} and to be no larger size than src {list(new)}"
        )
    if not array.ndim:
        return _scatter(name, input.view(1), 0, index.view(1), src.view(1), add=add).view(())
    return apply(ops.Scatter, input, index, src, dim=wrapped, add=add)


def _check_dtype(name: str, positions: Array) -> None:
    if positions.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            f"{name}(): Expected dtype int32/int64 for index, got {from_numpy_dtype(positions.dtype)}"
        )


def _check_positions(name: str, array: Array, positions: Array, dim: int, what: str) -> None:
    _check_dtype(name, positions)
    if positions.ndim != array.ndim and positions.size:
        raise RuntimeError(
            f"Index tensor must have the same number of dimensions as {what} tensor: {positions.ndim} and "
            f"{array.ndim}"
        )
    _check_range(positions, array.shape[dim] if array.ndim else 1, dim)


def _check_range(positions: Array, size: int, dim: int) -> None:
    outside = positions[(positions < 0) | (positions >= size)]
    if outside.size:
        raise RuntimeError(f"index {int(outside[0])} is out of bounds for dimension {dim} with size {size}")


if not TYPE_CHECKING:  # the signatures that are checked are those above
    gather = numpy_names(gather)
    index_select = numpy_names(index_select)
