"""Powers, roots, logarithms and the like, elementwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.autograd.apply import apply, binary, plain
from mytorch.functions._check import array_of
from mytorch.ops import arithmetic as ops

if TYPE_CHECKING:
    from mytorch._core.types import Operand
    from mytorch._tensor import Tensor


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


def logical_not(input: Tensor) -> Tensor:
    """Return whether each element is zero.

    Args:
        input: any shape, any dtype.

    Returns:
        bool, of the same shape.

    Raises:
        TypeError: input is no Tensor.
    """
    return plain(np.logical_not, input)


def bitwise_not(input: Tensor) -> Tensor:
    """Return every bit inverted: `not` of a bool.

    Args:
        input: any shape, bool or integer.

    Returns:
        Of the same shape and dtype.

    Raises:
        TypeError: input is no Tensor, or is floating.
    """
    if array_of("bitwise_not", input).dtype.kind == "f":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return plain(np.invert, input)


# torch's other names.
absolute = abs
