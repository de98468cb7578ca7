"""Elements by an index, by a range, by positions and by a mask."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch.autograd._apply import apply, require_broadcastable, view
from mytorch.functions._check import array_of, number_of, wrap_dim
from mytorch.functions._index import index_mask, parse, require_in_range, require_index_dtype, usual
from mytorch.functions._names import numpy_names
from mytorch.functions.selection import masked_fill
from mytorch.ops import indexing as ops

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Operand
    from mytorch._tensor import Tensor

__all__ = ["index_fill", "index_select", "masked_select", "narrow"]


def getitem(input: Tensor, index: Any) -> Tensor:
    """Return the elements that an index selects.

    Args:
        index: numbers, slices, None, Ellipsis, bools, lists, integer or boolean tensors or arrays, or a tuple
            of them.

    Returns:
        A view where the index has only numbers, slices, None and Ellipsis; else a copy.

    Raises:
        IndexError: an index is out of range, of a wrong type or shape, or there are too many.
        ValueError: a slice steps backwards.
    """
    basic = usual(input.array.shape, index)
    if basic is not None:
        return view(ops.Slice, input, basic)
    basic, advanced = parse(input.array.shape, index)
    if basic is not None:
        # torch names the node of a number after select; here it only matters that it is a view.
        input = apply(ops.Slice, input, index=basic)
    return input if advanced is None else apply(ops.Index, input, index=advanced)


@numpy_names
def narrow(input: Tensor, dim: int, start: int | Tensor, length: int) -> Tensor:
    """Return a view of a range along a dimension.

    Args:
        input: at least one dimension.
        start: where the range begins; negative ones count from the end.
        length: its length.

    Raises:
        IndexError: `start` is out of range.
        RuntimeError: the range ends too late, `length` is negative, or input is 0-dim.
    """
    array = array_of("narrow", input)
    if not array.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    wrapped = wrap_dim(dim, array.ndim)
    size, first = array.shape[wrapped], operator.index(start)
    if not -size <= first <= size:
        raise IndexError(
            f"start out of range (expected to be in range of [{-size}, {size}], but got {first})"
        )
    first += size if first < 0 else 0
    if first + length > size:
        raise RuntimeError(f"start ({first}) + length ({length}) exceeds dimension size ({size}).")
    return apply(ops.Slice, input, index=(*[slice(None)] * wrapped, slice(first, first + length), ...))


@numpy_names
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Return the slices at positions along a dimension.

    Args:
        index: positions, int64 or int32, not negative; at most one dimension.

    Returns:
        A tensor with one slice per position.

    Raises:
        IndexError: `index` has more dimensions.
        RuntimeError: a position is out of range, or `index` has another dtype.
    """
    array, positions = array_of("index_select", input), array_of("index_select", index, "index", 3)
    wrapped = wrap_dim(dim, array.ndim)
    require_index_dtype("index_select", positions)
    if positions.ndim > 1:
        raise IndexError(
            f"index_select(): Index is supposed to be a vector, but got {positions.ndim} dimensions"
        )
    size = array.shape[wrapped] if array.ndim else 1
    require_in_range(positions, size, wrapped)
    if not array.ndim:
        return input.clone()
    return apply(ops.Index, input, index=(*[slice(None)] * wrapped, positions.reshape(-1)))


@numpy_names
def index_fill(input: Tensor, dim: int, index: Tensor, value: Operand) -> Tensor:
    """Return a copy with a value in the slices at positions along a dimension.

    Args:
        index: positions, int64, negative ones counted from the end; at most one dimension.
        value: a Python scalar, or a 0-dim tensor.

    Returns:
        A tensor of the input's shape and dtype.

    Raises:
        IndexError: a position is out of range, or `index` has another dtype.
        RuntimeError: `index` has more dimensions, `value` has some, or it is outside the range of the dtype.
        TypeError: `value` is neither a number nor a tensor.
    """
    chosen = wrap(index_mask(array_of("index_fill", input), dim, index))
    if isinstance(value, TensorBase) and value.array.ndim:
        raise RuntimeError(
            "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.array.ndim} dimension(s)."
        )
    if not isinstance(value, TensorBase):
        value = number_of("index_fill", "value", value, 4)
    return masked_fill(input, chosen, value)


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """Return the elements where the mask is True, in row-major order.

    Args:
        mask: bool, any shape that broadcasts with `input`.

    Returns:
        A tensor of one dimension.

    Raises:
        RuntimeError: the mask is not bool.
    """
    array, chosen = array_of("masked_select", input), array_of("masked_select", mask, "mask", 2)
    if chosen.dtype.kind != "b":
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, got {mask.dtype}")
    require_broadcastable(chosen.shape, array.shape)
    shape = np.broadcast_shapes(array.shape, chosen.shape)
    wide = input if shape == array.shape else input.expand(shape)
    return apply(ops.Index, wide, index=(np.broadcast_to(chosen, shape),))
