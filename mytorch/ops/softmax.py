"""Softmax along a dimension, and its logarithm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import OUT, Op
from mytorch.ops.reduction import widened

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


def _shifted(a: Array, dim: int) -> Array:
    # The largest exponent becomes 0, so that nothing overflows; the shares do not depend on the shift.
    wide = widened(a)
    return np.asarray(wide - wide.max(axis=dim, keepdims=True, initial=-np.inf))


class Softmax(Op):
    """eᵃ / Σ eᵃ along a dimension."""

    uses = ((OUT,),)

    @staticmethod
    def forward(a: Array, dim: int) -> tuple[Array, Any]:
        share = np.exp(_shifted(a, dim))
        share /= share.sum(axis=dim, keepdims=True)
        out = share.astype(a.dtype, copy=False)
        return out, (out, dim)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        out, dim = saved
        product = widened(grad * out)
        return (product - out * product.sum(axis=dim, keepdims=True),)


class LogSoftmax(Op):
    """The logarithm of Softmax, a - log Σ eᵃ, along a dimension."""

    uses = ((OUT,),)

    @staticmethod
    def forward(a: Array, dim: int) -> tuple[Array, Any]:
        shifted = _shifted(a, dim)
        shifted -= np.log(np.exp(shifted).sum(axis=dim, keepdims=True))
        out = shifted.astype(a.dtype, copy=False)
        return out, (out, dim)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        out, dim = saved
        return (lambda: grad - np.exp(widened(out)) * widened(grad).sum(axis=dim, keepdims=True),)
