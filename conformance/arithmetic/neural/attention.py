"""Attention as torch's fused kernel for CPUs computes it: the weights are made again for the gradients.

They are made of the scores and of the logarithm of their sum of exponentials, whose rounding grows with the
scores: so gradients lose more than those of a softmax.

Source: aten/src/ATen/native/cpu/FlashAttentionKernel.cpp; Dao et al. 2022, FlashAttention.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from conformance.arithmetic.neural.taps import unmoved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor


def _scores(query: Tensor, key: Tensor, is_causal: bool, mask: Tensor | None, scale: float) -> Tensor:
    """Return the scaled and masked products of queries and keys, (N, H, L, S)."""
    scores = (query @ key.transpose(-2, -1)) * scale
    if mask is not None:
        scores = scores + mask
    if is_causal:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        scores = scores.masked_fill(later, -torch.inf)
    return scores


def _scale(query: Tensor, scale: float | None) -> float:
    return 1 / math.sqrt(query.shape[-1]) if scale is None else scale


def _each_head(query: Tensor, *shared: Tensor) -> list[Tensor]:
    """Return keys and values once per head of the queries, which may share them."""
    heads = query.shape[1] // shared[0].shape[1]
    return [each if heads == 1 else each.repeat_interleave(heads, 1) for each in shared]


def _forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    attn_mask: Tensor | None = None,
    scale: float | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the result, (N, H, L, E), and the logarithm of the sum of the exponentials, (N, H, L)."""
    del dropout_p
    key, value = _each_head(query, key, value)
    scores = _scores(query, key, is_causal, attn_mask, _scale(query, scale))
    largest = scores.amax(-1, keepdim=True)
    # A query that sees no key gets zeros.
    seen = unmoved(lambda: largest > -torch.inf)
    largest = torch.where(seen, largest, 0.0)
    weights = (scores - largest).exp()
    total = torch.where(seen, weights.sum(-1, keepdim=True), 1.0)
    out = (weights @ value) / total
    # In memory as the kernel leaves it: length before heads.
    out = out.transpose(1, 2).contiguous().transpose(1, 2)
    return out, (largest + total.log())[..., 0]


def _backward(
    grad: Tensor,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    out: Tensor,
    logsumexp: Tensor,
    dropout_p: float,
    is_causal: bool,
    *,
    attn_mask: Tensor | None = None,
    scale: float | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of queries, keys and values."""
    del dropout_p
    size = _scale(query, scale)
    keys, values = _each_head(query, key, value)
    weights = (_scores(query, keys, is_causal, attn_mask, size) - logsumexp[..., None]).exp()
    along = (grad * out).sum(-1, keepdim=True)
    of_scores = weights * (grad @ values.transpose(-2, -1) - along)
    of_query = (of_scores @ keys) * size
    of_key = (of_scores.transpose(-2, -1) @ query) * size
    of_value = weights.transpose(-2, -1) @ grad
    shared = [
        each.view(*own.shape[:2], -1, *own.shape[2:]).sum(2) if each.shape != own.shape else each
        for each, own in ((of_key, key), (of_value, value))
    ]
    return of_query, shared[0], shared[1]


KERNELS: Mapping[str, Callable[..., Any]] = {
    "_scaled_dot_product_flash_attention_for_cpu": _forward,
    "_scaled_dot_product_flash_attention_for_cpu_backward": _backward,
}
