"""Elements of an image at given coordinates, in two and three dimensions, and the gradients.

A coordinate has a whole part, which says which elements are near it, and a rest, from which their weights
follow. The rest is noisy. Whether the whole part is a decision depends on what jumps there:

- the nearest element does: a decision, forward and backward;
- a linear interpolation is continuous, but its slope, the gradient of the grid, is not: a decision if that
  gradient is asked for, and so is whether a coordinate is beyond the border;
- a cubic interpolation has a continuous slope: no decision.

Source: aten/src/ATen/native/GridSamplerUtils.h and cpu/GridSamplerKernel.cpp.
"""

from __future__ import annotations

from functools import reduce
from itertools import product
from operator import mul
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from conformance.arithmetic.neural.filters import cubic_slopes, cubic_taps
from conformance.arithmetic.neural.taps import summed, unmoved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

# How torch numbers the ways to interpolate and to pad.
_LINEAR, _NEAREST, _CUBIC = 0, 1, 2
_ZEROS, _BORDER, _REFLECTION = 0, 1, 2


class _Axis(NamedTuple):
    """Where the outputs stand along one dimension.

    Attributes:
        places: of the elements near each output, one tensor per tap; clean whole numbers.
        weights: of these elements; noisy.
        slopes: the derivatives of the weights by the coordinate.
        factor: the derivative of the coordinate by the grid's number.
    """

    places: list[Tensor]
    weights: list[Tensor]
    slopes: list[Tensor]
    factor: Tensor


def _axis(given: Tensor, size: int, mode: int, padding: int, align: bool, *, decides: bool) -> _Axis:
    """Return the taps of one coordinate of the grid, from -1 to 1."""
    at = (given + 1.0) * ((size - 1) / 2) if align else ((given + 1.0) * float(size) - 1.0) / 2
    scale = torch.full_like(unmoved(torch.clone, given), (size - 1) / 2 if align else size / 2)
    if mode != _CUBIC:
        at, slope = _inside(at, size, padding, align)
        scale = scale * slope
    if mode == _NEAREST:
        # The mode compares the replicates' with it.
        place = at.round()
        return _Axis([place], [torch.ones_like(place)], [torch.zeros_like(place)], scale)
    if decides and mode == _LINEAR:
        _decide(at.floor, lambda: at > 0, lambda: at < size - 1)
    left = unmoved(at.floor)
    share = at - left
    if mode == _LINEAR:
        one = torch.ones_like(left)
        return _Axis([left, left + 1], [1.0 - share, share], [-one, one], scale)
    places = [_inside(left + k, size, padding, align)[0] for k in range(-1, 3)]
    return _Axis(places, cubic_taps(share), cubic_slopes(share), scale)


def _decide(*questions: Callable[[], Tensor]) -> None:
    """Ask what the mode compares with the replicates' answers: here the slope jumps."""
    for question in questions:
        question()


def _inside(at: Tensor, size: int, padding: int, align: bool) -> tuple[Tensor, Tensor]:
    """Return coordinates brought into the image as the padding asks for, and the slope: 1, -1 or 0."""
    sign = torch.ones_like(unmoved(torch.clone, at))
    if padding == _REFLECTION:
        at, sign = _reflected(at, *((0.0, size - 1.0) if align else (-0.5, float(size))))
    if padding != _ZEROS:
        free = unmoved(lambda: (at > 0) & (at < size - 1))
        at, sign = at.clamp(0.0, size - 1.0), torch.where(free, sign, 0.0)
    return at, sign


def _reflected(at: Tensor, low: float, span: float) -> tuple[Tensor, Tensor]:
    """Return coordinates reflected at `low` and at `low + span`, and the sign of each by the reflections."""
    if not span:
        return torch.zeros_like(at), torch.zeros_like(unmoved(torch.clone, at))

    def clean() -> tuple[Tensor, Tensor]:
        away = (at - low).abs()
        flips, rest = (away / span).floor(), away.fmod(span)
        side = torch.where(at < low, -1.0, 1.0)
        odd = flips % 2 == 1
        return torch.where(odd, -side, side), torch.where(odd, span - rest + low, rest + low)

    sign, right = unmoved(clean)
    # Each is a coordinate or its negative, shifted by halves, which are exact.
    shift = unmoved(lambda: ((right - sign * at) * 2).round() / 2)
    return torch.where(sign > 0, shift + at, shift - at), sign


