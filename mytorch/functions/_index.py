"""Reading an index by torch's rules: numbers and slices first, as a view, then the arrays."""

from __future__ import annotations

import operator
import warnings
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase
from mytorch._core.data import array_from, is_sequence, require_plain
from mytorch._core.dtypes import from_numpy_dtype
from mytorch._core.typename import typename
from mytorch.functions._check import array_of, wrap_dim

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor

_BASIC = frozenset({int, slice})
_BOUND = frozenset({int, type(None)})
_FULL = slice(None)
# So many numbers are compared faster by Python than by NumPy.
_FEW = 32
_MOST = 2**63 - 1
_KINDS = "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables"


def usual(shape: tuple[int, ...], index: Any) -> tuple[Any, ...] | None:
    """Return an index of numbers and slices without a step as NumPy takes it for a view: the usual ones.

    Args:
        shape: shape of the indexed array.
        index: as for getitem.

    Returns:
        The index; None for all others, and for wrong ones, which `parse` reads or refuses.
    """
    # The ellipsis makes NumPy give a view, and not a scalar, where only numbers are left.
    if type(index) is int:
        return (index, ...) if shape and -shape[0] <= index < shape[0] else None
    if type(index) is slice:
        return (index, ...) if shape and _is_range(index) else None
    if type(index) is not tuple or len(index) > len(shape):
        return None
    for position, item in enumerate(index):
        if type(item) is int:
            if not -shape[position] <= item < shape[position]:
                return None
        elif type(item) is not slice or not _is_range(item):
            return None
    return (*index, ...)


def _is_range(item: slice) -> bool:
    return item.step is None and type(item.start) in _BOUND and type(item.stop) in _BOUND


def fitted_shape(
    array: Array, basic: tuple[Any, ...] | None, advanced: tuple[Any, ...] | None, shape: tuple[int, ...]
) -> tuple[int, ...]:
    """Return the shape in which a value broadcasts to the elements that an index selects.

    Args:
        array: the indexed array.
        basic: the index's first part, as `parse` gives it.
        advanced: its second part.
        shape: the value's shape.

    Returns:
        The shape without surplus leading sizes of 1.

    Raises:
        RuntimeError: the value does not broadcast.
    """
    target = array if basic is None else array[basic]
    named = target.shape if advanced is None else target[advanced].shape
    fitted = shape
    while len(fitted) > len(named) and fitted[0] == 1:
        fitted = fitted[1:]
    sizes = zip(reversed(fitted), reversed(named), strict=False)
    if len(fitted) > len(named) or any(n not in (1, m) for n, m in sizes):
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(shape)} cannot be broadcast to indexing result of "
            f"shape {list(named)}"
        )
    return fitted


def parse(shape: tuple[int, ...], index: Any) -> tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]:
    """Split an index into a basic one and one of arrays that is applied to its result.

    Each item of the index goes one of six ways from here (`_plain_index`, then `_split`):

    - an integer or a 0-dim integer array selects in the basic index;
    - a slice is taken by the basic index, and the advanced one keeps the whole dimension;
    - None adds a dimension of size 1, which the advanced index keeps;
    - an ellipsis becomes as many full slices as dimensions are left, in both;
    - a single bool is a mask over a new dimension of size 1;
    - another array or a sequence is left to the advanced index; a mask takes as many dimensions as it has.

    A list that holds anything but numbers stands for a tuple (`_indices`).

    Args:
        shape: shape of the indexed array.
        index: as for getitem.

    Returns:
        The basic index (None if it would change nothing), and the advanced one (None if there is none).

    Raises:
        IndexError: an index is out of range, of a wrong type or shape, or there are too many.
        ValueError: a slice steps backwards.
    """
    items = []
    used = 0
    if type(index) is not tuple:
        index = (index,) if type(index) in _BASIC or _is_of_integers(index) else _indices(index)
    for item in index:
        plain = item if type(item) in _BASIC or item is None or item is Ellipsis else _plain_index(item)
        items.append(plain)
        if isinstance(plain, np.ndarray):
            used += plain.ndim if plain.dtype.kind == "b" else 1
        elif plain is not None and plain is not Ellipsis:
            used += 1
    rank = len(shape)
    if used > rank:
        if not rank:
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in "
                "C++ to convert a 0-dim tensor to a number"
            )
        raise IndexError(f"too many indices for tensor of dimension {rank}")
    return _split(shape, items, rank - used)


def _split(
    shape: tuple[int, ...], items: list[Any], free: int
) -> tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]:
    basic: list[Any] = []
    advanced: list[Any] = []
    position = 0
    for item in items:
        if type(item) is int:
            _check_number(item, shape[position], position)
            basic.append(item)
            position += 1
        elif type(item) is slice:
            basic.append(_checked_slice(item))
            advanced.append(_FULL)
            position += 1
        elif item is None:
            basic.append(None)
            advanced.append(_FULL)
        elif item is Ellipsis:
            basic.extend([_FULL] * free)
            advanced.extend([_FULL] * free)
            position += free
            # A second ellipsis selects nothing more.
            free = 0
        elif not item.ndim:
            # A single truth value is a mask over a new dimension of size 1.
            basic.append(None)
            advanced.append(item.reshape(1))
        else:
            _check_array(item, shape, position)
            taken = item.ndim if item.dtype.kind == "b" else 1
            basic.extend([_FULL] * taken)
            advanced.append(item)
            position += taken
    # The ellipsis makes NumPy give a view, and not a scalar, where only numbers are left.
    basic.append(Ellipsis)
    arrays = [item for item in advanced if item is not _FULL]
    if not arrays:
        return tuple(basic), None
    if len(arrays) > 1:
        _check_broadcast(arrays)
    changes = any(item is not _FULL and item is not Ellipsis for item in basic)
    return tuple(basic) if changes else None, tuple(advanced)


