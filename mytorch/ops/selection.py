"""Elementwise choices between values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import BOTH, Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


def _shares(a: Array, b: Array, grad: Array, compare: Any) -> Gradients:
    """Return the gradient for the chosen operand: half of it if they are equal, all of it for nan."""

    def share(loses: Array) -> Array:
        return np.where(loses, grad.dtype.type(0), np.where(np.equal(a, b), grad / 2, grad))

    return lambda: share(compare(a, b)), lambda: share(compare(b, a))


class Maximum(Op):
    """The larger operand; nan if either is."""

    uses = BOTH

    @staticmethod
    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        return np.maximum(a, b), (a, b)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, b = saved
        return _shares(a, b, grad, np.less)


class Minimum(Op):
    """The smaller operand; nan if either is."""

    uses = BOTH

    @staticmethod
    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        return np.minimum(a, b), (a, b)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, b = saved
        return _shares(a, b, grad, np.greater)


class Where(Op):
    """a where the condition is True, b elsewhere."""

    uses = ((), (0,), (0,))

    @staticmethod
    def forward(condition: Array, a: Array, b: Array) -> tuple[Array, Any]:
        return np.where(condition, a, b), condition

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        zero = grad.dtype.type(0)
        return None, lambda: np.where(saved, grad, zero), lambda: np.where(saved, zero, grad)


class ClampBetween(Op):
    """a within two bounds that are arrays, or None; the gradient goes to the array whose value was chosen.

    A nan in any of the three gives nan. It is neither below nor above: its counterpart gets no gradient.
    """

    uses = ((0, 1, 2), (0, 1, 2), (0, 1, 2))

    @staticmethod
    def forward(a: Array, low: Array | None, high: Array | None) -> tuple[Array, Any]:
        out = a if low is None else np.maximum(a, low)
        return out if high is None else np.minimum(out, high), (a, low, high)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, low, high = saved
        zero = grad.dtype.type(0)
        if low is None:
            return np.where(a <= high, grad, zero), None, lambda: np.where(a > high, grad, zero)
        if high is None:
            return np.where(a >= low, grad, zero), lambda: np.where(a < low, grad, zero), None
        return (
            lambda: np.where((a >= low) & (a <= high), grad, zero),
            lambda: np.where((low < high) & (a < low), grad, zero),
            lambda: np.where((a > high) | (high < low), grad, zero),
        )


class Clamp(Op):
    """a within two bounds that are scalars; the gradient passes at the bounds themselves."""

    uses = ((0,),)

    @staticmethod
    def forward(a: Array, low: float | None, high: float | None) -> tuple[Array, Any]:
        out = a if low is None else np.maximum(a, low)
        return out if high is None else np.minimum(out, high), (a, low, high)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, low, high = saved
        inside = np.ones(a.shape, np.bool_)
        if low is not None:
            inside &= a >= low
        if high is not None:
            inside &= a <= high
        return (np.where(inside, grad, grad.dtype.type(0)),)
