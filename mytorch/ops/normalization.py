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
        normal, scale = np.empty(shape, wide.dtype), np.empty((shape[0], 1), wide.dtype)
        out = np.empty(x.shape, wide.dtype)
        with row_by_row(rows):
            for a, n, s, y in blocks(1, rows, normal, scale, out.reshape(shape)):
                np.subtract(a, total(a, 1) / count, n)
                np.reciprocal(np.sqrt(dot(n, n, 1) / count + small), s)
                np.multiply(n, s, n)
                np.multiply(n, 1 if weight is None else weight.reshape(-1), y)
                if bias is not None:
                    np.add(y, bias.reshape(-1), y)
        return out.astype(x.dtype, copy=False), (normal, scale, weight)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        normal, scale, weight = saved
        rows = grad.reshape(normal.shape)
        count = normal.dtype.type(max(1, normal.shape[1]))

        def of_input() -> Array:
            change = np.empty(grad.shape, normal.dtype)
            with row_by_row(normal):
                for g, n, s, c in blocks(1, rows, normal, scale, change.reshape(normal.shape)):
                    weighted = widened(g) if weight is None else g * widened(weight).reshape(-1)
                    # The forward removes shifts of the mean and scalings of the vector, so their gradient
                    # is removed.
                    np.multiply(n, dot(weighted, n, 1) / count, c)
                    np.subtract(weighted, c, c)
                    np.subtract(c, total(weighted, 1) / count, c)
                    np.multiply(c, s, c)
            return change

        def of_weight() -> Array:
            return np.asarray(np.einsum("ij,ij->j", rows, normal)).reshape(weight.shape)

        return of_input, of_weight, grad
