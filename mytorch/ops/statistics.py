"""Means, variances, products, norms, running sums and products; `axis` is a tuple of non-negative numbers."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import OUT, Op
from mytorch.ops.reduction import restore, total_of, widened
from mytorch.ops.rounding import sign

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


class Mean(Op):
    """Mean over dimensions; nan for an empty array."""

    uses = ()

    @staticmethod
    def forward(a: Array, axis: tuple[int, ...], keepdim: bool) -> tuple[Array, Any]:
        count = 1
        for i in axis:
            count *= a.shape[i]
        total = total_of(a, axis, keepdim)
        return (total / total.dtype.type(count)).astype(a.dtype, copy=False), (a.shape, axis, count)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        shape, axis, count = saved
        return (lambda: np.broadcast_to(restore(grad / grad.dtype.type(count), shape, axis), shape),)


class Var(Op):
    """The sum of squared differences from the mean, divided by their number minus a correction; or its root.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.var.html; two passes, as NumPy computes it.
    """

    uses = ((0, OUT),)

    @staticmethod
    def forward(
        a: Array, axis: tuple[int, ...], keepdim: bool, correction: float, root: bool
    ) -> tuple[Array, Any]:
        wide = widened(a)
        count = 1
        for i in axis:
            count *= a.shape[i]
        freedom = max(count - correction, 0)
        centred = wide - wide.mean(axis=axis, keepdims=True)
        out = np.asarray((centred * centred).sum(axis=axis, keepdims=keepdim)) / wide.dtype.type(freedom)
        out = np.asarray(np.sqrt(out) if root else out).astype(a.dtype, copy=False)
        return out, (a, axis, freedom, out if root else None)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, axis, freedom, root = saved
        if root is not None:
            # Where all elements are equal the root has no derivative; torch gives 0.
            grad = np.where(root == 0, 0, grad / (2 * root)).astype(grad.dtype, copy=False)
        centred = a - widened(a).mean(axis=axis, keepdims=True).astype(a.dtype, copy=False)
        return (restore(grad, a.shape, axis) * (grad.dtype.type(2) / grad.dtype.type(freedom)) * centred,)


class Prod(Op):
    """The product over one dimension."""

    uses = ((0,),)

    @staticmethod
    def forward(a: Array, dim: int, keepdim: bool) -> tuple[Array, Any]:
        out = widened(a).prod(axis=dim, keepdims=keepdim, dtype=widened(a).dtype)
        return np.asarray(out).astype(a.dtype, copy=False), (a, dim, keepdim)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, dim, keepdim = saved
        # The product of all others, those before times those after: a division would fail at 0.
        rows = np.moveaxis(a, dim, 0)
        before, after = np.ones_like(rows), np.ones_like(rows)
        np.cumprod(rows[:-1], axis=0, out=before[1:])
        np.cumprod(rows[:0:-1], axis=0, out=after[-2::-1])
        others = np.moveaxis(before * after, 0, dim)
        return ((grad if keepdim else np.expand_dims(grad, dim)) * others,)


class CumSum(Op):
    """Running sums along one dimension."""

    uses = ()

    @staticmethod
    def forward(a: Array, dim: int) -> tuple[Array, Any]:
        return np.cumsum(widened(a), axis=dim, dtype=widened(a).dtype).astype(a.dtype, copy=False), dim

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (np.flip(np.cumsum(np.flip(grad, saved), axis=saved, dtype=grad.dtype), saved),)


class CumProd(Op):
    """Running products along one dimension."""

    uses = ((0,),)

    @staticmethod
    def forward(a: Array, dim: int) -> tuple[Array, Any]:
        out = np.cumprod(widened(a), axis=dim, dtype=widened(a).dtype)
        return out.astype(a.dtype, copy=False), (a, dim)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        # The gradient of aᵢ is the product of all factors before it times sᵢ = gᵢ + aᵢ₊₁·sᵢ₊₁: nothing is
        # divided by a factor, which may be 0. After each round, sᵢ has twice as many terms, and steps[i] is
        # the product by which those that follow them are multiplied.
        a, dim = saved
        rows = np.moveaxis(widened(a), dim, 0)
        terms = np.moveaxis(grad, dim, 0).astype(rows.dtype)
        steps, before = np.ones_like(rows), np.ones_like(rows)
        steps[:-1] = rows[1:]
        np.cumprod(rows[:-1], axis=0, out=before[1:])
        reach = 1
        while reach < len(rows):
            terms[:-reach] += steps[:-reach] * terms[reach:]
            steps[:-reach] *= steps[reach:]
            reach *= 2
        return (np.moveaxis(before * terms, 0, dim).astype(grad.dtype, copy=False),)


class LogSumExp(Op):
    """log Σ exp(a), shifted by the largest element so that nothing overflows."""

    uses = ((0, OUT),)
    float_result = True

    @staticmethod
    def forward(a: Array, axis: tuple[int, ...], keepdim: bool) -> tuple[Array, Any]:
        largest = np.max(a, axis=axis, keepdims=True, initial=-inf)
        shift = np.where(np.isfinite(largest), largest, 0).astype(a.dtype, copy=False)
        total = np.log(widened(np.exp(a - shift)).sum(axis=axis, keepdims=True)) + shift
        kept = np.asarray(total).astype(a.dtype, copy=False)
        out = kept if keepdim else kept.reshape([n for i, n in enumerate(a.shape) if i not in axis])
        return out, (a, axis, out)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, axis, out = saved
        return (restore(grad, a.shape, axis) * np.exp(a - restore(out, a.shape, axis)),)


class Norm(Op):
    """(Σ |a|^p)^(1/p); the largest or smallest |a| for p = ±∞, and the count of nonzero elements for p = 0.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.vector_norm.html; where it has no
    derivative, torch's choice: 0 at 0, and equal shares for equal extremes.
    """

    uses = ((0, OUT),)

    @staticmethod
    def forward(a: Array, axis: tuple[int, ...], keepdim: bool, p: float) -> tuple[Array, Any]:
        size = np.abs(widened(a))
        if p in (inf, -inf):
            reduce = np.max if p > 0 else np.min
            out = reduce(size, axis=axis, keepdims=keepdim)
        elif p == 0:
            out = (size != 0).sum(axis=axis, keepdims=keepdim)
        elif p == 1 or all(a.shape[i] == 1 for i in axis):
            # The root of the power of one element would round twice.
            out = size.sum(axis=axis, keepdims=keepdim)
        elif p == 2:
            out = np.sqrt((size * size).sum(axis=axis, keepdims=keepdim))
        else:
            out = (size**p).sum(axis=axis, keepdims=keepdim) ** (1 / p)
        out = np.asarray(out).astype(a.dtype, copy=False)
        return out, (a, axis, p, out)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, axis, p, out = saved
        norm, upstream = restore(out, a.shape, axis), restore(grad, a.shape, axis)
        if p == 0:
            return (None,)
        if p in (inf, -inf):
            chosen = (np.abs(a) == norm) | (np.isnan(a) & np.isnan(norm))
            share = sign(a) * upstream / chosen.sum(axis=axis, keepdims=True, dtype=a.dtype)
            return (np.where(chosen, share, a.dtype.type(0)),)
        if p == 1:
            return (sign(a) * upstream,)
        if p == 2:
            return (np.where(norm == 0, a.dtype.type(0), a * (upstream / norm)),)
        slope = sign(a) * np.abs(a) ** (p - 1) * (upstream / norm ** (p - 1))
        return (np.where((norm == 0) | ((p < 1) & (a == 0)), a.dtype.type(0), slope),)
