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
        exponent: any shape that broadcasts with `input`, or a Python scalar.

    Returns:
        The power, of the broadcast shape and the promoted dtype.

    Raises:
        RuntimeError: the shapes do not broadcast, or an integer is raised to a negative integer.
    """
    if (
        type(exponent) is int
        and exponent < 0
        and np.asarray(getattr(input, "array", input)).dtype.kind != "f"
    ):
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    return binary(ops.Pow, input, exponent)


def rpow(input: Operand, other: Operand) -> Tensor:
    """Return `pow` with its operands exchanged: the value of `scalar ** tensor`."""
    return pow(other, input)


def exp(input: Tensor) -> Tensor:
    """Return e to the power of input.

    Returns:
        The exponential, of the same shape, floating.
    """
    return apply(ops.Exp, input)


def expm1(input: Tensor) -> Tensor:
    """Return e to the power of input, minus 1, accurate near 0.

    Returns:
        A floating tensor of the same shape.
    """
    return apply(ops.Expm1, input)


def log(input: Tensor) -> Tensor:
    """Return the natural logarithm: -inf for 0, nan for negative elements.

    Returns:
        The logarithm, of the same shape, floating.
    """
    return apply(ops.Log, input)


def log1p(input: Tensor) -> Tensor:
    """Return the natural logarithm of 1 + input, accurate near 0.

    Returns:
        A floating tensor of the same shape.
    """
    return apply(ops.Log1p, input)


def sqrt(input: Tensor) -> Tensor:
    """Return the square root: nan for negative elements.

    Returns:
        The root, of the same shape, floating.
    """
    return apply(ops.Sqrt, input)


def rsqrt(input: Tensor) -> Tensor:
    """Return 1 / √input.

    Returns:
        A floating tensor of the same shape.
    """
    return apply(ops.Rsqrt, input)


def square(input: Tensor) -> Tensor:
    """Return input².

    Returns:
        A tensor of the same shape and dtype; int64 for bool.
    """
    if array_of("square", input).dtype.kind == "b":
        input = apply(Cast, input, dtype=np.dtype(np.int64))
    return apply(ops.Square, input)


def reciprocal(input: Tensor) -> Tensor:
    """Return 1 / input.

    Returns:
        A floating tensor of the same shape.
    """
    return apply(ops.Reciprocal, input)


def abs(input: Tensor) -> Tensor:
    """Return the absolute value; its gradient at 0 is 0.

    Returns:
        The absolute value, of the same shape and dtype.
    """
    return apply(ops.Abs, input)


def sin(input: Tensor) -> Tensor:
    """Return the sine.

    Returns:
        A floating tensor of the same shape.
    """
    return apply(ops.Sin, input)


def cos(input: Tensor) -> Tensor:
    """Return the cosine.

    Returns:
        A floating tensor of the same shape.
    """
    return apply(ops.Cos, input)


def erf(input: Tensor) -> Tensor:
    """Return the error function, 2/√π·∫exp(-t²) from 0 to input.

    Returns:
        A floating tensor of the same shape.
    """
    return apply(ops.Erf, input)


# torch's other names.
absolute = abs
