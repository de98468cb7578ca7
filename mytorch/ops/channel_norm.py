"""Batch and group normalization: each channel, or group of channels, scaled to mean 0 and variance 1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op
from mytorch.ops.reduction import widened

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


class ChannelNorm(Op):
    """n·weight + bias of each channel, n = (x - mean) / √(variance + ε), x (N, C, *).

    x is seen as (N, G, C/G, S). Batch normalization has a group per channel, and takes mean and variance over
    the axes 0 and 3; group normalization over 2 and 3. The mean and the variance of a channel may be given
    instead: then they are constants, of which none has a gradient.
    """

    uses = ((0, 1, 3, 4), (0, 3, 4), (), (), ())

    @staticmethod
    def forward(
        x: Array,
        weight: Array | None,
        bias: Array | None,
        mean: Array | None,
        variance: Array | None,
        groups: int,
        axes: tuple[int, ...],
        eps: float,
    ) -> tuple[Array, Any]:
        shape = len(x), groups, x.shape[1] // groups, math.prod(x.shape[2:])
        wide = widened(x).reshape(shape)
        count = wide.dtype.type(max(1, math.prod([shape[axis] for axis in axes])))
        small = wide.dtype.type(eps)
        if mean is None or variance is None:
            normal = wide - wide.sum(axis=axes, keepdims=True) / count
            # The rounding of a large mean is far above that of what is left of x.
            normal -= normal.sum(axis=axes, keepdims=True) / count
            spread = (normal * normal).sum(axis=axes, keepdims=True) / count
        else:
            normal = wide - widened(mean).reshape(_channels(shape))
            spread = widened(variance).reshape(_channels(shape))
            count = None
        scale = 1 / np.sqrt(spread + small)
        normal *= scale
        out = normal if weight is None else normal * widened(weight).reshape(_channels(shape))
        if bias is not None:
            out = out + widened(bias).reshape(_channels(shape))
        saved = normal, scale, weight, mean, variance, axes, count
        return out.reshape(x.shape).astype(x.dtype, copy=out is normal), saved

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        normal, scale, weight, _, _, axes, count = saved
        rows = widened(grad).reshape(normal.shape)

        def of_input() -> Array:
            g = rows if weight is None else rows * widened(weight).reshape(_channels(normal.shape))
            if count is None:
                return np.asarray(g * scale).reshape(grad.shape)
            along = (g * normal).sum(axis=axes, keepdims=True) / count
            # As in layer normalization: shifts and scalings were removed.
            change = g - normal * along
            change -= change.sum(axis=axes, keepdims=True) / count
            return np.asarray(change * scale).reshape(grad.shape)

        def of_weight() -> Array:
            return np.asarray((rows * normal).sum(axis=(0, 3))).reshape(-1)

        def of_bias() -> Array:
            return np.asarray(rows.sum(axis=(0, 3))).reshape(-1)

        return of_input, of_weight, of_bias, None, None


def _channels(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape in which one number per channel broadcasts."""
    return 1, shape[1], shape[2], 1


def moments(x: Array) -> tuple[Array, Array]:
    """Return the mean and the unbiased variance of each channel of (N, C, *): float32 for float16.

    Batch normalization keeps these.
    """
    wide = widened(x)
    axes = (0, *range(2, x.ndim))
    count = x.size // x.shape[1]
    mean = np.asarray(wide.mean(axis=axes))
    return mean, np.asarray(wide.var(axis=axes, ddof=1 if count > 1 else 0))
