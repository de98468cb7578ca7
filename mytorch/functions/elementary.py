"""Powers, roots, exponentials, logarithms and trigonometric functions, elementwise.

All but `pow`, `square` and `abs` convert bools and integers to the default floating dtype first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.autograd._apply import apply, binary, unary
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
    "erfinv",
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

    Raises:
        RuntimeError: an integer is raised to a negative integer.

    Examples:
        >>> x = mytorch.tensor([2.0, 3.0], requires_grad=True)
        >>> mytorch.pow(x, 3).sum().backward()
        >>> x.grad
        tensor([12., 27.])
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

    Examples:
        >>> x = mytorch.tensor([0, 1])
        >>> mytorch.exp(x)
        tensor([1.0000, 2.7183])
    """
    return unary(ops.Exp, input)


def expm1(input: Tensor) -> Tensor:
    """Return e to the power of input, minus 1, accurate near 0."""
    return unary(ops.Expm1, input)


def log(input: Tensor) -> Tensor:
    """Return the natural logarithm: -inf for 0, nan for negative elements.

    Examples:
        >>> x = mytorch.tensor([1.0, 0.0, -1.0])
        >>> mytorch.log(x)
        tensor([0., -inf, nan])
    """
    return unary(ops.Log, input)


def log1p(input: Tensor) -> Tensor:
    """Return the natural logarithm of 1 + input, accurate near 0."""
    return unary(ops.Log1p, input)


def sqrt(input: Tensor) -> Tensor:
    """Return the square root: nan for negative elements.

    Examples:
        >>> x = mytorch.tensor([4.0, 0.0], requires_grad=True)
        >>> mytorch.sqrt(x).sum().backward()
        >>> x.grad
        tensor([0.2500,    inf])
    """
    return unary(ops.Sqrt, input)


def rsqrt(input: Tensor) -> Tensor:
    """Return 1 / √input."""
    return unary(ops.Rsqrt, input)


def square(input: Tensor) -> Tensor:
    """Return input².

    Returns:
        A tensor of the same shape and dtype; int64 for bool.
    """
    if array_of("square", input).dtype.kind == "b":
        input = apply(Cast, input, dtype=np.dtype(np.int64))
    return unary(ops.Square, input)


def reciprocal(input: Tensor) -> Tensor:
    """Return 1 / input."""
    return unary(ops.Reciprocal, input)


def abs(input: Tensor) -> Tensor:
    """Return the absolute value; its gradient at 0 is 0.

    Examples:
        >>> x = mytorch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
        >>> mytorch.abs(x).sum().backward()
        >>> x.grad
        tensor([-1.,  0.,  1.])
    """
    return unary(ops.Abs, input)


def sin(input: Tensor) -> Tensor:
    """Return the sine."""
    return unary(ops.Sin, input)


def cos(input: Tensor) -> Tensor:
    """Return the cosine."""
    return unary(ops.Cos, input)


def erf(input: Tensor) -> Tensor:
    """Return the error function, 2/√π·∫exp(-t²) from 0 to input."""
    return unary(ops.Erf, input)


def erfinv(input: Tensor) -> Tensor:
    """Return the number of which input is the error function: ±inf for ±1, nan beyond."""
    return unary(ops.Erfinv, input)


# torch's other names.
absolute = abs
