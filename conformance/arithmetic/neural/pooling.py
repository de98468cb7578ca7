"""Means over windows, and the gradients of all pooling, by sums at places.

The maxima have rules: they are elements of the input, and their places are decisions.
"""

from __future__ import annotations

from functools import cache, partial
from math import prod
from typing import TYPE_CHECKING, Any

import torch

from conformance.arithmetic.neural.taps import put_back, spread, taken, unmoved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

# The windows of one dimension: the elements of each (places, taps), and by how many each is divided (places).
_Axis = tuple["Tensor", "Tensor"]


def _once(windows: Callable[..., _Axis]) -> Callable[..., _Axis]:
    """Return a function that finds windows once for each size: whole numbers, which have no noise."""
    return cache(partial(unmoved, windows))


@_once
def _windows(size: int, k: int, stride: int, padding: int, ceil: bool, whole: bool) -> _Axis:
    """Return the windows of one dimension, as `avg_pool2d` has them.

    Args:
        size: how many elements there are.
        k: the size of a window.
        stride: from window to window.
        padding: how many zeros stand on both sides.
        ceil: a last window that is not full counts, too.
        whole: the padding counts as elements.
    """
    span = size + 2 * padding - k
    count = (span + (stride - 1 if ceil else 0)) // stride + 1
    if ceil and (count - 1) * stride >= size + padding:
        count -= 1
    starts = torch.arange(count) * stride - padding
    ends = (starts + k).clamp(max=size + padding)
    inside = ends.clamp(max=size) - starts.clamp(min=0)
    places = starts[:, None] + torch.arange(k)
    return _beyond(places, size), (ends - starts if whole else inside).double()


@_once
def _adaptive(size: int, out: int) -> _Axis:
    """Return the windows of one dimension, as `adaptive_avg_pool2d` has them: from ⌊o·I/O⌋ to ⌈(o+1)·I/O⌉."""
    steps = torch.arange(out)
    starts, ends = steps * size // out, -((steps + 1) * -size // out)
    counts = ends - starts
    places = starts[:, None] + torch.arange(int(counts.max()) if out else 0)
    return _beyond(places.where(places < ends[:, None], size), size), counts.double()


def _beyond(places: Tensor, size: int) -> Tensor:
    """Return the places with that of the zero for those that are not elements."""
    return places.where((places >= 0) & (places < size), size)


def _counts(axes: Sequence[_Axis]) -> Tensor:
    count = torch.ones((), dtype=torch.float64)
    for _, each in axes:
        count = count[..., None] * each
    return count


def _mean(x: Tensor, axes: Sequence[_Axis], divisor: float | None) -> Tensor:
    """Return the mean over windows: a sum, and a quotient."""
    tables = [places for places, _ in axes]
    return _over_taps(taken(x, tables), axes, divisor)


def _over_taps(windows: Tensor, axes: Sequence[_Axis], divisor: float | None) -> Tensor:
    """Return the sum over the last dimensions, divided by the number of elements."""
    return windows.sum([*range(-len(axes), 0)]) / (divisor or _counts(axes))


def _mean_backward(grad: Tensor, x: Tensor, axes: Sequence[_Axis], divisor: float | None) -> Tensor:
    count = len(axes)
    tables = [places for places, _ in axes]
    each = grad / (divisor or _counts(axes))
    taps = [table.shape[1] for table in tables]
    return spread(each[(..., *[None] * count)].expand(*each.shape, *taps), tables, x.shape[-count:])


