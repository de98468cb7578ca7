"""Data as an array, by torch's rules: called by the functions that make tensors, and for lists as an index.

Data goes one of three ways from here: the array of a tensor is shared, NumPy's arrays and numbers keep their
dtype, and nested sequences are read number by number. A tensor inside a sequence counts as one number.
"""

from __future__ import annotations

import functools
import math
import operator
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase
from mytorch._core.dtypes import from_numpy_dtype, get_default_dtype, numpy_dtype_of
from mytorch._core.promotion import cast, promote_numpy
from mytorch._core.typename import typename

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.dtypes import dtype as DType
    from mytorch._core.types import Array

_PYTHON = frozenset({bool, int, float})
_LISTS = frozenset({list, tuple})
_NO_SEQUENCES = (TensorBase, np.generic, dict, int, float)
_FINITE = 3.4028234663852886e38  # the largest float32
_DEEPEST = 64  # NumPy's limit


def array_from(data: Any, dtype: DType | None) -> Array:
    """Return data as an array, with torch's choice of dtype; shared with the data where possible.

    Args:
        data: a tensor, an array, a number or nested sequences of numbers.
        dtype: the dtype, or None.

    Returns:
        The array.

    Raises:
        RuntimeError: the data is of a type without a dtype, or a number is outside the range of `dtype`.
        TypeError: something in the data is not a number.
        ValueError: the sequences are ragged, a tensor in them has not one element, or an array has negative
            strides or not the byte order of the machine.
    """
    wanted = None if dtype is None else numpy_dtype_of(dtype)
    if isinstance(data, TensorBase):
        array = data.array
    elif isinstance(data, (np.ndarray, np.generic)):
        array = np.asarray(data)
        require_plain(array)
        from_numpy_dtype(array.dtype)
    else:
        return _from_sequences(data, wanted)
    return array if wanted is None else cast(array, wanted)


def require_plain(array: Array) -> None:
    """Refuse an array whose memory a tensor cannot share.

    Args:
        array: any shape.

    Raises:
        ValueError: it has negative strides, or not the byte order of the machine.
    """
    if not array.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion between byte "
            f"orders is currently not supported. (Got an array of dtype {array.dtype.str!r}.)"
        )
    if any(n < 0 for n in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides "
            "are not currently supported. (You can probably work around this by making a copy of your array "
            "with array.copy().)"
        )


def number_in(number: bool | float, target: np.dtype[Any]) -> Array:
    """Return a Python number as a 0-dim array of the dtype of the tensor that it is written into.

    Args:
        number: a number.
        target: the dtype.

    Returns:
        The array; fractions are cut off where the dtype is an integer one.

    Raises:
        RuntimeError: the number is outside the range of the dtype.
        ValueError: it is an integer outside of int64.
    """
    if target.kind == "f" and target.itemsize > 2 and -_FINITE <= number <= _FINITE:
        # The shortest way, for numbers that are written in loops.
        return np.array(number, target)
    array = _stored([number], target, with_floats=isinstance(number, float)).reshape(())
    if target == np.float32 and np.isinf(array) and not math.isinf(number):
        raise RuntimeError(_outside(target))
    return array


def is_sequence(x: Any) -> bool:
    """Return whether torch takes an object for a sequence: whatever has items by number, texts among them."""
    kind = type(x)
    if kind in _LISTS or kind in _PYTHON:
        return kind in _LISTS
    return hasattr(kind, "__getitem__") and not isinstance(x, _NO_SEQUENCES)


def _from_sequences(data: Any, wanted: np.dtype[Any] | None) -> Array:
    if isinstance(data, (str, bytes)):
        raise TypeError(f"new(): invalid data type {type(data).__name__!r}")
    sizes = _sizes(data)
    if 0 in sizes:
        return np.empty(sizes, get_default_dtype().numpy if wanted is None else wanted)
    items = [data]
    for dim, size in enumerate(sizes):
        first = items[0]
        if type(first) is np.ndarray and all(type(x) is np.ndarray and x.shape == first.shape for x in items):
            # Rows that are arrays are joined at once.
            found = {from_numpy_dtype(x.dtype.newbyteorder("=")).numpy for x in items}
            target = functools.reduce(promote_numpy, found) if wanted is None else wanted
            return np.array([cast(x, target) for x in items]).reshape(sizes)
        if not all(type(x) in _LISTS and len(x) == size for x in items):
            items = [_items(x, size, dim, wanted) for x in items]
        items = list(chain.from_iterable(items))
    kinds = set(map(type, items))
    if wanted is None:
        wanted = _common_dtype(items, kinds, len(sizes))
    if not kinds <= _PYTHON:
        items = [x if type(x) in _PYTHON else _number(x, wanted.kind) for x in items]
        kinds = set(map(type, items))
    return _stored(items, wanted, with_floats=float in kinds).reshape(sizes)


