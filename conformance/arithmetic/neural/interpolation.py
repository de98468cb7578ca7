"""Interpolation to another size, by elements and weights per dimension, and its gradients.

The weights follow from coordinates, which float32 rounds: so they are noisy, and the places of the elements
are not. Called by name from kernels.py.

Source: aten/src/ATen/native/UpSample.h and cpu/UpSampleKernel.cpp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from conformance.arithmetic.neural.filters import SPANS, WEIGHTS, cubic_taps
from conformance.arithmetic.neural.taps import spread, summed, unmoved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

_ATEN: Any = torch.ops.aten


class _Axis(NamedTuple):
    """What each output along one dimension is the sum of.

    Attributes:
        places: of the elements, (outputs, taps); integers.
        weights: of the elements, (outputs, taps); noisy.
    """

    places: Tensor
    weights: Tensor


def _scale(size: int, out: int, align: bool, factor: float | None) -> float:
    """Return how many elements one step of the output is. Source: `area_pixel_compute_scale`."""
    if align:
        return (size - 1) / (out - 1) if out > 1 else 0.0
    return 1 / factor if factor else size / out


def _coordinates(out: int, scale: float, align: bool) -> tuple[Tensor, Tensor]:
    """Return where the outputs stand among the elements: noisy, and clean."""
    steps = torch.arange(out, dtype=torch.float64)

    def computed() -> Tensor:
        return steps * scale if align else (steps + 0.5) * scale - 0.5

    return computed(), unmoved(computed)


def _linear(size: int, out: int, align: bool, factor: float | None) -> _Axis | None:
    if size == out:
        return None
    at, clean = _coordinates(out, _scale(size, out, align, factor), align)
    left = unmoved(lambda: clean.clamp(min=0.0).floor().clamp(max=size - 1.0))
    share = at.clamp(min=0.0) - left
    first = left.long()
    return _Axis(
        torch.stack([first, (first + 1).clamp(max=size - 1)], 1), torch.stack([1.0 - share, share], 1)
    )


def _cubic(size: int, out: int, align: bool, factor: float | None) -> _Axis | None:
    scale = _scale(size, out, align, factor)
    if size == out and scale == 1:
        return None
    at, clean = _coordinates(out, scale, align)
    left = unmoved(clean.floor)
    places = left.long()[:, None] + torch.arange(-1, 3)
    return _Axis(places.clamp(0, size - 1), torch.stack(cubic_taps(at - left), 1))


def _antialiased(name: str) -> Callable[..., _Axis | None]:
    """Return what makes the weights of a filter that widens as the output shrinks."""

    def axis(size: int, out: int, align: bool, factor: float | None) -> _Axis | None:
        scale = _scale(size, out, align, factor)
        if size == out and scale == 1:
            return None
        support, narrower = SPANS[name] * max(scale, 1.0), 1 / max(scale, 1.0)
        centers = (torch.arange(out, dtype=torch.float64) + 0.5) * scale
        clean = unmoved(lambda: (torch.arange(out, dtype=torch.float64) + 0.5) * scale).tolist()
        starts = [max(int(center - support + 0.5), 0) for center in clean]
        counts = [
            min(int(center + support + 0.5), size) - start
            for center, start in zip(clean, starts, strict=True)
        ]
        taps = torch.arange(max(counts))
        first = torch.tensor(starts)
        inside = taps < torch.tensor(counts)[:, None]
        # From the first element, whose distance is rounded once, as the kernel's index is whole.
        away = ((first.double()[:, None] + taps + 0.5) - centers[:, None]) * narrower
        weights = torch.where(inside, WEIGHTS[name](away), 0.0)
        places = torch.where(inside, first[:, None] + taps, size - 1)
        total = weights.sum(1, keepdim=True)
        return _Axis(places, weights / torch.where(unmoved(lambda: total != 0), total, 1.0))

    return axis


def _along(x: Tensor, dim: int, axis: _Axis | None) -> Tensor:
    """Return the weighted sums along one dimension, added in the order of the taps."""
    if axis is None:
        return x
    shape = [-1 if each == dim % x.dim() else 1 for each in range(x.dim())]
    return summed(
        x.index_select(dim, axis.places[:, tap]) * axis.weights[:, tap].view(shape)
        for tap in range(axis.places.shape[1])
    )


def _interpolated(x: Tensor, axes: Sequence[_Axis | None]) -> Tensor:
    for dim, axis in reversed([*enumerate(axes, start=-len(axes))]):
        x = _along(x, dim, axis)
    # A result of its own, also where no dimension changes.
    return x.clone()


def _gradient(grad: Tensor, axes: Sequence[_Axis | None], sizes: Sequence[int]) -> Tensor:
    """Return the adjoint: each weight times the gradient is added where its element stands."""
    count = len(axes)
    values = grad[(..., *[None] * count)]
    tables = []
    for dim, (axis, out) in enumerate(zip(axes, grad.shape[-count:], strict=True)):
        tables.append(torch.arange(out)[:, None] if axis is None else axis.places)
        if axis is not None:
            taps = axis.weights.shape[1]
            shape = [out if k == dim else taps if k == count + dim else 1 for k in range(2 * count)]
            values = values * axis.weights.view(shape)
    return spread(values, tables, sizes)


def _both(
    make: Callable[..., _Axis | None], rank: int, *, copies: bool = False
) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """Return an interpolation over that many dimensions, and its gradient.

    Args:
        make: the elements and weights along one dimension, by its sizes.
        rank: the number of dimensions.
        copies: the forward copies where the size does not change, whatever factor is given; the gradient, as
            torch computes it, does not.
    """

    def axes(
        sizes: Sequence[int], out: Sequence[int], align: bool, factors: Sequence[float | None]
    ) -> list[_Axis | None]:
        factors = factors or [None] * rank
        rows = zip(sizes, out, factors, strict=True)
        return [make(size, count, align, factor) for size, count, factor in rows]

    def forward(x: Tensor, output_size: Sequence[int], align: bool, *factors: float | None) -> Tensor:
        sizes = x.shape[-rank:]
        found = axes(sizes, output_size, align, factors)
        if copies:
            found = [
                axis if size != out else None
                for axis, size, out in zip(found, sizes, output_size, strict=True)
            ]
        return _interpolated(x, found)

    def backward(
        grad: Tensor,
        output_size: Sequence[int],
        input_size: Sequence[int],
        align: bool,
        *factors: float | None,
    ) -> Tensor:
        sizes = input_size[-rank:]
        return _gradient(grad, axes(sizes, output_size, align, factors), sizes)

    return forward, backward


def _nearest_backward(prefix: str, rank: int) -> Callable[..., Tensor]:
    """Return the gradient of `upsample_nearest`: the sum of those of the copies of each element."""
    forward = getattr(_ATEN, f"{prefix}1d")

    def places(size: int, out: int, factor: float | None) -> Tensor:
        """Return where each output along one dimension comes from, as `nearest_idx` has it."""
        if "exact" not in prefix and out in (size, 2 * size):
            # Whatever the factor is.
            return torch.arange(out) // (out // size)
        numbers = torch.arange(size, dtype=torch.float64)
        found: Tensor = forward(numbers.view(1, 1, -1), [out], factor).view(-1).long()
        return found

    def backward(
        grad: Tensor, output_size: Sequence[int], input_size: Sequence[int], *factors: float | None
    ) -> Tensor:
        sizes = input_size[-rank:]
        rows = zip(sizes, output_size, factors or [None] * rank, strict=True)
        return spread(grad[(..., *[None] * rank)], [places(*row)[:, None] for row in rows], sizes)

    return backward


_LINEAR = {rank: _both(_linear, rank) for rank in (1, 2, 3)}
_BY_NAME = {
    "upsample_linear1d": _LINEAR[1],
    "upsample_bilinear2d": _LINEAR[2],
    "upsample_trilinear3d": _LINEAR[3],
    "upsample_bicubic2d": _both(_cubic, 2),
    "_upsample_bilinear2d_aa": _both(_antialiased("linear"), 2, copies=True),
    "_upsample_bicubic2d_aa": _both(_antialiased("cubic"), 2, copies=True),
    "_upsample_lanczos2d_aa": _both(_antialiased("lanczos"), 2, copies=True),
}

KERNELS: Mapping[str, Callable[..., Any]] = {
    **{name: forward for name, (forward, _) in _BY_NAME.items()},
    **{f"{name}_backward": backward for name, (_, backward) in _BY_NAME.items()},
    **{
        f"{prefix}{rank}d_backward": _nearest_backward(prefix, rank)
        for prefix in ("upsample_nearest", "_upsample_nearest_exact")
        for rank in (1, 2, 3)
    },
}
