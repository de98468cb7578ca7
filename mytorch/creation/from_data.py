"""Functions that make tensors from data: numbers, sequences, arrays and other tensors."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.device import check_device
from mytorch._core.dtypes import from_numpy_dtype, get_default_dtype, numpy_dtype_of
from mytorch._core.promotion import cast, common_dtype, promote_numpy
from mytorch.functions._check import require_bool
from mytorch.functions.conversion import is_tensor

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.dtypes import dtype as DType
    from mytorch._core.types import Array
    from mytorch._tensor import Tensor

__all__ = ["as_tensor", "from_numpy", "tensor"]


def tensor(
    data: Any, *, dtype: DType | None = None, device: object = None, requires_grad: bool = False
) -> Tensor:
    """Return a new leaf tensor with a copy of the data.

    Args:
        data: a number, nested sequences of numbers, an array or a tensor.
        dtype: by default that of an array or tensor; bool, int64 or the default floating dtype for Python
            numbers.

    Raises:
        TypeError: something in the data is not a number.
        ValueError: the sequences are ragged.

    Examples:
        >>> mytorch.tensor([1, 2]).dtype
        mytorch.int64
        >>> mytorch.tensor([[1, 2], [3, 4.5]])
        tensor([[1.0000, 2.0000],
                [3.0000, 4.5000]])
    """
    return finish(np.array(array_from(data, dtype)), device, requires_grad)


def as_tensor(data: Any, dtype: DType | None = None, device: object = None) -> Tensor:
    """Return data as a tensor: itself, or sharing its memory, where dtype allows.

    Args:
        data: a tensor, an array, a number or nested sequences of numbers.
        dtype: as for `tensor`.

    Raises:
        TypeError: something in the data is not a number.
        ValueError: the sequences are ragged.
    """
    check_device(device)
    if is_tensor(data):
        return data if dtype is None else data.to(dtype)
    return wrap(array_from(data, dtype))


def from_numpy(ndarray: Array) -> Tensor:
    """Return a tensor that shares an array's memory.

    Args:
        ndarray: any shape, of a dtype that tensors have.

    Raises:
        TypeError: it is not an array, or has another dtype.
        ValueError: the array has negative strides.

    Examples:
        >>> import numpy as np
        >>> array = np.zeros(2)
        >>> x = mytorch.from_numpy(array)
        >>> array[0] = 1
        >>> x
        tensor([1., 0.], dtype=mytorch.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    if any(n < 0 for n in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides "
            "are not currently supported. (You can probably work around this by making a copy of your array "
            "with array.copy().)"
        )
    return wrap(array_from(ndarray, None))


def array_from(data: Any, dtype: DType | None) -> Array:
    """Return data as an array, with torch's choice of dtype; shared with the data where possible.

    Args:
        data: a tensor, an array, a number or nested sequences of numbers.
        dtype: the dtype, or None.

    Returns:
        The array.

    Raises:
        TypeError: something in the data is not a number.
        ValueError: the sequences are ragged.
    """
    wanted = None if dtype is None else numpy_dtype_of(dtype)
    if isinstance(data, TensorBase):
        array = data.array
    elif isinstance(data, (np.ndarray, np.generic)):
        # Byte-swapped arrays are brought into the machine's order.
        array = np.asarray(data, from_numpy_dtype(data.dtype.newbyteorder("=")).numpy)
    else:
        found: set[np.dtype[Any]] = set()
        _collect(data, found, 0)
        array = np.asarray(_unwrapped(data))
        if wanted is None:
            wanted = functools.reduce(promote_numpy, found) if found else get_default_dtype().numpy
    return array if wanted is None else cast(array, wanted)


def _unwrapped(data: Any) -> Any:
    if isinstance(data, (list, tuple)):
        return [_unwrapped(x) for x in data]
    return data.array if isinstance(data, TensorBase) else data


def _collect(data: Any, found: set[np.dtype[Any]], depth: int) -> None:
    """Refuse ragged sequences and non-numbers, and add the dtypes of the numbers to `found`."""
    if isinstance(data, (list, tuple)):
        if data:
            _check_lengths(data, depth)
        for x in data:
            _collect(x, found, depth + 1)
    elif isinstance(data, (bool, int, float, np.generic, np.ndarray, TensorBase)):
        array = data.array if isinstance(data, TensorBase) else data
        # NumPy's numbers keep their width, Python's take the default.
        if isinstance(array, (np.generic, np.ndarray)):
            found.add(array.dtype)
        else:
            found.add(common_dtype((array,)))
    elif isinstance(data, str) and not depth:
        raise TypeError(f"new(): invalid data type {type(data).__name__!r}")
    elif isinstance(data, str):
        raise ValueError(f"too many dimensions {type(data).__name__!r}")
    else:
        raise RuntimeError(f"Could not infer dtype of {type(data).__name__}")


def _check_lengths(data: Any, depth: int) -> None:
    lengths = [len(x) if isinstance(x, (list, tuple)) else None for x in data]
    for x, length in zip(data, lengths, strict=True):
        if length == lengths[0]:
            continue
        if length is None:
            raise TypeError(
                f"expected sequence of length {lengths[0]} at dim {depth + 1} (got {type(x).__name__})"
            )
        if lengths[0] is None:
            raise TypeError(f"expected a number at dim {depth + 1} (got a sequence of length {length})")
        raise ValueError(f"expected sequence of length {lengths[0]} at dim {depth + 1} (got {length})")


def finish(array: Array, device: object, requires_grad: bool) -> Tensor:
    """Return a new array as a leaf tensor.

    Args:
        array: it is not copied, so nothing else may use it.
    """
    check_device(device)
    result = wrap(array)
    if requires_grad is not False and requires_grad is not None:
        require_bool("tensor", "requires_grad", requires_grad)
        if requires_grad and result.array.dtype.kind != "f":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        result.tracked = requires_grad
    return result