def _plain_index(item: Any) -> Any:
    """Return an index as a number or an array."""
    if isinstance(item, (TensorBase, np.ndarray)):
        array = item.array if isinstance(item, TensorBase) else item
        if isinstance(item, np.ndarray):
            require_plain(array)
            if array.dtype.kind == "f":
                return array.astype(np.int64)
        if array.dtype.kind not in "iub":
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    elif isinstance(item, bool):
        return np.asarray(item)
    elif _is_of_integers(item) and max(item) <= _MOST and min(item) >= -_MOST:
        array = np.array(item, np.int64)
    elif is_sequence(item) and not isinstance(item, str):
        array = array_from(item, None)
        if array.dtype.kind != "b" and array.dtype != np.uint8:
            array = array.astype(np.int64)
    else:
        return _number(item)
    if array.dtype == np.uint8:
        # torch treats uint8 as a mask, from the time before it had bool.
        return array.astype(np.bool_)
    return int(array) if not array.ndim and array.dtype.kind == "i" else array


def _is_of_integers(index: Any) -> bool:
    """Return whether an index is a list of Python integers only: the most common list."""
    return type(index) is list and set(map(type, index)) == {int}


def _indices(index: Any) -> Iterable[Any]:
    """Return the items of what is not a tuple; torch takes a list for one if it holds more than numbers."""
    if not is_sequence(index) or isinstance(index, (str, np.ndarray)) or len(index) >= 32:
        return (index,)
    for item in index:
        if item is None or item is Ellipsis or isinstance(item, (slice, TensorBase)) or is_sequence(item):
            warnings.warn(
                "Using a non-tuple sequence for multidimensional indexing is deprecated, as in torch; use "
                "x[tuple(seq)] instead of x[seq], or x[mytorch.tensor(seq)] for one index of more dimensions",
                UserWarning,
                stacklevel=4,
            )
            return tuple(index)
    return (index,)


def _number(item: Any) -> int:
    try:
        return operator.index(item)
    except TypeError:
        kind = TypeError if isinstance(item, str) else IndexError
        raise kind(f"{_KINDS} are valid indices (got {typename(item)})") from None


def _checked_slice(item: slice) -> slice:
    try:
        bounds = [None if x is None else operator.index(x) for x in (item.start, item.stop, item.step)]
    except TypeError:
        raise TypeError(
            f"slice indices must be integers or None or have an __index__ method, got {item}"
        ) from None
    start, stop, step = bounds
    if step is not None and step <= 0:
        raise ValueError("step must be greater than zero" if step else "slice step cannot be zero")
    return slice(start, stop, step)


def _check_number(item: int, size: int, position: int) -> None:
    if not -size <= item < size:
        raise IndexError(f"index {item} is out of bounds for dimension {position} with size {size}")


def _check_array(array: Array, shape: tuple[int, ...], position: int) -> None:
    if array.dtype.kind == "b":
        if array.shape != shape[position : position + array.ndim]:
            offset = next((i for i, n in enumerate(array.shape) if n != shape[position + i]), 0)
            raise IndexError(
                f"The shape of the mask {list(array.shape)} at index {offset} does not match the shape of "
                f"the indexed tensor {list(shape)} at index {position + offset}"
            )
    elif array.size:
        size = shape[position]
        if array.ndim == 1 and array.size <= _FEW:
            numbers = array.tolist()
            lowest, highest = min(numbers), max(numbers)
        else:
            lowest, highest = int(array.min()), int(array.max())
        for number in (lowest, highest):
            _check_number(number, size, position)


def _check_broadcast(arrays: list[Array]) -> None:
    shapes = [(np.count_nonzero(a),) if a.dtype.kind == "b" else a.shape for a in arrays]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        names = ", ".join([str(list(map(int, s))) for s in shapes])
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {names}"
        ) from None


def require_index_dtype(name: str, positions: Array) -> None:
    """Raise a RuntimeError unless positions are int32 or int64."""
    if positions.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            f"{name}(): Expected dtype int32/int64 for index, got {from_numpy_dtype(positions.dtype)}"
        )


def require_in_range(positions: Array, size: int, dim: int) -> None:
    """Raise a RuntimeError unless all positions are at least 0 and below the size of a dimension."""
    outside = positions[(positions < 0) | (positions >= size)]
    if outside.size:
        raise RuntimeError(f"index {int(outside[0])} is out of bounds for dimension {dim} with size {size}")


def index_mask(array: Array, dim: int, index: Tensor) -> Array:
    """Return the mask of the slices that `index_fill` writes.

    Args:
        array: the array that is filled.
        dim: the dimension.
        index: positions, which may be negative.

    Returns:
        A bool array that broadcasts to the array's shape.

    Raises:
        IndexError: a position is out of range, or not int64.
        RuntimeError: `index` has more than one dimension.
        TypeError: `index` is not a Tensor.
    """
    positions = array_of("index_fill", index, "index", 3)
    wrapped = wrap_dim(dim, array.ndim)
    if positions.dtype != np.int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    if positions.ndim > 1:
        raise RuntimeError(f"Index has to be a vector/scalar, but got {positions.ndim} dimensions")
    size = array.shape[wrapped] if array.ndim else 1
    outside = positions[(positions < -size) | (positions >= size)]
    if outside.size:
        raise IndexError(f"index {int(outside[0])} is out of bounds for dimension {wrapped} with size {size}")
    chosen = np.zeros(size, np.bool_)
    chosen[positions] = True
    return chosen.reshape([size if i == wrapped else 1 for i in range(array.ndim)])
