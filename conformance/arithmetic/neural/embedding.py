"""Sums, means and maxima of rows of a table, their gradients, and rows brought to a largest norm.

Source: aten/src/ATen/native/EmbeddingBag.cpp and Embedding.cpp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from conformance.arithmetic.neural.taps import unmoved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

_ATEN: Any = torch.ops.aten
_SUM, _MEAN, _MAX = 0, 1, 2


def _bags(indices: Tensor, offsets: Tensor) -> Tensor:
    """Return the number of the bag of each index."""
    return torch.searchsorted(offsets, torch.arange(len(indices), dtype=offsets.dtype), right=True) - 1


def _forward(
    weight: Tensor,
    indices: Tensor,
    offsets: Tensor,
    scale_grad_by_freq: bool = False,
    mode: int = _SUM,
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int = -1,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the bags, (B, D), and three tensors of whole numbers, as the operation makes them."""
    given = scale_grad_by_freq, mode, sparse, per_sample_weights, include_last_offset, padding_idx
    _, *counts = unmoved(_ATEN._embedding_bag.default, weight, indices, offsets, *given)  # noqa: SLF001
    bag_size = counts[1]
    rows, bags = indices, _bags(indices, offsets)
    kept = rows != padding_idx
    values = weight.index_select(0, rows[kept])
    if per_sample_weights is not None:
        values = values * per_sample_weights[kept][:, None]
    count = len(offsets) - include_last_offset
    if mode == _MAX:
        return _largest(values, bags[kept], count), *counts
    out = weight.new_zeros([count, weight.shape[1]]).index_add(0, bags[kept], values)
    if mode == _MEAN:
        out = out / bag_size[:count].clamp(min=1)[:, None]
    return out, *counts


def _largest(values: Tensor, bags: Tensor, count: int) -> Tensor:
    """Return the largest of each bag; which row has it is a decision."""
    found = []
    for bag in range(count):
        own = values.index_select(0, (bags == bag).nonzero()[:, 0])
        found.append(own.max(0).values if len(own) else values.new_zeros(values.shape[1]))
    return torch.stack(found)


def _backward(
    grad: Tensor,
    indices: Tensor,
    offsets: Tensor,
    offset2bag: Tensor,
    bag_size: Tensor,
    maximum_indices: Tensor,
    num_weights: int,
    scale_grad_by_freq: bool,
    mode: int,
    sparse: bool,
    per_sample_weights: Tensor | None,
    padding_idx: int = -1,
) -> Any:
    del offset2bag
    if sparse:
        return NotImplemented
    bags = _bags(indices, offsets)
    given = bag_size, maximum_indices, num_weights, scale_grad_by_freq, mode, per_sample_weights, padding_idx
    return _dense(grad, indices, bags, *given)


def _dense(
    grad: Tensor,
    indices: Tensor,
    bags: Tensor,
    bag_size: Tensor,
    maximum_indices: Tensor,
    num_weights: int,
    scale_grad_by_freq: bool,
    mode: int,
    per_sample_weights: Tensor | None,
    padding_idx: int = -1,
) -> Tensor:
    """Return the gradient of the table, (V, D): each bag's goes to all of its rows, or to the largest."""
    into = grad.new_zeros([num_weights, grad.shape[1]])
    if mode == _MAX:
        filled = bag_size[: len(grad)] > 0
        places = [maximum_indices[filled], torch.arange(grad.shape[1]).expand(int(filled.sum()), -1)]
        found: Tensor = _ATEN.index_put(into, places, grad[filled], True)
        return found
    kept = indices != padding_idx
    rows, own = indices[kept], bags[kept]
    values = grad.index_select(0, own)
    scale = torch.ones(len(rows), dtype=torch.float64)
    if scale_grad_by_freq:
        scale = scale / torch.bincount(indices, minlength=num_weights)[rows]
    if mode == _MEAN:
        scale = scale / bag_size[own]
    if per_sample_weights is not None:
        scale = scale * per_sample_weights[kept]
    if scale_grad_by_freq or mode == _MEAN or per_sample_weights is not None:
        values = values * scale[:, None]
    return into.index_add(0, rows, values)


def _of_sample_weights(
    grad: Tensor,
    weight: Tensor,
    indices: Tensor,
    offsets: Tensor,
    offset2bag: Tensor,
    mode: int,
    padding_idx: int = -1,
) -> Tensor:
    """Return the gradient of the weight of each index: a product of two rows."""
    del offset2bag, mode
    rows = grad.index_select(0, _bags(indices, offsets))
    found = (rows * weight.index_select(0, indices)).sum(1)
    return torch.where(indices != padding_idx, found, 0.0)


def _renorm(weight: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> Tensor:
    """Scale the rows that are used, in place, if they are longer than allowed."""
    rows = torch.unique(indices)
    own = weight.index_select(0, rows)
    norm = torch.linalg.vector_norm(own, norm_type, 1, keepdim=True)
    # At the largest norm the scale is 1, up to the 1e-7: so noise may move it to either side.
    long = unmoved(lambda: norm > max_norm)
    found: Tensor = _ATEN.index_put_(weight, [rows], torch.where(long, own * (max_norm / (norm + 1e-7)), own))
    return found


KERNELS: Mapping[str, Callable[..., Any]] = {
    "_embedding_bag": _forward,
    "_embedding_bag_forward_only": _forward,
    "_embedding_bag_backward": _backward,
    "_embedding_bag_dense_backward": _dense,
    "_embedding_bag_per_sample_weights_backward": _of_sample_weights,
    "embedding_renorm_": _renorm,
}
