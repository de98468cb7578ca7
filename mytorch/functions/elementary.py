"""Powers, roots, exponentials, logarithms and trigonometric functions, elementwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.autograd.apply import apply, binary
from mytorch.functions._check import array_of
from mytorch.ops import elementary as ops
from mytorch.ops.conversion import Cast

if TYPE_CHECKING:
    from mytorch._core.types import Operand
    from mytorch._tensor import Tensor

__all__ = [
    "abs",
    "absolute",
    "cos",
    "erf",
    "exp",
    "expm1",
    "log",
    "log1p",
    "pow",
    "reciprocal",
    "rsqrt",
    "sin",
    "sqrt",
    "square",
]


def pow(input: Operand, exponent: Operand) -> Tensor:
    """Return input to the power of exponent, elementwise, broadcast.

    Args:
        input: any shape, any dtype.
        exponent: any shape that broadcasts with it, any dtype, or a number.

    Returns:
        The power, of the broadcast shape and the promoted dtype.

    Raises:
        RuntimeError: the shapes do not broadcast, or an integer is raised to a negative whole number.
        TypeError: an operand is neither a tensor nor a number.
    """
    if (
        type(exponent) is int
        and exponent < 0
        and np.asarray(getattr(input, "array", input)).dtype.kind != "f"
    ):
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    return binary(ops.Pow, input, exponent)


def rpow(input: Operand, other: Operand) -> Tensor:
    """Return other to the power of input, elementwise, broadcast.

    Args:
        input: any shape, any dtype.
        other: any shape that broadcasts with it, any dtype, or a number.

    Returns:
        The power, of the broadcast shape and the promoted dtype.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is neither a tensor nor a number.
    """
    return pow(other, input)


def exp(input: Tensor) -> Tensor:
    """Return e to the power of input.

    Args:
        input: any shape, any dtype.

    Returns:
        The exponential, of the same shape, floating.

    Raises:
        TypeError: input is no Tensor.
    """
    return apply(ops.Exp, input)


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


def log(input: Tensor) -> Tensor:
    """Return the natural logarithm: -inf of 0, nan of what is negative.

    Args:
        input: any shape, any dtype.

    Returns:
        The logarithm, of the same shape, floating.

    Raises:
        TypeError: input is no Tensor.
    """
    return apply(ops.Log, input)


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


def sqrt(input: Tensor) -> Tensor:
    """Return the square root: nan of what is negative.

    Args:
        input: any shape, any dtype.

    Returns:
        The root, of the same shape, floating.

    Raises:
        TypeError: input is no Tensor.
    """
    return apply(ops.Sqrt, input)


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


def abs(input: Tensor) -> Tensor:
    """Return the absolute value; its gradient at 0 is 0.

    Args:
        input: any shape, any dtype.

    Returns:
        The absolute value, of the same shape and dtype.

    Raises:
        TypeError: input is no Tensor.
    """
    return apply(ops.Abs, input)


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


# torch's other names.
absolute = abs
