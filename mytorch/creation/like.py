"""Functions that make tensors in the shape and dtype of another; random ones are in `random_tensors`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.data import number_in
from mytorch._core.dtypes import numpy_dtype_of
from mytorch._core.settings import uninitialized
from mytorch.creation.from_data import finish
from mytorch.functions._check import array_of, number_of

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.dtypes import dtype as DType
    from mytorch._core.types import Scalar
    from mytorch._tensor import Tensor

__all__ = ["empty_like", "full_like", "ones_like", "zeros_like"]


def zeros_like(
    input: Tensor, *, dtype: DType | None = None, device: object = None, requires_grad: bool = False
) -> Tensor:
    """Return zeros in the shape and dtype of a tensor.

    Args:
        dtype: the input's if not given.

    Examples:
        >>> x = mytorch.tensor([[1, 2]])
        >>> mytorch.zeros_like(x)
        tensor([[0, 0]])
        >>> mytorch.zeros_like(x, dtype=mytorch.float32)
        tensor([[0., 0.]])
    """
    array = array_of("zeros_like", input)
    return finish(np.zeros(array.shape, _dtype_like(array.dtype, dtype)), device, requires_grad)


def ones_like(
    input: Tensor, *, dtype: DType | None = None, device: object = None, requires_grad: bool = False
) -> Tensor:
    """Return ones in the shape and dtype of a tensor.

    Args:
        dtype: the input's if not given.
    """
    array = array_of("ones_like", input)
    return finish(np.ones(array.shape, _dtype_like(array.dtype, dtype)), device, requires_grad)


def empty_like(
    input: Tensor, *, dtype: DType | None = None, device: object = None, requires_grad: bool = False
) -> Tensor:
    """Return a tensor whose elements are not set, in the shape and dtype of another.

    Args:
        dtype: the input's if not given.
    """
    array = array_of("empty_like", input)
    return finish(uninitialized(array.shape, _dtype_like(array.dtype, dtype)), device, requires_grad)


def full_like(
    input: Tensor,
    fill_value: Scalar | Tensor,
    *,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return one number in the shape and dtype of a tensor.

    Args:
        fill_value: a number, or a 0-dim tensor.
        dtype: the input's if not given.

    Raises:
        RuntimeError: the number is outside the range of the dtype.
        TypeError: `fill_value` is not a number.
    """
    array = array_of("full_like", input)
    target = _dtype_like(array.dtype, dtype)
    value = number_in(number_of("full_like", "fill_value", fill_value, 2), target)
    return finish(np.full(array.shape, value, target), device, requires_grad)


def _dtype_like(own: np.dtype[Any], dtype: DType | None) -> np.dtype[Any]:
    return own if dtype is None else numpy_dtype_of(dtype)
