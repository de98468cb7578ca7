"""Functions that make tensors from data: numbers, sequences, arrays and other tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch._core.data import array_from
from mytorch._core.device import check_device
from mytorch._core.typename import typename
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
        RuntimeError: a number is outside the range of `dtype`, or of a type without a dtype.
        TypeError: something in the data is not a number.
        ValueError: the sequences are ragged, or a tensor in them has not one element.

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
        ValueError: the array has negative strides, or not the byte order of the machine.

    Examples:
        >>> import numpy as np
        >>> array = np.zeros(2)
        >>> x = mytorch.from_numpy(array)
        >>> array[0] = 1
        >>> x
        tensor([1., 0.], dtype=mytorch.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {typename(ndarray)})")
    return wrap(array_from(ndarray, None))


def finish(array: Array, device: object, requires_grad: bool | None) -> Tensor:
    """Return a new array as a leaf tensor.

    Args:
        array: it is not copied, so nothing else may use it.
    """
    check_device(device)
    result = wrap(array)
    if requires_grad is True:
        if result.array.dtype.kind != "f":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        result.tracked = True
    elif requires_grad is not None:
        require_bool("tensor", "requires_grad", requires_grad)
    return result
