"""Elementwise logic of truth values and of bits; these functions have no gradient and no ops."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.dtypes import SCALAR_TYPE_NAMES, from_numpy_dtype
from mytorch._core.promotion import common_dtype
from mytorch.autograd._apply import plain, plain_binary, require_broadcastable
from mytorch.functions._check import array_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._core.types import Operand
    from mytorch._tensor import Tensor

__all__ = [
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
]


def logical_and(input: Tensor, other: Tensor) -> Tensor:
    """Return whether both elements are not zero, broadcast.

    Returns:
        A bool tensor.
    """
    return _logical("logical_and", np.logical_and, input, other)


def logical_or(input: Tensor, other: Tensor) -> Tensor:
    """Return whether either element is not zero, broadcast.

    Returns:
        A bool tensor.
    """
    return _logical("logical_or", np.logical_or, input, other)


def logical_xor(input: Tensor, other: Tensor) -> Tensor:
    """Return whether exactly one element is not zero, broadcast.

    Returns:
        A bool tensor.
    """
    return _logical("logical_xor", np.logical_xor, input, other)


def logical_not(input: Tensor) -> Tensor:
    """Return whether each element is zero.

    Returns:
        A bool tensor.
    """
    return plain(np.logical_not, input)


def bitwise_and(input: Operand, other: Operand) -> Tensor:
    """Return the bits that both elements have, `input & other`; for bools, whether both are True.

    Args:
        input: any shape, bool or integer.
        other: any shape that broadcasts with `input`, bool or integer, or such a Python scalar.

    Raises:
        NotImplementedError: an operand is floating.
    """
    return _bitwise("bitwise_and", np.bitwise_and, input, other)


def bitwise_or(input: Operand, other: Operand) -> Tensor:
    """Return the bits that either element has, `input | other`; for bools, whether either is True.

    Args:
        input: any shape, bool or integer.
        other: any shape that broadcasts with `input`, bool or integer, or such a Python scalar.

    Raises:
        NotImplementedError: an operand is floating.
    """
    return _bitwise("bitwise_or", np.bitwise_or, input, other)


def bitwise_xor(input: Operand, other: Operand) -> Tensor:
    """Return the bits that exactly one element has, `input ^ other`; for bools, whether one is True.

    Args:
        input: any shape, bool or integer.
        other: any shape that broadcasts with `input`, bool or integer, or such a Python scalar.

    Raises:
        NotImplementedError: an operand is floating.
    """
    return _bitwise("bitwise_xor", np.bitwise_xor, input, other)


def bitwise_not(input: Tensor) -> Tensor:
    """Return every bit inverted, `~input`; for bools, the negation.

    Args:
        input: any shape, bool or integer.

    Raises:
        TypeError: input is floating.
    """
    if array_of("bitwise_not", input).dtype.kind == "f":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return plain(np.invert, input)


def _logical(name: str, function: Callable[..., Any], input: Tensor, other: Tensor) -> Tensor:
    a, b = array_of(name, input), array_of(name, other, "other", 2)
    require_broadcastable(a.shape, b.shape)
    return plain_binary(function, input.bool(), other.bool())


def _bitwise(name: str, function: Callable[..., Any], input: Operand, other: Operand) -> Tensor:
    operands = [getattr(x, "array", x) for x in (input, other)]
    if all(isinstance(x, (np.ndarray, bool, int, float)) for x in operands):
        dtype = common_dtype(operands)
        if dtype.kind == "f":
            kind = SCALAR_TYPE_NAMES[from_numpy_dtype(dtype)]
            raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{kind}'")
    return plain_binary(function, input, other)
