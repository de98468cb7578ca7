"""Elementary functions of one operand, elementwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.autograd.apply import apply
from mytorch.functions._check import array_of
from mytorch.ops import pointwise as ops
from mytorch.ops.shape import Cast

if TYPE_CHECKING:
    from mytorch._tensor import Tensor


def log1p(input: Tensor) -> Tensor:
    """Return the natural logarithm of 1 + input, accurate near 0.

    Args:
        input: any shape, any dtype.

    Returns:
        Of the same shape, floating.

    Raises:
        TypeError: input is no Tensor.
    """
    return apply(ops.Log1p, input)


def expm1(input: Tensor) -> Tensor:
    """Return e to the power of input, less 1, accurate near 0.

    Args:
        input: any shape, any dtype.

    Returns:
        Of the same shape, floating.

    Raises:
        TypeError: input is no Tensor.
    """
    return apply(ops.Expm1, input)


def sin(input: Tensor) -> Tensor:
    """Return the sine.

    Args:
        input: any shape, any dtype.

    Returns:
        Of the same shape, floating.

    Raises:
        TypeError: input is no Tensor.
    """
    return apply(ops.Sin, input)


def cos(input: Tensor) -> Tensor:
    """Return the cosine.

    Args:
        input: any shape, any dtype.

    Returns:
        Of the same shape, floating.

    Raises:
        TypeError: input is no Tensor.
    """
    return apply(ops.Cos, input)


def erf(input: Tensor) -> Tensor:
    """Return the error function, 2/√π·∫exp(-t²) from 0 to input.

    Args:
        input: any shape, any dtype.

    Returns:
        Of the same shape, floating.

    Raises:
        TypeError: input is no Tensor.
    """
    return apply(ops.Erf, input)


def reciprocal(input: Tensor) -> Tensor:
    """Return 1 / input.

    Args:
        input: any shape, any dtype.

    Returns:
        Of the same shape, floating.

    Raises:
        TypeError: input is no Tensor.
    """
    return apply(ops.Reciprocal, input)


def rsqrt(input: Tensor) -> Tensor:
    """Return 1 / √input.

    Args:
        input: any shape, any dtype.

    Returns:
        Of the same shape, floating.

    Raises:
        TypeError: input is no Tensor.
    """
    return apply(ops.Rsqrt, input)


def square(input: Tensor) -> Tensor:
    """Return input².

    Args:
        input: any shape, any dtype.

    Returns:
        Of the same shape and dtype; int64 for bool.

    Raises:
        TypeError: input is no Tensor.
    """
    if array_of("square", input).dtype.kind == "b":
        input = apply(Cast, input, dtype=np.dtype(np.int64))
    return apply(ops.Square, input)
