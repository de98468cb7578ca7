"""Losses of real-valued predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op
from mytorch.ops.rounding import sign

if TYPE_CHECKING:
    from mytorch._core.types import Array, Gradients


class MseLoss(Op):
    """The squared difference of two arrays, broadcast; its mean, its sum, or the array itself."""

    uses = ((0, 1), (0, 1))

    @staticmethod
    def forward(x: Array, target: Array, reduction: str) -> tuple[Array, tuple[Array, float]]:
        """Compute the loss; `reduction` is "mean", "sum" or "none"."""
        diff = np.subtract(x, target)
        squares = diff * diff
        if reduction == "none":
            return squares, (diff, 2.0)
        if reduction == "sum":
            return squares.sum(), (diff, 2.0)
        # NumPy warns of the mean of an empty array; its value is torch's, and its gradient is empty.
        if not diff.size:
            return squares.dtype.type(np.nan), (diff, 2.0)
        return squares.mean(), (diff, 2.0 / diff.size)

    @staticmethod
    def backward(saved: tuple[Array, float], grad: Array) -> Gradients:
        """With n terms, dx = 2 (x - target) dL, divided by n for the mean; dtarget = -dx."""
        diff, factor = saved
        dx = diff * (grad * diff.dtype.type(factor))
        return dx, lambda: -dx


class L1Loss(Op):
    """The absolute difference of two arrays, broadcast; flat where they are equal."""

    uses = ((0, 1), (0, 1))

    @staticmethod
    def forward(x: Array, target: Array) -> tuple[Array, Array]:
        """Compute |x - target|."""
        diff = np.subtract(x, target)
        return np.abs(diff), diff

    @staticmethod
    def backward(saved: Array, grad: Array) -> Gradients:
        """The sign of the difference."""
        dx = grad * sign(saved)
        return dx, lambda: -dx


class SmoothL1Loss(Op):
    """½d²/β where |d| < β, |d| - ½β elsewhere, of the difference d of two arrays, broadcast."""

    uses = ((0, 1), (0, 1))

    @staticmethod
    def forward(x: Array, target: Array, beta: float) -> tuple[Array, tuple[Array, float]]:
        """Compute the loss; β is positive."""
        diff = np.subtract(x, target)
        size = np.abs(diff)
        return np.where(size < beta, 0.5 * size * size / beta, size - 0.5 * beta), (diff, beta)

    @staticmethod
    def backward(saved: tuple[Array, float], grad: Array) -> Gradients:
        """d/β, limited to [-1, 1]."""
        diff, beta = saved
        dx = grad * np.where(np.abs(diff) < beta, diff / beta, np.sign(diff))
        return dx, lambda: -dx


class HuberLoss(Op):
    """½d² where |d| ≤ δ, δ(|d| - ½δ) elsewhere, of the difference d of two arrays, broadcast."""

    uses = ((0, 1), (0, 1))

    @staticmethod
    def forward(x: Array, target: Array, delta: float) -> tuple[Array, tuple[Array, float]]:
        """Compute the loss; δ is positive."""
        diff = np.subtract(x, target)
        size = np.abs(diff)
        return np.where(size <= delta, 0.5 * size * size, delta * (size - 0.5 * delta)), (diff, delta)

    @staticmethod
    def backward(saved: tuple[Array, float], grad: Array) -> Gradients:
        """The difference, limited to [-δ, δ]."""
        diff, delta = saved
        dx = grad * np.clip(diff, -delta, delta)
        return dx, lambda: -dx
