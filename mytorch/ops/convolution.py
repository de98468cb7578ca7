"""Convolution over one or more dimensions: one product of the weight and of all windows."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op
from mytorch.ops.reduction import widened
from mytorch.ops.windows import padded, taps, unpadded, windows

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from mytorch._core.types import Array, Gradients

    Sizes: TypeAlias = tuple[int, ...]
    Pads: TypeAlias = tuple[tuple[int, int], ...]


class Convolution(Op):
    """Σ weight·x over each window and over the channels of a group, + bias; no kernel is flipped.

    The windows of all samples become the columns of one matrix per group, (C/G·K, N·L), which the weights
    (O/G, C/G·K) multiply. The columns are made again for the gradient: they take K times the input's memory.
    """

    uses = ((1,), (0,), ())

    @staticmethod
    def forward(
        x: Array,
        weight: Array,
        bias: Array | None,
        stride: Sizes,
        padding: Pads,
        dilation: Sizes,
        groups: int,
    ) -> tuple[Array, Any]:
        """Compute (N, O, outputs) for x (N, C, S), weight (O, C/G, kernel) and bias (O,) or None."""
        columns, outputs = _columns(x, weight.shape[2:], stride, padding, dilation, groups)
        out = (_rows(weight, groups) @ columns).reshape(len(weight), -1)
        if bias is not None:
            out += bias[:, None]
        whole = out.reshape(len(weight), len(x), *outputs).swapaxes(0, 1).astype(x.dtype, copy=False)
        return np.ascontiguousarray(whole), (x, weight, stride, padding, dilation, groups)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        """Return dx, dweight and dbias."""
        x, weight, stride, padding, dilation, groups = saved
        count, kernel, outputs = len(x), weight.shape[2:], grad.shape[2:]
        size = count * prod(outputs)
        # (G, O/G, N·L), as the product of the forward.
        rows = widened(grad).swapaxes(0, 1).reshape(groups, len(weight) // groups, size)

        def of_input() -> Array:
            of_columns = _rows(weight, groups).swapaxes(1, 2) @ rows
            of_columns = of_columns.reshape(x.shape[1], *kernel, count, *outputs)
            sizes = [n + before + after for n, (before, after) in zip(x.shape[2:], padding, strict=True)]
            whole = np.zeros((x.shape[1], count, *sizes), of_columns.dtype)
            for place, parts in taps(outputs, kernel, stride, dilation):
                whole[:, :, *parts] += of_columns[:, *place]
            return unpadded(whole, padding).swapaxes(0, 1)

        def of_weight() -> Array:
            columns, _ = _columns(x, kernel, stride, padding, dilation, groups)
            return np.asarray(rows @ columns.swapaxes(1, 2)).reshape(weight.shape)

        def of_bias() -> Array:
            return np.asarray(rows.sum(2)).reshape(-1)

        return of_input, of_weight, of_bias


def _rows(weight: Array, groups: int) -> Array:
    """Return the weight as one matrix per group, (G, O/G, C/G·K)."""
    return widened(weight).reshape(groups, len(weight) // groups, prod(weight.shape[1:]))


def _columns(
    x: Array, kernel: Sizes, stride: Sizes, padding: Pads, dilation: Sizes, groups: int
) -> tuple[Array, Sizes]:
    """Return the windows as columns, (G, C/G·K, N·L), and the sizes of the output."""
    rank, (count, channels) = len(kernel), x.shape[:2]
    view = windows(padded(widened(x), padding), kernel, stride, dilation)
    outputs = view.shape[2 : 2 + rank]
    order = (1, *range(2 + rank, 2 + 2 * rank), 0, *range(2, 2 + rank))
    shape = groups, channels // groups * prod(kernel), count * prod(outputs)
    return view.transpose(order).reshape(shape), outputs
