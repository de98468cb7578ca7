"""Losses that are one op."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op

if TYPE_CHECKING:
    from mytorch._types import Array, Gradients


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
        # NumPy warns of a mean over nothing and gives what torch gives; its gradient is empty anyway.
        if not diff.size:
            return squares.dtype.type(np.nan), (diff, 2.0)
        return squares.mean(), (diff, 2.0 / diff.size)

    @staticmethod
    def backward(saved: tuple[Array, float], grad: Array) -> Gradients:
        """With n terms, dx = 2 (x - target) dL, divided by n for the mean; dtarget = -dx."""
        diff, factor = saved
        dx = diff * (grad * diff.dtype.type(factor))
        return dx, lambda: -dx
