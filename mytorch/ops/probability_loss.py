"""Losses of probabilities and of their logarithms, element by element."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients

# torch's smallest denominator, 1e-12, is a float32 in every dtype.
_LEAST = float(np.float32(1e-12))


class BinaryCrossEntropy(Op):
    """-t log x - (1 - t) log(1 - x); a logarithm below -100 counts as -100, so that the loss is finite."""

    uses = ((0, 1), (0,))

    @staticmethod
    def forward(x: Array, target: Array) -> tuple[Array, Any]:
        yes, no = np.maximum(np.log(x), -100), np.maximum(np.log1p(-x), -100)
        return (target - 1) * no - target * yes, (x, target)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        x, target = saved
        return (
            # Divided first: a gradient times the difference of two denormals would be rounded to a few bits.
            (x - target) / np.maximum((1 - x) * x, _LEAST) * grad,
            # Without the limit of 100, as in torch.
            lambda: grad * (np.log1p(-x) - np.log(x)),
        )


class BinaryCrossEntropyWithLogits(Op):
    """-p t log σ(x) - (1 - t) log(1 - σ(x)) with a weight p of the positive targets, or None for 1."""

    uses = ((0, 1, 2), (0, 2), ())

    @staticmethod
    def forward(x: Array, target: Array, positive: Array | None) -> tuple[Array, Any]:
        log_sigmoid = np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))
        weight = 1.0 if positive is None else 1 + (positive - 1) * target
        return (1 - target) * x - weight * log_sigmoid, (x, target, positive, log_sigmoid)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        x, target, positive, log_sigmoid = saved
        sigmoid = 1 / (1 + np.exp(-x))
        if positive is None:
            return grad * (sigmoid - target), lambda: grad * -x, None
        wanted = positive * target
        return (
            lambda: grad * ((wanted + 1 - target) * sigmoid - wanted),
            # The two logarithms, and not x for their difference, which is nan where both are infinite.
            lambda: grad * (np.minimum(-x, 0) - np.log1p(np.exp(-np.abs(x))) - positive * log_sigmoid),
            None,
        )


class KlDiv(Op):
    """t (log t - x), the target given as t or as log t; 0 where t is 0."""

    uses = ((1,), (0, 1))

    @staticmethod
    def forward(x: Array, target: Array, log_target: bool) -> tuple[Array, Any]:
        if log_target:
            return np.exp(target) * (target - x), (x, target, True)
        # torch's order of operations: 0 · log 0 counts as 0 for any x.
        return np.where(target == 0, 0, target * np.log(target)) - target * x, (x, target, False)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        x, target, log_target = saved
        if log_target:
            share = np.exp(target)
            return grad * -share, lambda: grad * (share * (target - x + 1))
        # At 0, where the derivative is infinite, torch gives nan.
        return grad * -target, lambda: grad * np.where(target == 0, np.nan, np.log(target) + 1 - x)
