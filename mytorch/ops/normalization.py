"""Layer normalization: features scaled to mean 0 and variance 1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op
from mytorch.ops.reduction import widened
from mytorch.ops.rows import blocks, dot, row_by_row, total

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


class LayerNorm(Op):
    """n·weight + bias, n = (x - mean) / √(variance + ε) over the last `rank` dimensions of x.

    The variance is that of the population: divided by the count, not by the count minus one.
    """

    uses = ((0, 1), (0,), ())

    @staticmethod
    def forward(
        x: Array, weight: Array | None, bias: Array | None, rank: int, eps: float
    ) -> tuple[Array, Any]:
        # A row for each vector that is normalized.
        shape = math.prod(x.shape[:-rank]), math.prod(x.shape[-rank:])
        wide = widened(x)
        rows = wide.reshape(shape)
        number = wide.dtype.type
        # Over no features the result has no elements either; a quotient by 0 would warn of it.
        count, small = number(max(1, shape[1])), number(eps)
        means, scales = np.empty((2, shape[0], 1), wide.dtype)
        out = np.empty(x.shape, wide.dtype)
        with row_by_row(rows):
            # All in place, as fetching the memory of a second array takes as long as a few functions.
            for a, m, s, y in blocks(1, rows, means, scales, out.reshape(shape)):
                np.divide(total(a, 1), count, m)
                np.subtract(a, m, y)
                np.reciprocal(np.sqrt(dot(y, y, 1) / count + small), s)
                np.multiply(y, s, y)
                if weight is not None:
                    np.multiply(y, weight.reshape(-1), y)
                if bias is not None:
                    np.add(y, bias.reshape(-1), y)
        return out.astype(x.dtype, copy=False), (x, weight, means, scales, x.shape[-rank:])

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        x, weight, means, scales, sizes = saved
        shape = len(means), math.prod(sizes)
        arrays = widened(x).reshape(shape), widened(grad).reshape(shape), means, scales
        sums: list[Array] = []

        def of_input() -> Array:
            change = np.empty(x.shape, means.dtype)
            sums[:] = _back(*arrays, weight, change.reshape(shape))
            return change

        def of_weight() -> Array:
            if not sums:
                sums[:] = _back(*arrays, weight, None)
            return sums[0].reshape(sizes)

        return of_input, of_weight, lambda: sums[1].reshape(sizes) if sums else grad


def _back(
    x: Array, grad: Array, means: Array, scales: Array, weight: Array | None, change: Array | None
) -> tuple[Array, Array]:
    """Compute the gradients of x, of the weight and of the bias, reading the memory once.

    Args:
        x: (R, F).
        grad: of the output, (R, F).
        means: of each row of x, (R, 1).
        scales: of each row of x, (R, 1).
        weight: of F elements, or None for 1.
        change: room for the gradient of x, (R, F), or None if it is not wanted.

    Returns:
        Σ grad·n and Σ grad over the rows, the gradients of weight and bias, (F,) each.
    """
    count = x.dtype.type(max(1, x.shape[1]))
    factor = 1 if weight is None else widened(weight).reshape(-1)
    sums: list[tuple[Array, Array]] = []
    with row_by_row(x):
        for a, g, m, s, c in blocks(1, x, grad, means, scales, x if change is None else change):
            # A new array per block: its memory is that of the one before, and still in the cache.
            n = np.asarray(a - m)
            np.multiply(n, s, n)
            sums.append((np.einsum("ij,ij->j", g, n), np.ones(len(a), x.dtype) @ g))
            if change is not None:
                # The forward removes shifts of the mean and scalings of the row, so their gradient is
                # removed.
                np.multiply(g, factor, c)
                np.multiply(n, dot(c, n, 1) / count, n)
                np.subtract(c, n, c)
                np.subtract(c, total(c, 1) / count, c)
                np.multiply(c, s, c)
    if len(sums) == 1:
        return sums[0]
    into_weight, into_bias = zip(*sums, strict=True)
    return sum(into_weight), sum(into_bias)
