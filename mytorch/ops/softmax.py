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


def _largest(a: Array, dim: int) -> Array:
    """Return what makes the largest exponent 0 when subtracted: nothing overflows, and no share changes."""
    return np.asarray(np.maximum.reduce(a, axis=dim, keepdims=True, initial=-np.inf))


def into_shares(a: Array, share: Array, dim: int, *, blind: bool = False) -> Array:
    """Write eᵃ / Σ eᵃ along a dimension into an array of a's shape and dtype, and return it.

    Args:
        a: at least one dimension, float32 or float64.
        share: room for the result, which may be `a` itself.
        dim: non-negative.
        blind: whether shares of nothing, where all elements are -inf, are 0 and not nan.
    """
    with row_by_row(a):
        for x, y in blocks(dim, a, share):
            top = _largest(x, dim)
            if blind:
                np.copyto(top, 0, where=top == -np.inf)
            np.subtract(x, top, y)
            np.exp(y, y)
            whole = total(y, dim)
            if blind:
                np.copyto(whole, 1, where=whole == 0)
            np.divide(y, whole, y)
    return share


class Softmax(Op):
    """eᵃ / Σ eᵃ along a dimension."""

    uses = ((OUT,),)

    @staticmethod
    def forward(a: Array, dim: int) -> tuple[Array, Any]:
        wide = widened(a)
        out = into_shares(wide, np.empty_like(wide), dim).astype(a.dtype, copy=False)
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
                # A new array per block: its memory is that of the one before, and still in the cache.
                exponents = np.asarray(x - _largest(x, dim))
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