def _sizes(data: Any) -> tuple[int, ...]:
    """Return the shape that the first items at each depth give."""
    sizes: list[int] = []
    while is_sequence(data):
        try:
            sizes.append(len(data))
        except TypeError:
            # Such as another library's tensor, or an array, without dimensions.
            raise TypeError(
                "expected a number, a sequence of numbers, an array or a mytorch.Tensor "
                f"(got {typename(data)})"
            ) from None
        if len(sizes) > _DEEPEST:
            raise ValueError(f"too many dimensions {type(data).__name__!r}")
        if not sizes[-1]:
            break
        data = data[0]
    return tuple(sizes)


def _items(x: Any, size: int, dim: int, wanted: np.dtype[Any] | None) -> list[Any]:
    """Return the items of what stands where the first item was a sequence."""
    if isinstance(x, TensorBase) and x.array.ndim:
        given: list[Any] = list(x)  # type: ignore[call-overload]  # every object of it is a Tensor
    elif is_sequence(x) and not isinstance(x, str):
        given = list(x)
    else:
        if wanted is None:
            _dtype_of(x, dim)
        raise TypeError(f"not a sequence: expected one of length {size} at dim {dim} (got {typename(x)})")
    if len(given) != size:
        raise ValueError(f"expected sequence of length {size} at dim {dim} (got {len(given)})")
    return given


def _common_dtype(items: list[Any], kinds: set[type], depth: int) -> np.dtype[Any]:
    if kinds <= _PYTHON:
        if len(kinds) == 1:
            return _dtype_of(items[0], depth)
        items = [kind() for kind in kinds]
    return functools.reduce(promote_numpy, {_dtype_of(x, depth) for x in items})


def _dtype_of(x: Any, depth: int) -> np.dtype[Any]:
    """Return the dtype of a number: NumPy's and tensors have their own, Python's take the default."""
    if isinstance(x, bool):
        return np.dtype(np.bool_)
    if isinstance(x, TensorBase):
        return x.array.dtype
    if isinstance(x, np.generic):
        return from_numpy_dtype(x.dtype).numpy
    if isinstance(x, (int, float)):
        return np.dtype(np.int64) if isinstance(x, int) else get_default_dtype().numpy
    if isinstance(x, str):
        raise TypeError(f"new(): invalid data type {type(x).__name__!r}")
    if is_sequence(x):
        raise TypeError(f"expected a number at dim {depth} (got {typename(x)})")
    raise RuntimeError(f"Could not infer dtype of {typename(x)}")


def _number(x: Any, kind: str) -> bool | int | float:
    """Return the Python number of what stands for one, for an array of a dtype of some kind."""
    if is_sequence(x):
        raise TypeError(f"must be real number, not {typename(x)}")
    if kind == "b":
        return bool(x)
    if kind == "f":
        if not hasattr(type(x), "__float__"):
            raise TypeError(f"must be real number, not {typename(x)}")
        return float(x)
    return x.item() if isinstance(x, np.float64) else operator.index(x)


def _stored(items: list[Any], target: np.dtype[Any], *, with_floats: bool) -> Array:
    """Return Python numbers as an array, and refuse what an integer dtype does not hold."""
    if target.kind == "f":
        return cast(np.array(items, np.float64), target)
    if target.kind == "b":
        return np.array(items, target)
    try:
        array = np.array([int(x) for x in items] if with_floats else items, np.int64)
    except (OverflowError, ValueError):
        if with_floats:
            raise RuntimeError(_outside(target)) from None
        raise ValueError(
            f"Overflow when unpacking long long: a number is outside the range of {target}"
        ) from None
    if target.itemsize < 8:
        # As in torch, negative numbers wrap around in an unsigned dtype.
        most = np.iinfo(target).max
        least = np.iinfo(target).min or -most
        if array.min() < least or array.max() > most:
            raise RuntimeError(_outside(target))
        return array.astype(target)
    return array


def _outside(target: np.dtype[Any]) -> str:
    return f"value cannot be converted to type {target} without overflow"
