"""Comparisons and tests of elements, which return bool tensors; they have no gradient and no ops."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch.autograd._apply import plain, plain_binary, require_broadcastable
from mytorch.functions._check import array_of

if TYPE_CHECKING:
    from mytorch._core.types import Operand
    from mytorch._tensor import Tensor

__all__ = ["allclose", "eq", "equal", "ge", "gt", "isclose", "isfinite", "isinf", "isnan", "le", "lt", "ne"]


def eq(input: Operand, other: Operand) -> Tensor:
    """Return whether elements are equal, broadcast."""
    return plain_binary(np.equal, input, other)


def ne(input: Operand, other: Operand) -> Tensor:
    """Return whether elements differ, broadcast."""
    return plain_binary(np.not_equal, input, other)


def lt(input: Operand, other: Operand) -> Tensor:
    """Return whether elements are less than other's, broadcast."""
    return plain_binary(np.less, input, other)


def le(input: Operand, other: Operand) -> Tensor:
    """Return whether elements are less than or equal to other's, broadcast."""
    return plain_binary(np.less_equal, input, other)


def gt(input: Operand, other: Operand) -> Tensor:
    """Return whether elements are greater than other's, broadcast."""
    return plain_binary(np.greater, input, other)


def ge(input: Operand, other: Operand) -> Tensor:
    """Return whether elements are greater than or equal to other's, broadcast."""
    return plain_binary(np.greater_equal, input, other)


def isnan(input: Tensor) -> Tensor:
    """Return whether each element is nan."""
    return plain(np.isnan, input)


def isinf(input: Tensor) -> Tensor:
    """Return whether each element is infinite, of either sign."""
    return plain(np.isinf, input)


def isfinite(input: Tensor) -> Tensor:
    """Return whether each element is neither infinite nor nan."""
    return plain(np.isfinite, input)


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Return whether all |input - other| ≤ atol + rtol·|other|.

    Args:
        other: any shape that broadcasts with `input`, of the same dtype.
        rtol: relative tolerance.
        atol: absolute tolerance.
        equal_nan: whether nan equals nan.

    Raises:
        RuntimeError: the dtypes differ.

    Examples:
        >>> x = mytorch.tensor([0.1]) + 0.2
        >>> mytorch.allclose(x.double(), mytorch.tensor([0.3], dtype=mytorch.float64))
        True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan).array.all())


def isclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Tensor:
    """Return whether each |input - other| ≤ atol + rtol·|other|, broadcast.

    Args:
        other: any shape that broadcasts with `input`, of the same dtype.
        rtol: relative tolerance.
        atol: absolute tolerance.
        equal_nan: whether nan equals nan.

    Raises:
        RuntimeError: the dtypes differ, or a tolerance is negative.
    """
    a, b = array_of("isclose", input), array_of("isclose", other, "other", 2)
    if a.dtype != b.dtype:
        raise RuntimeError(f"{SCALAR_TYPE_NAMES[input.dtype]} did not match {SCALAR_TYPE_NAMES[other.dtype]}")
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if tolerance < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {tolerance}")
    require_broadcastable(a.shape, b.shape)
    return plain(np.isclose, input, other, rtol=rtol, atol=atol, equal_nan=equal_nan)


def equal(input: Tensor, other: Tensor) -> bool:
    """Return whether two tensors have the same shape and equal elements."""
    a, b = array_of("equal", input), array_of("equal", other, "other", 2)
    return a.shape == b.shape and bool(eq(input, other).array.all())
