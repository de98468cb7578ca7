"""Functions that make random tensors. The numbers are NumPy's, not torch's: see `mytorch.random`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.dtypes import from_numpy_dtype, numpy_dtype_of
from mytorch._core.typename import typename
from mytorch.creation.filled import float_dtype, shape_from
from mytorch.creation.from_data import finish
from mytorch.functions._check import array_of, integer_of
from mytorch.random import default_generator

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.dtypes import dtype as DType
    from mytorch._core.types import Array
    from mytorch._tensor import Tensor
    from mytorch.random import Generator

__all__ = ["rand", "rand_like", "randint", "randn", "randn_like", "randperm"]


def uniform_array(shape: tuple[int, ...], dtype: np.dtype[Any], generator: Generator | None) -> Array:
    """Return numbers drawn evenly from [0, 1).

    Args:
        shape: how many.
        dtype: floating.
        generator: the default one if None.

    Returns:
        The numbers.
    """
    stream = (generator or default_generator).stream
    if dtype == np.float64:
        return np.asarray(stream.random(shape))
    # Rounded to float16, a number just below 1 would become 1; 2⁻¹¹ steps do not.
    numbers = np.asarray(stream.random(shape, dtype=np.float32))
    return numbers if dtype == np.float32 else (np.floor(numbers * 2048) / 2048).astype(dtype)


def normal_array(shape: tuple[int, ...], dtype: np.dtype[Any], generator: Generator | None) -> Array:
    """Return numbers drawn from the normal distribution of mean 0 and variance 1.

    Args:
        shape: how many.
        dtype: floating.
        generator: the default one if None.

    Returns:
        The numbers.
    """
    stream = (generator or default_generator).stream
    if dtype == np.float64:
        return np.asarray(stream.standard_normal(shape))
    return np.asarray(stream.standard_normal(shape, dtype=np.float32)).astype(dtype, copy=False)


def rand(
    *sizes: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return numbers drawn evenly from [0, 1).

    Args:
        dtype: floating; the default one if not given.

    Raises:
        NotImplementedError: the dtype is not floating.

    Examples:
        >>> x = mytorch.rand(2, 500)
        >>> bool(((x >= 0) & (x < 1)).all())
        True
    """
    shape = shape_from("rand", sizes, size)
    target = _floating("rand", float_dtype(dtype))
    return finish(uniform_array(shape, target, generator), device, requires_grad)


def randn(
    *sizes: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return numbers drawn from the normal distribution of mean 0 and variance 1.

    Args:
        dtype: floating; the default one if not given.

    Raises:
        NotImplementedError: the dtype is not floating.

    Examples:
        >>> x = mytorch.randn(10_000)
        >>> abs(x.mean().item()) < 0.1, abs(x.std().item() - 1) < 0.1
        (True, True)
    """
    shape = shape_from("randn", sizes, size)
    target = _floating("randn", float_dtype(dtype))
    return finish(normal_array(shape, target, generator), device, requires_grad)


def randint(
    low: Any = None,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return whole numbers drawn evenly from low up to, but without, high.

    Args:
        low: the least number; left out, it is 0: `randint(high, size)`, or `randint(high=high, size=size)`.
        high: the bound.
        dtype: int64 if not given.

    Raises:
        RuntimeError: low is not below high.

    Examples:
        >>> x = mytorch.randint(2, 5, (1000,))
        >>> x.unique()
        tensor([2, 3, 4])
    """
    if size is None and isinstance(high, (tuple, list)):
        high, size = None, high
    if low is None or high is None:
        low, high = 0, low if high is None else high
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"randint(): argument 'size' must be tuple of ints, not {typename(size)}")
    low = integer_of("randint", "low", 0 if low is None else low)
    high = integer_of("randint", "high", high)
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    shape = shape_from("randint", (), size)
    target = np.dtype(np.int64) if dtype is None else numpy_dtype_of(dtype)
    numbers = (generator or default_generator).stream.integers(low, high, shape)
    return finish(np.asarray(numbers).astype(target), device, requires_grad)


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return the numbers from 0 to n - 1 in random order.

    Args:
        n: how many.
        dtype: int64 if not given.

    Returns:
        The numbers, (n,).

    Raises:
        RuntimeError: n is negative.

    Examples:
        >>> order = mytorch.randperm(4)
        >>> order.sort().values
        tensor([0, 1, 2, 3])
    """
    n = integer_of("randperm", "n", n, 1)
    if n < 0:
        raise RuntimeError(f"n must be non-negative, got {n}")
    target = np.dtype(np.int64) if dtype is None else numpy_dtype_of(dtype)
    numbers = (generator or default_generator).stream.permutation(n)
    return finish(np.asarray(numbers).astype(target), device, requires_grad)


def rand_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return numbers drawn evenly from [0, 1), in the shape and dtype of a tensor.

    Args:
        dtype: floating; the input's if not given.

    Raises:
        NotImplementedError: the dtype is not floating.
    """
    array = array_of("rand_like", input)
    target = _floating("rand_like", array.dtype if dtype is None else numpy_dtype_of(dtype))
    return finish(uniform_array(array.shape, target, generator), device, requires_grad)


def randn_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return numbers drawn from the normal distribution, in the shape and dtype of a tensor.

    Args:
        dtype: floating; the input's if not given.

    Raises:
        NotImplementedError: the dtype is not floating.
    """
    array = array_of("randn_like", input)
    target = _floating("randn_like", array.dtype if dtype is None else numpy_dtype_of(dtype))
    return finish(normal_array(array.shape, target, generator), device, requires_grad)


def _floating(name: str, dtype: np.dtype[Any]) -> np.dtype[Any]:
    if dtype.kind != "f":
        raise NotImplementedError(f'"{name}" not implemented for dtype {from_numpy_dtype(dtype)}')
    return dtype
