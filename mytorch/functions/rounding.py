"""Integers near the elements, and the signs of elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.autograd._apply import apply
from mytorch.functions._check import array_of, integer_of, require_floating
from mytorch.ops import rounding as ops

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._tensor import Tensor

__all__ = ["ceil", "floor", "round", "sign", "trunc"]


def floor(input: Tensor) -> Tensor:
    """Return the largest integer that is not above input; its gradient is 0.

    Args:
        input: any shape, any dtype but bool.

    Raises:
        NotImplementedError: input is bool.
    """
    return _whole("floor", np.floor, input)


def ceil(input: Tensor) -> Tensor:
    """Return the smallest integer that is not below input; its gradient is 0.

    Args:
        input: any shape, any dtype but bool.

    Raises:
        NotImplementedError: input is bool.
    """
    return _whole("ceil", np.ceil, input)


def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """Return the nearest integer, the even one of two equally near; its gradient is 0.

    Args:
        input: any shape, any dtype but bool.
        decimals: how many decimal digits are kept instead, of floats; negative ones stand before the point.

    Raises:
        NotImplementedError: input is bool, or integers are rounded to decimals.

    Examples:
        >>> x = mytorch.tensor([0.5, 1.5, 2.5])
        >>> mytorch.round(x)
        tensor([0., 2., 2.])
    """
    if not (type(decimals) is int and not decimals):
        decimals = integer_of("round", "decimals", decimals)
    if not decimals:
        return _whole("round", np.round, input)
    require_floating("round", input)
    return apply(ops.Flat, input, function=lambda a: ops.round_decimals(a, decimals))


def trunc(input: Tensor) -> Tensor:
    """Return input without its fraction; its gradient is 0.

    Args:
        input: any shape, any dtype but bool.

    Raises:
        NotImplementedError: input is bool.
    """
    return _whole("trunc", np.trunc, input)


def sign(input: Tensor) -> Tensor:
    """Return 1, 0 or -1, as input is positive, zero or negative; its gradient is 0."""
    if array_of("sign", input).dtype.kind == "b":
        return input.clone()
    return apply(ops.Flat, input, function=ops.sign)


def _whole(name: str, function: Callable[..., Any], input: Tensor) -> Tensor:
    kind = array_of(name, input).dtype.kind
    if kind == "b":
        raise NotImplementedError(f"\"{name}_vml_cpu\" not implemented for 'Bool'")
    # Integers stay as they are; NumPy would make floats of them.
    return apply(ops.Flat, input, function=function if kind == "f" else np.copy)
