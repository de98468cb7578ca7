"""Distances between rows, in any norm, and their gradients: differences, powers and sums.

Source: aten/src/ATen/native/Distance.cpp and cpu/DistanceOpsKernel.cpp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from conformance.arithmetic.neural.taps import unmoved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

_ATEN: Any = torch.ops.aten
# From so many rows on, torch computes Euclidean distances by a product of matrices.
_BY_PRODUCT = 25
_IF_NECESSARY, _ALWAYS = 0, 1


def _norm(difference: Tensor, p: float) -> Tensor:
    """Return the norm over the last dimension."""
    size = difference.abs()
    if p == 0:
        # A difference of zero may be off by the underflow of noise, which counts as none.
        return unmoved(lambda: (difference != 0).double().sum(-1)).clone()  # type: ignore[no-any-return]
    if p == 1:
        return size.sum(-1)
    if p == 2:
        return (difference * difference).sum(-1).sqrt()
    if p == torch.inf:
        return size.amax(-1)
    return size.pow(p).sum(-1).pow(1 / p)


def _slope(difference: Tensor, distance: Tensor, grad: Tensor, p: float) -> Tensor:
    """Return the gradient of a difference; nothing where the distance is zero."""
    apart = unmoved(lambda: distance != 0)
    sign = difference.sign()
    if p == 0:
        return torch.zeros_like(difference)
    if p == 1:
        return grad * sign
    if p == torch.inf:
        return torch.where(unmoved(lambda: difference.abs() == distance), grad * sign, 0.0)
    divisor = torch.where(apart, distance, 1.0)
    if p == 2:
        return torch.where(apart, grad * difference / divisor, 0.0)
    power = torch.where(unmoved(lambda: difference != 0), difference.abs(), 1.0).pow(p - 1)
    found = sign * power * grad / divisor.pow(p - 1)
    return torch.where(apart, found, 0.0)


def _between(one: Tensor, two: Tensor) -> Tensor:
    """Return all differences of the rows of two tensors, (*, P, R, M)."""
    return one[..., :, None, :] - two[..., None, :, :]


def _cdist(one: Tensor, two: Tensor, p: float, compute_mode: int | None) -> Tensor:
    many = one.shape[-2] > _BY_PRODUCT or two.shape[-2] > _BY_PRODUCT
    mode = compute_mode or _IF_NECESSARY
    if p == 2 and (mode == _ALWAYS or (mode == _IF_NECESSARY and many)):
        product: Tensor = _ATEN._euclidean_dist(one, two)  # noqa: SLF001 - so aten names it
        return product
    return _norm(_between(one, two), p)


def _cdist_backward(grad: Tensor, one: Tensor, two: Tensor, p: float, distance: Tensor) -> Tensor:
    found = _slope(_between(one, two), distance[..., None], grad[..., None], p)
    return found.sum(-2).sum_to_size(one.shape)


def _pairs(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the numbers of the rows of each pair, in order."""
    first, second = unmoved(torch.triu_indices, len(x), len(x), 1)
    return first, second


def _pdist(x: Tensor, p: float = 2) -> Tensor:
    first, second = _pairs(x)
    return _norm(x.index_select(0, first) - x.index_select(0, second), p)


def _pdist_backward(grad: Tensor, x: Tensor, p: float, distance: Tensor) -> Tensor:
    first, second = _pairs(x)
    difference = x.index_select(0, first) - x.index_select(0, second)
    found = _slope(difference, distance[:, None], grad[:, None], p)
    return torch.zeros_like(x).index_add(0, torch.cat([first, second]), torch.cat([found, -found]))


KERNELS: Mapping[str, Callable[..., Any]] = {
    "_cdist_forward": _cdist,
    "_cdist_backward": _cdist_backward,
    "_pdist_forward": _pdist,
    "_pdist_backward": _pdist_backward,
}
