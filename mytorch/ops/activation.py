"""Elementwise nonlinearities."""

# What forward and backward take and give is said once, in Op.
# ruff: noqa: D102

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import OUT, Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._types import Array, Gradients


class Sigmoid(Op):
    """1 / (1 + e^-a)."""

    uses = ((OUT,),)
    float_result = True

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        # Not ½·tanh(a/2) + ½: that loses all relative accuracy where the result is small. Where e^-a
        # overflows, 1/inf is the 0 that is wanted.
        out = np.empty_like(a)
        np.negative(a, out=out)
        np.exp(out, out=out)
        np.add(out, 1, out=out)
        np.reciprocal(out, out=out)
        return out, out

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad * ((1 - saved) * saved),)


class Tanh(Op):
    """The hyperbolic tangent of a."""

    uses = ((OUT,),)
    float_result = True

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        out = np.tanh(a)
        return out, out

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad * (1 - saved * saved),)


class Relu(Op):
    """The larger of a and 0; flat at 0."""

    uses = ((OUT,),)

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        out = np.maximum(a, 0)
        return out, out

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        # Multiplying by the mask would make nan of an infinite gradient.
        return (np.where(saved > 0, grad, grad.dtype.type(0)),)
