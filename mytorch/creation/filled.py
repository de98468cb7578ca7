"""Functions that make tensors filled with numbers; random ones are in `random_tensors`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.data import number_in
from mytorch._core.dtypes import get_default_dtype, numpy_dtype_of
from mytorch._core.promotion import common_dtype
from mytorch._core.settings import uninitialized
from mytorch.creation.from_data import finish
from mytorch.functions._check import number_of, sizes_of

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.dtypes import dtype as DType
    from mytorch._core.types import Scalar
    from mytorch._tensor import Tensor

__all__ = ["empty", "eye", "full", "ones", "zeros"]


def shape_from(name: str, sizes: tuple[Any, ...], size: Any) -> tuple[int, ...]:
    """Return the sizes of a new tensor.

    Args:
        name: the function, named in errors.
        sizes: what its `*size` caught.
        size: what its keyword `size` got, or None.

    Returns:
        The sizes.

    Raises:
        RuntimeError: one is negative.
        TypeError: there are none, or one is not an integer.
    """
    if size is not None:
        if sizes:
            raise TypeError(f"{name}() got several values for argument 'size'")
        sizes = (size,)
    if not sizes:
        raise TypeError(f'{name}() missing 1 required positional arguments: "size"')
    shape = sizes_of(name, sizes)
    for n in shape:
        if n < 0:
            raise RuntimeError(f"{name}: Dimension size must be non-negative, got {n} in {list(shape)}.")
    return shape


def float_dtype(dtype: DType | None) -> np.dtype[Any]:
    """Return a dtype as NumPy's; None means the default floating dtype."""
    return get_default_dtype().numpy if dtype is None else numpy_dtype_of(dtype)


def zeros(
    *sizes: Any,
    size: Any = None,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor of zeros.

    Examples:
        >>> mytorch.zeros(2, 3)
        tensor([[0., 0., 0.],
                [0., 0., 0.]])
        >>> mytorch.zeros((2,), dtype=mytorch.int64)
        tensor([0, 0])
    """
    return finish(np.zeros(shape_from("zeros", sizes, size), float_dtype(dtype)), device, requires_grad)


def ones(
    *sizes: Any,
    size: Any = None,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor of ones.

    Examples:
        >>> mytorch.ones(2, 1) + mytorch.ones(3)
        tensor([[2., 2., 2.],
                [2., 2., 2.]])
        >>> mytorch.ones(2).requires_grad
        False
    """
    return finish(np.ones(shape_from("ones", sizes, size), float_dtype(dtype)), device, requires_grad)


def empty(
    *sizes: Any,
    size: Any = None,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor whose elements are not set."""
    return finish(uninitialized(shape_from("empty", sizes, size), float_dtype(dtype)), device, requires_grad)


def full(
    size: Any,
    fill_value: Scalar | Tensor,
    *,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor filled with one number.

    Args:
        fill_value: a number, or a 0-dim tensor.
        dtype: by default bool, int64 or the default floating dtype, as the number is.

    Raises:
        RuntimeError: the number is outside the range of the dtype.
        TypeError: `fill_value` is not a number.

    Examples:
        >>> mytorch.full((2,), 7)
        tensor([7, 7])
        >>> mytorch.full((2,), 7.0)
        tensor([7., 7.])
    """
    shape = shape_from("full", (size,), None)
    number = number_of("full", "fill_value", fill_value, 2)
    target = common_dtype((number,)) if dtype is None else numpy_dtype_of(dtype)
    return finish(np.full(shape, number_in(number, target)), device, requires_grad)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a matrix with ones on its diagonal.

    Args:
        n: rows.
        m: columns; as many as rows if not given.

    Returns:
        The matrix, (n, m).

    Examples:
        >>> mytorch.eye(2)
        tensor([[1., 0.],
                [0., 1.]])
        >>> mytorch.eye(2, 3).shape
        mytorch.Size([2, 3])
    """
    rows, columns = shape_from("eye", (n, n if m is None else m), None)
    return finish(np.eye(rows, columns, dtype=float_dtype(dtype)), device, requires_grad)
