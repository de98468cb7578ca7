"""Sums, differences, products, quotients and remainders, elementwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.autograd._apply import binary, unary
from mytorch.functions._check import array_of, factor_of
from mytorch.functions._old_forms import factor_and_operand
from mytorch.ops import arithmetic as ops

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Operand, Scalar
    from mytorch._tensor import Tensor

__all__ = [
    "add",
    "div",
    "divide",
    "floor_divide",
    "mul",
    "multiply",
    "neg",
    "negative",
    "remainder",
    "rsub",
    "sub",
    "subtract",
]


# What `alpha` is unless it is given: of small integers there is one object each, which is found at once.
_ONE = 1


def add(input: Operand, other: Operand, *old: Any, alpha: Scalar = 1) -> Tensor:
    """Return input + alpha·other, broadcast.

    Args:
        *old: the old form `add(input, alpha, other)` is deprecated.
        alpha: factor of `other`.

    Raises:
        RuntimeError: alpha is a float where the result is an integer, or a bool where it is not.
        TypeError: alpha is not a number.

    Examples:
        >>> column = mytorch.tensor([[1.0], [2.0]])
        >>> mytorch.add(column, mytorch.tensor([10.0, 20.0]), alpha=2)
        tensor([[21., 41.],
                [22., 42.]])
    """
    if alpha is _ONE and not old:
        return binary(ops.Add, input, other)
    if old:
        alpha, other = factor_and_operand("add", other, old, alpha)
    return binary(ops.Add, input, other, alpha=factor_of("add", "alpha", alpha, input, other))


def sub(input: Operand, other: Operand, *old: Any, alpha: Scalar = 1) -> Tensor:
    """Return input - alpha·other, broadcast.

    Args:
        input: any shape, any dtype but bool.
        other: any shape that broadcasts with `input`, any dtype but bool, or a Python scalar.
        *old: the old form `sub(input, alpha, other)` is deprecated.
        alpha: factor of `other`.

    Raises:
        RuntimeError: an operand is bool, or alpha is a float where the result is an integer.
    """
    if old:
        alpha, other = factor_and_operand("sub", other, old, alpha)
    _refuse_bool(input, other)
    if type(alpha) is int and alpha == 1:
        return binary(ops.Sub, input, other)
    return binary(ops.Sub, input, other, alpha=factor_of("sub", "alpha", alpha, input, other))


def rsub(input: Operand, other: Operand, *, alpha: Scalar = 1) -> Tensor:
    """Return other - alpha·input, broadcast.

    Args:
        input: any shape, any dtype but bool.
        other: any shape that broadcasts with `input`, any dtype but bool, or a Python scalar.
        alpha: factor of `input`.

    Raises:
        RuntimeError: an operand is bool, or alpha is a float where the result is an integer.
    """
    return sub(other, input, alpha=alpha)


def mul(input: Operand, other: Operand) -> Tensor:
    """Return input·other elementwise, broadcast.

    Examples:
        >>> weight = mytorch.tensor(3.0, requires_grad=True)
        >>> mytorch.mul(weight, mytorch.tensor([1.0, 2.0])).sum().backward()
        >>> weight.grad
        tensor(3.)
    """
    return binary(ops.Mul, input, other)


def div(input: Operand, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
    """Return input / other elementwise, broadcast.

    Args:
        rounding_mode: None for true division, "trunc" to round towards zero, "floor" to round down.

    Returns:
        The quotient, of the broadcast shape; floating for true division, else of the promoted dtype.

    Raises:
        RuntimeError: `rounding_mode` has another value, or an integer is divided by zero with rounding.

    Examples:
        >>> x = mytorch.tensor([-7, 7])
        >>> mytorch.div(x, 2)
        tensor([-3.5000,  3.5000])
        >>> mytorch.div(x, 2, rounding_mode="trunc")
        tensor([-3,  3])
        >>> mytorch.div(x, 2, rounding_mode="floor")
        tensor([-4,  3])
    """
    if rounding_mode is None:
        return binary(ops.Div, input, other)
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
            + repr(rounding_mode)
        )
    result = binary(ops.RoundedDiv, input, other, rounding_mode=rounding_mode)
    if result.array.size and result.array.dtype.kind != "f" and np.any(_values(other) == 0):
        raise RuntimeError("ZeroDivisionError")
    return result


def rdiv(input: Operand, other: Operand) -> Tensor:
    """Return `div` with its operands exchanged: the value of `scalar / tensor`."""
    return div(other, input)


def floor_divide(input: Operand, other: Operand) -> Tensor:
    """Return input / other rounded down.

    Raises:
        RuntimeError: an integer is divided by zero.
    """
    return div(input, other, rounding_mode="floor")


def rfloor_divide(input: Operand, other: Operand) -> Tensor:
    """Return `floor_divide` with its operands exchanged: the value of `scalar // tensor`."""
    return floor_divide(other, input)


def remainder(input: Operand, other: Operand) -> Tensor:
    """Return the remainder of input / other rounded down, which has the sign of `other`, as Python's % has.

    Args:
        input: any shape, any dtype but bool.
        other: any shape that broadcasts with `input`, any dtype but bool, or a Python scalar.

    Raises:
        NotImplementedError: both operands are bool.
        RuntimeError: an integer is divided by zero.
    """
    kinds = [np.asarray(getattr(x, "array", x)).dtype.kind for x in (input, other)]
    if kinds == ["b", "b"]:
        raise NotImplementedError("\"remainder_cpu\" not implemented for 'Bool'")
    divided = np.size(getattr(input, "array", input))
    if "f" not in kinds and divided and np.any(np.asarray(getattr(other, "array", other)) == 0):
        raise RuntimeError("ZeroDivisionError")
    return binary(ops.Remainder, input, other)


def rremainder(input: Operand, other: Operand) -> Tensor:
    """Return `remainder` with its operands exchanged: the value of `scalar % tensor`."""
    return remainder(other, input)


def pos(input: Tensor) -> Tensor:
    """Return the tensor itself, the value of `+tensor`; RuntimeError for a bool tensor."""
    if input.array.dtype.kind == "b":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


def neg(input: Tensor) -> Tensor:
    """Return -input.

    Args:
        input: any shape, any dtype but bool.

    Raises:
        RuntimeError: input is bool.
    """
    if array_of("neg", input).dtype.kind == "b":
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a "
            "mask, use the `~` or `logical_not()` operator instead."
        )
    return unary(ops.Neg, input)


def _values(x: Any) -> Array:
    return np.asarray(getattr(x, "array", x))


def _refuse_bool(input: Any, other: Any) -> None:
    a, b = getattr(input, "array", input), getattr(other, "array", other)
    first = type(a) is bool or (type(a) is np.ndarray and a.dtype.kind == "b")
    second = type(b) is bool or (type(b) is np.ndarray and b.dtype.kind == "b")
    if first and second:
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
            "`logical_xor()` operator instead."
        )
    if first or second:
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to "
            "invert a mask, use the `~` or `logical_not()` operator instead."
        )


# torch's other names.
subtract = sub
multiply = mul
divide = div
negative = neg
