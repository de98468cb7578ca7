"""The negative log-likelihood of the true classes, of logarithms and of log-odds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op
from mytorch.ops.reduction import widened
from mytorch.ops.rows import blocks, row_by_row, total

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


class NegativeLogLikelihood(Op):
    """-w x[t] of each sample, x (N, C, *) along its second dimension, w the weight of the class t.

    Where `counts`, (N, *), is False the loss is 0 for any x; `target` may name any class there.
    """

    uses = ()

    @staticmethod
    def forward(x: Array, target: Array, weight: Array, counts: Array) -> tuple[Array, Any]:
        places = target[:, None]
        picked = np.take_along_axis(x, places, 1)[:, 0]
        return np.where(counts, -picked * weight, x.dtype.type(0)), (x.shape, places, weight, counts)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        shape, places, weight, counts = saved
        whole = np.zeros(shape, grad.dtype)
        # Not a product with 0: the upstream gradient of a mean over no sample is infinite.
        each = np.where(counts, grad * -weight, grad.dtype.type(0))
        np.put_along_axis(whole, places, each[:, None], 1)
        return (whole,)


class CrossEntropy(Op):
    """log Σ eˣ - x[t] of each sample, x (N, C, *) along its second dimension, or their mean or sum.

    Log-softmax and the negative log-likelihood as one op, which computes only the logarithms that are asked
    for, and eˣ once for both directions. Where `counts`, (N, *), is False, the loss is 0 and no sample is
    counted; with None all are.
    """

    uses = ()
    frees = True

    @staticmethod
    def forward(x: Array, target: Array, counts: Array | None, reduction: str) -> tuple[Array, Any]:
        wide = widened(x)
        powers = np.empty_like(wide)
        with row_by_row(wide):
            # The largest exponent becomes 0, so that nothing overflows.
            largest = wide.max(axis=1, keepdims=True, initial=-np.inf)
            for each, shift, out in blocks(1, wide, largest, powers):
                np.exp(each - shift, out)
        totals = total(powers, 1)
        index = _places(target)
        losses = np.log(totals[:, 0]) - (wide[index] - largest[:, 0])
        if counts is not None:
            losses = np.where(counts, losses, wide.dtype.type(0))
        count = losses.size if counts is None else np.count_nonzero(counts)
        if reduction != "none":
            losses = losses.sum()
        if reduction == "mean":
            losses /= wide.dtype.type(count)
        divisor = count if reduction == "mean" else 1
        return np.asarray(losses).astype(x.dtype, copy=False), (powers, totals, index, counts, divisor)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        powers, totals, index, counts, divisor = saved
        each = widened(grad) / totals.dtype.type(divisor)
        if counts is not None:
            # Not a product with 0: the upstream gradient of a mean over no sample is infinite.
            each = np.where(counts, each, totals.dtype.type(0))
        with row_by_row(powers):
            change = powers * (np.expand_dims(each, 1) / totals if each.ndim else each / totals)
        change[index] -= each
        return (change,)


def _places(target: Array) -> tuple[Array, ...]:
    """Return the index of the true class of every sample in an array (N, C, *)."""
    # A copy: the target is the user's, who may change it.
    classes = np.array(target)
    if target.ndim == 1:
        return np.arange(target.size), classes
    first, *others = np.ogrid[tuple([slice(n) for n in target.shape])]
    return (first, classes, *others)
