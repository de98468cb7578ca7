"""Windows that slide over the last dimensions of an array: what convolution and pooling are made of.

A window of `kernel` elements per dimension moves by `stride`; its elements are `dilation` apart. The views
take no memory. Gradients are added up tap by tap: all windows' elements at one place of the kernel at once.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._core.types import Array


def padded(x: Array, pads: Sequence[tuple[int, int]], value: float = 0) -> Array:
    """Return the array with a value before and after its last dimensions; itself where nothing is added.

    Args:
        x: (*, S).
        pads: how many elements before and after, for each of the dimensions S.
        value: what is added.
    """
    if not any(before or after for before, after in pads):
        return x
    lead = x.ndim - len(pads)
    shape = [size + sum(pair) for size, pair in zip(x.shape[lead:], pads, strict=True)]
    out = np.full((*x.shape[:lead], *shape), value, x.dtype)
    out[_inside(x.shape[lead:], pads)] = x
    return out


def unpadded(x: Array, pads: Sequence[tuple[int, int]]) -> Array:
    """Return the part of a padded array that is not padding, as a view."""
    sizes = [size - sum(pair) for size, pair in zip(x.shape[x.ndim - len(pads) :], pads, strict=True)]
    return np.asarray(x[_inside(sizes, pads)])


def _inside(sizes: Sequence[int], pads: Sequence[tuple[int, int]]) -> Any:
    """Return the index of the part that is not padding."""
    return ..., *[slice(before, before + size) for size, (before, _) in zip(sizes, pads, strict=True)]


def windows(x: Array, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Array:
    """Return all windows as a view, (*, outputs, kernel), with as many dimensions of both as `kernel` has.

    Args:
        x: (*, S), padded, at least as large as one window.
        kernel: elements per window.
        stride: from window to window.
        dilation: from element to element.
    """
    rank = len(kernel)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    view = np.lib.stride_tricks.sliding_window_view(x, spans, tuple(range(-rank, 0)))
    every: Any = ..., *[slice(None, None, step) for step in (*stride, *dilation)]
    return np.asarray(view[every])


def taps(
    outputs: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> list[tuple[Any, Any]]:
    """Return the index of each place of the kernel, and that of the elements of the padded input it meets.

    Both are tuples with an entry per dimension of the kernel, the second one of slices.

    Args:
        outputs: how many windows there are.
        kernel: elements per window.
        stride: from window to window.
        dilation: from element to element.
    """
    each = [
        [(k, slice(k * d, k * d + s * (count - 1) + 1, s)) for k in range(size)]
        for size, count, s, d in zip(kernel, outputs, stride, dilation, strict=True)
    ]
    return [(tuple([k for k, _ in tap]), tuple([part for _, part in tap])) for tap in product(*each)]