class _Sampled(NamedTuple):
    """The elements of one combination of taps.

    Attributes:
        values: the elements, (N, C, *outputs); zeros where there are none.
        taps: which tap of each dimension.
        rows: their places among all elements of a channel, (N, C, outputs).
        inside: where there are elements, (N, *outputs).
    """

    values: Tensor
    taps: tuple[int, ...]
    rows: Tensor
    inside: Tensor


def _sampled(x: Tensor, axes: Sequence[_Axis]) -> list[_Sampled]:
    """Return the elements of each combination of taps."""
    sizes = x.shape[2:]
    flat = x.flatten(2)
    found = []
    for taps in product(*(range(len(axis.places)) for axis in axes)):

        def places(taps: tuple[int, ...] = taps) -> tuple[Tensor, Tensor]:
            inside = torch.ones_like(axes[0].places[0], dtype=torch.bool)
            place = torch.zeros_like(inside, dtype=torch.int64)
            for axis, tap, size in zip(axes, taps, sizes, strict=True):
                own = axis.places[tap]
                inside &= (own >= 0) & (own < size)
                place = place * size + own.nan_to_num().clamp(0, size - 1).long()
            return place, inside

        place, inside = unmoved(places)
        rows = place.flatten(1)[:, None].expand(-1, x.shape[1], -1)
        values = flat.gather(2, rows).view(*rows.shape[:2], *place.shape[1:])
        found.append(_Sampled(torch.where(inside[:, None], values, 0.0), taps, rows, inside))
    return found


def _weight(axes: Sequence[_Axis], taps: Sequence[int], *, slope: int | None = None) -> Tensor:
    """Return the product of the weights, that of one dimension replaced by its derivative."""
    rows = enumerate(zip(axes, taps, strict=True))
    return reduce(mul, [(axis.slopes if dim == slope else axis.weights)[tap] for dim, (axis, tap) in rows])


def _axes(x: Tensor, grid: Tensor, mode: int, padding: int, align: bool, *, decides: bool) -> list[_Axis]:
    """Return the taps along the dimensions of x, which the grid's last dimension has in reverse."""
    sizes = x.shape[2:]
    return [
        _axis(grid[..., len(sizes) - 1 - dim], size, mode, padding, align, decides=decides)
        for dim, size in enumerate(sizes)
    ]


def _forward(x: Tensor, grid: Tensor, mode: int, padding: int, align: bool) -> Tensor:
    axes = _axes(x, grid, mode, padding, align, decides=False)
    sampled = _sampled(x, axes)
    if mode == _NEAREST:
        return sampled[0].values
    return summed(each.values * _weight(axes, each.taps)[:, None] for each in sampled)


def _backward(
    grad: Tensor, x: Tensor, grid: Tensor, mode: int, padding: int, align: bool, wanted: Sequence[bool]
) -> tuple[Tensor | None, Tensor | None]:
    """Return the gradients of the image and of the grid."""
    axes = _axes(x, grid, mode, padding, align, decides=wanted[1])
    sampled = _sampled(x, axes)
    of_image = _of_image(grad, x, axes, sampled, nearest=mode == _NEAREST) if wanted[0] else None
    if mode == _NEAREST or not wanted[1]:
        return of_image, torch.zeros_like(grid) if wanted[1] else None
    products = [((each.values * grad).sum(1), each.taps) for each in sampled]
    of_grid = [
        summed(product * _weight(axes, taps, slope=dim) for product, taps in products) * axis.factor
        for dim, axis in enumerate(axes)
    ]
    return of_image, torch.stack(of_grid[::-1], -1)


def _of_image(
    grad: Tensor, x: Tensor, axes: Sequence[_Axis], sampled: Sequence[_Sampled], *, nearest: bool
) -> Tensor:
    into = x.new_zeros(x.shape).flatten(2)
    terms = []
    for each in sampled:
        term = grad if nearest else grad * _weight(axes, each.taps)[:, None]
        terms.append(torch.where(each.inside[:, None], term, 0.0).flatten(2))
    places = torch.cat([each.rows for each in sampled], 2)
    return into.scatter_add(2, places, torch.cat(terms, 2)).view(x.shape)


KERNELS: Mapping[str, Callable[..., Any]] = {
    f"grid_sampler_{rank}d{suffix}": kernel
    for rank in (2, 3)
    for suffix, kernel in (("", _forward), ("_backward", _backward))
}
