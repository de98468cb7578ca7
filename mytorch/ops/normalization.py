"""Layer normalization: features scaled to mean 0 and variance 1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op
from mytorch.ops.reduction import widened

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


def _mean(a: Array, axes: tuple[int, ...]) -> Array:
    # Over no features the result has no elements either; NumPy's mean would warn of it.
    count = max(1, math.prod([a.shape[i] for i in axes]))
    return np.asarray(a.sum(axis=axes, keepdims=True) / a.dtype.type(count))


class LayerNorm(Op):
    """n·weight + bias, n = (x - mean) / √(variance + ε) over the last `rank` dimensions of x.

    The variance is that of the population: divided by the count, not by the count minus one.
    """

    uses = ((0, 1), (0,), ())

    @staticmethod
    def forward(
        x: Array, weight: Array | None, bias: Array | None, rank: int, eps: float
    ) -> tuple[Array, Any]:
        axes = tuple(range(x.ndim - rank, x.ndim))
        wide = widened(x)
        centred = wide - _mean(wide, axes)
        scale = 1 / np.sqrt(_mean(centred * centred, axes) + wide.dtype.type(eps))
        normal = centred * scale
        out = normal if weight is None else normal * weight
        if bias is not None:
            out = out + bias
        return out.astype(x.dtype, copy=out is normal), (normal, scale, weight, axes)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        normal, scale, weight, axes = saved

        def of_input() -> Array:
            g = grad if weight is None else grad * weight
            # The forward removes shifts of the mean and scalings of the vector, so their gradient is removed.
            shift = _mean(g, axes)
            stretch = normal * _mean(g * normal, axes)
            return np.asarray((g - shift - stretch) * scale)

        return of_input, lambda: grad * normal, grad
