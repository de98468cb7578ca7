"""Signs, whole numbers and remainders, elementwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.autograd.apply import apply, binary
from mytorch.functions._check import array_of
from mytorch.ops import arithmetic
from mytorch.ops import pointwise as ops

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._core.types import Operand
    from mytorch._tensor import Tensor


def floor(input: Tensor) -> Tensor:
    """Return the largest whole number that is not above input; its gradient is 0.

    Args:
        input: any shape, any dtype but bool.

    Returns:
        Of the same shape and dtype.

    Raises:
        NotImplementedError: input is bool.
        TypeError: input is no Tensor.
    """
    return _whole("floor", np.floor, input)


def ceil(input: Tensor) -> Tensor:
    """Return the smallest whole number that is not below input; its gradient is 0.

    Args:
        input: any shape, any dtype but bool.

    Returns:
        Of the same shape and dtype.

    Raises:
        NotImplementedError: input is bool.
        TypeError: input is no Tensor.
    """
    return _whole("ceil", np.ceil, input)


def round(input: Tensor) -> Tensor:
    """Return the nearest whole number, of two equally near the even one; its gradient is 0.

    Args:
        input: any shape, any dtype but bool.

    Returns:
        Of the same shape and dtype.

    Raises:
        NotImplementedError: input is bool.
        TypeError: input is no Tensor.
    """
    return _whole("round", np.round, input)


def trunc(input: Tensor) -> Tensor:
    """Return input without its fraction; its gradient is 0.

    Args:
        input: any shape, any dtype but bool.

    Returns:
        Of the same shape and dtype.

    Raises:
        NotImplementedError: input is bool.
        TypeError: input is no Tensor.
    """
    return _whole("trunc", np.trunc, input)


def sign(input: Tensor) -> Tensor:
    """Return 1, 0 or -1, as input is positive, zero or negative; its gradient is 0.

    Args:
        input: any shape, any dtype.

    Returns:
        Of the same shape and dtype.

    Raises:
        TypeError: input is no Tensor.
    """
    if array_of("sign", input).dtype.kind == "b":
        return input.clone()
    return apply(ops.Flat, input, function=arithmetic.sign)


def remainder(input: Operand, other: Operand) -> Tensor:
    """Return what input / other, rounded down, leaves over: of the sign of `other`, as Python's %.

    Args:
        input: any shape, any dtype but bool.
        other: any shape that broadcasts with it, any dtype but bool, or a number.

    Returns:
        The remainder, of the broadcast shape and the promoted dtype.

    Raises:
        NotImplementedError: both operands are bool.
        RuntimeError: the shapes do not broadcast, or an integer is divided by zero.
        TypeError: an operand is neither a tensor nor a number.
    """
    kinds = [np.asarray(getattr(x, "array", x)).dtype.kind for x in (input, other)]
    if kinds == ["b", "b"]:
        raise NotImplementedError("\"remainder_cpu\" not implemented for 'Bool'")
    divided = np.size(getattr(input, "array", input))
    if "f" not in kinds and divided and np.any(np.asarray(getattr(other, "array", other)) == 0):
        raise RuntimeError("ZeroDivisionError")
    return binary(ops.Remainder, input, other)


def rremainder(input: Operand, other: Operand) -> Tensor:
    """Return `remainder` with its operands exchanged: what `number % tensor` is."""
    return remainder(other, input)


def _whole(name: str, function: Callable[..., Any], input: Tensor) -> Tensor:
    kind = array_of(name, input).dtype.kind
    if kind == "b":
        raise NotImplementedError(f"\"{name}_vml_cpu\" not implemented for 'Bool'")
    # What is whole stays as it is; NumPy would make floats of it.
    return apply(ops.Flat, input, function=function if kind == "f" else np.copy)
