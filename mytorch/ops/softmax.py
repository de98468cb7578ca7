"""Softmax along a dimension, and its logarithm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import OUT, Op
from mytorch.ops.reduction import widened
from mytorch.ops.rows import blocks, dot, row_by_row, total

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


def _shifted(a: Array, dim: int) -> Array:
    """Return exponents of which the largest is 0, so that nothing overflows; it changes no share."""
    return np.asarray(a - a.max(axis=dim, keepdims=True, initial=-np.inf))


class Softmax(Op):
    """eᵃ / Σ eᵃ along a dimension."""

    uses = ((OUT,),)

    @staticmethod
    def forward(a: Array, dim: int) -> tuple[Array, Any]:
        wide = widened(a)
        share = np.empty_like(wide)
        with row_by_row(wide):
            for x, y in blocks(dim, wide, share):
                # A new array per block: its memory is that of the one before, and still in the cache.
                powers = _shifted(x, dim)
                np.exp(powers, powers)
                np.divide(powers, total(powers, dim), y)
        out = share.astype(a.dtype, copy=False)
        return out, (out, dim)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        out, dim = saved
        grad, out = widened(grad), widened(out)
        change = np.empty_like(out)
        with row_by_row(out):
            for g, y, each in blocks(dim, grad, out, change):
                np.subtract(g, dot(g, y, dim), each)
                np.multiply(each, y, each)
        return (change,)


class LogSoftmax(Op):
    """The logarithm of Softmax, a - log Σ eᵃ, along a dimension."""

    uses = ((OUT,),)

    @staticmethod
    def forward(a: Array, dim: int) -> tuple[Array, Any]:
        wide = widened(a)
        logs = np.empty_like(wide)
        with row_by_row(wide):
            for x, y in blocks(dim, wide, logs):
                exponents = _shifted(x, dim)
                np.subtract(exponents, np.log(total(np.exp(exponents), dim)), y)
        out = logs.astype(a.dtype, copy=False)
        return out, (out, dim)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        out, dim = saved
        grad, out = widened(grad), widened(out)
        change = np.empty_like(out)
        with row_by_row(out):
            for g, y, each in blocks(dim, grad, out, change):
                np.exp(y, each)
                np.multiply(each, total(g, dim), each)
                np.subtract(g, each, each)
        return (change,)