def _given(rank: int, kernel: Any, stride: Any, padding: Any) -> list[list[int]]:
    """Return the window, the stride and the padding of each dimension."""
    return [[*value] * (rank // len(value)) for value in (kernel, stride or kernel, padding)]


def _axes(
    x: Tensor, rank: int, kernel: Any, stride: Any, padding: Any, ceil: bool, whole: bool
) -> list[_Axis]:
    kernels, strides, paddings = _given(rank, kernel, stride, padding)
    rows = zip(x.shape[-rank:], kernels, strides, paddings, strict=True)
    return [_windows(size, k, s, p, ceil, whole) for size, k, s, p in rows]


def _views(
    x: Tensor, axes: Sequence[_Axis], kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int]
) -> Tensor:
    """Return the windows as views of the input with its zeros, which take no memory for their replicates."""
    rank, lead = len(axes), x.dim() - len(axes)
    counts = [len(places) for places, _ in axes]
    spans = [(count - 1) * s + k for count, s, k in zip(counts, stride, kernel, strict=True)]
    sizes = x.shape[-rank:]
    more = [[p, max(0, span - p - size)] for size, span, p in zip(sizes, spans, padding, strict=True)]
    # From the last dimension to the first.
    windows = torch.constant_pad_nd(x, [each for pair in reversed(more) for each in pair])
    for dim, (count, s, k) in enumerate(zip(counts, stride, kernel, strict=True), start=lead):
        windows = windows.unfold(dim, k, s).narrow(dim, 0, count)
    return windows


def _average(rank: int) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """Return the mean over windows of that many dimensions, and its gradient."""

    def forward(
        x: Tensor,
        kernel: Sequence[int],
        stride: Sequence[int] = (),
        padding: Sequence[int] = (0,),
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Tensor:
        axes = _axes(x, rank, kernel, stride, padding, ceil_mode, count_include_pad)
        views = _views(x, axes, *_given(rank, kernel, stride, padding))
        return _over_taps(views, axes, divisor_override)

    def backward(
        grad: Tensor,
        x: Tensor,
        kernel: Sequence[int],
        stride: Sequence[int],
        padding: Sequence[int],
        ceil_mode: bool,
        count_include_pad: bool,
        divisor_override: int | None,
    ) -> Tensor:
        axes = _axes(x, rank, kernel, stride, padding, ceil_mode, count_include_pad)
        return _mean_backward(grad, x, axes, divisor_override)

    return forward, backward


def _adaptive_average(rank: int) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """Return the mean over as many windows as asked for, and its gradient."""

    def forward(x: Tensor, output_size: Sequence[int]) -> Tensor:
        if prod(output_size) == 1:
            return x.mean([*range(-rank, 0)], keepdim=True)
        sizes = zip(x.shape[-rank:], output_size, strict=True)
        return _mean(x, [_adaptive(*pair) for pair in sizes], None)

    def backward(grad: Tensor, x: Tensor) -> Tensor:
        sizes = zip(x.shape[-rank:], grad.shape[-rank:], strict=True)
        return _mean_backward(grad, x, [_adaptive(*pair) for pair in sizes], None)

    return forward, backward


def _max_backward(rank: int) -> Callable[..., Tensor]:
    """Return the gradient of a maximum over windows: it goes where the maximum was."""

    def backward(grad: Tensor, x: Tensor, *given: Any) -> Tensor:
        # The places are last in all of these.
        return put_back(grad, given[-1], x.shape[-rank:])

    return backward


_AVERAGE = {rank: _average(rank) for rank in (2, 3)}
_ADAPTIVE = {rank: _adaptive_average(rank) for rank in (2, 3)}

KERNELS: Mapping[str, Callable[..., Any]] = {
    "avg_pool2d": _AVERAGE[2][0],
    "avg_pool2d_backward": _AVERAGE[2][1],
    "avg_pool3d": _AVERAGE[3][0],
    "avg_pool3d_backward": _AVERAGE[3][1],
    "_adaptive_avg_pool2d": _ADAPTIVE[2][0],
    "_adaptive_avg_pool2d_backward": _ADAPTIVE[2][1],
    "_adaptive_avg_pool3d": _ADAPTIVE[3][0],
    "_adaptive_avg_pool3d_backward": _ADAPTIVE[3][1],
    "max_pool2d_with_indices_backward": _max_backward(2),
    "max_pool3d_with_indices_backward": _max_backward(3),
    "adaptive_max_pool2d_backward": _max_backward(2),
    "adaptive_max_pool3d_backward": _max_backward(3),
    "fractional_max_pool2d_backward": _max_backward(2),
    "fractional_max_pool3d_backward": _max_backward(3),
}
