"""Elementwise nonlinearities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.autograd.apply import apply
from mytorch.functions._check import array_of
from mytorch.ops import activation as ops

if TYPE_CHECKING:
    from mytorch._tensor import Tensor


def sigmoid(input: Tensor) -> Tensor:
    """Return 1 / (1 + e^-input), accurate in relative terms where it saturates.

    Args:
        input: any shape, any dtype.

    Returns:
        Of the same shape, floating, between 0 and 1.

    Raises:
        TypeError: input is no Tensor.
    """
    return apply(ops.Sigmoid, input)


def tanh(input: Tensor) -> Tensor:
    """Return the hyperbolic tangent.

    Args:
        input: any shape, any dtype.

    Returns:
        Of the same shape, floating, between -1 and 1.

    Raises:
        TypeError: input is no Tensor.
    """
    return apply(ops.Tanh, input)


def relu(input: Tensor) -> Tensor:
    """Return the larger of each element and 0; the gradient at 0 is 0.

    Args:
        input: any shape, any dtype but bool.

    Returns:
        Of the same shape and dtype.

    Raises:
        RuntimeError: input is bool.
        TypeError: input is no Tensor.
    """
    if array_of("relu", input).dtype.kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu")
    return apply(ops.Relu, input)
