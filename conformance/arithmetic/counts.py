"""Histograms as decisions: which bin each number is in, by edges that are rounded.

Called by kernels.py. A number so near an edge that rounding moves it into another bin is a branch, as for any
other comparison. Without weights the counts are exact.

Source: aten/src/ATen/native/Histogram.cpp, select_outer_bin_edges and histc.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

_ATEN: Any = torch.ops.aten


def _ends(x: Tensor, span: tuple[float, float] | None, widened: float) -> tuple[Tensor, Tensor]:
    """Return the outer edges: the given ones, or the least and the largest number.

    Args:
        x: the numbers.
        span: the given edges.
        widened: how far edges that are equal are moved apart, to either side.
    """
    if span is None and x.numel():
        low, high = x.min(), x.max()
    else:
        low, high = (x.new_full((), end) for end in span or (0.0, 1.0))
    return (low - widened, high + widened) if bool(low == high) else (low, high)


def _edges(ends: tuple[Tensor, Tensor], bins: int) -> Tensor:
    """Return equally spaced edges, (bins + 1,). The outer ones are not rounded."""
    low, high = ends
    inner = torch.arange(1, bins, dtype=torch.float64)
    return torch.cat([low[None], low + (high - low) * inner / bins, high[None]])


def _counted(x: Tensor, edges: Sequence[Tensor], weight: Tensor | None, density: bool) -> Tensor:
    """Return the histogram of the rows of `x`, (n, dimensions): one dimension per list of edges."""
    shape = [len(each) - 1 for each in edges]
    inside = torch.ones(x.shape[0], dtype=torch.bool)
    place = torch.zeros(x.shape[0], dtype=torch.int64)
    for column, each in zip(x.unbind(1), edges, strict=True):
        inside = inside & (column >= each[0]) & (column <= each[-1])
        # The last bin has both of its edges.
        found = torch.searchsorted(each.contiguous(), column.contiguous(), right=True) - 1
        place = place * (len(each) - 1) + found.clamp(0, len(each) - 2)
    if weight is None:
        counts = torch.bincount(place[inside], minlength=prod(shape)).to(torch.float64)
    else:
        zeros = torch.zeros(prod(shape), dtype=torch.float64)
        counts = zeros.index_add(0, place[inside], weight.reshape(-1)[inside])
    counts = counts.reshape(shape)
    if density:
        counts = counts / counts.sum()
        for place_of, each in enumerate(edges):
            ones = [1] * len(edges)
            ones[place_of] = -1
            counts = counts / (each[1:] - each[:-1]).reshape(ones)
    return counts


def _histc(x: Tensor, bins: int = 100, low: float = 0, high: float = 0) -> Tensor:
    """Return the counts in equal bins from `low` to `high`; of all numbers, if these are equal."""
    span = None if low == high else (float(low), float(high))
    return _counted(x.reshape(-1, 1), [_edges(_ends(x, span, 1.0), bins)], None, density=False)


def _bin_edges(
    x: Tensor,
    bins: Sequence[int],
    *,
    range: Sequence[float] | None = None,
    **_: Any,
) -> list[Tensor]:
    """Return the edges of each column of `x`."""
    columns = x.reshape(-1, x.shape[-1]).unbind(1)
    spans = [None if range is None else (range[2 * k], range[2 * k + 1]) for k, _ in enumerate(bins)]
    return [
        _edges(_ends(column, span, 0.5), count)
        for column, span, count in zip(columns, spans, bins, strict=True)
    ]


def _of_tensors(
    x: Tensor, bins: Sequence[Tensor], *, weight: Tensor | None = None, density: bool = False
) -> Tensor:
    return _counted(x.reshape(-1, x.shape[-1]), bins, weight, density)


def _of_counts(
    x: Tensor,
    bins: Sequence[int],
    *,
    range: Any = None,
    weight: Any = None,
    density: bool = False,
) -> Tensor:
    return _of_tensors(x, _bin_edges(x, bins, range=range), weight=weight, density=density)


def _of_one(
    x: Tensor,
    bins: Any = 100,
    *,
    range: Any = None,
    weight: Any = None,
    density: bool = False,
) -> tuple[Tensor, Tensor]:
    """Return the histogram of all numbers, and its edges."""
    numbers = x.reshape(-1, 1)
    edges = bins if isinstance(bins, torch.Tensor) else _bin_edges(numbers, [bins], range=range)[0]
    return _of_tensors(numbers, [edges], weight=weight, density=density), edges


# By the operation; each takes its arguments.
HISTOGRAMS: Mapping[Any, Callable[..., Any]] = {
    _ATEN.histc.default: _histc,
    _ATEN.histogram.bin_ct: _of_one,
    _ATEN.histogram.bins_tensor: _of_one,
    _ATEN._histogramdd_bin_edges.default: _bin_edges,  # noqa: SLF001 - aten's name
    _ATEN._histogramdd_from_bin_cts.default: _of_counts,  # noqa: SLF001 - aten's name
    _ATEN._histogramdd_from_bin_tensors.default: _of_tensors,  # noqa: SLF001 - aten's name
}
