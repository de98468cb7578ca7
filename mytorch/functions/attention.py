"""Attention: means of values, weighted by how well their keys match a query."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch.autograd._apply import apply, require_broadcastable
from mytorch.functions._check import array_of
from mytorch.functions._dropout import factors_of
from mytorch.ops import attention as ops

if TYPE_CHECKING:
    from mytorch._tensor import Tensor

__all__ = ["scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Return softmax(Q Kᵀ · scale + mask) V: for every query the mean of the values, weighted by the keys.

    Args:
        query: Q, (*, L, E), floating.
        key: K, (*, S, E), of the dtype of Q.
        value: V, (*, S, V), of the dtype of Q.
        attn_mask: broadcasts to (*, L, S): bool, True where a query attends; or summands of Q's dtype.
        dropout_p: probability of dropping a weight; applied whenever it is not 0, also in evaluation.
        is_causal: whether each query attends to no later position; excludes `attn_mask`.
        scale: 1/√E if None.
        enable_gqa: whether a head of K and V, the third dimension from the end, serves several of Q.

    Returns:
        The means, (*, L, V); 0 for a query that attends to no key.

    Raises:
        RuntimeError: a dtype, a rank or a size does not fit, a mask is given together with `is_causal`, or
            `dropout_p` is not between 0 and 1.

    Source: Vaswani et al., "Attention Is All You Need", 2017, equation 1.

    Examples:
        >>> query, key = mytorch.zeros(2, 4), mytorch.zeros(2, 4)
        >>> value = mytorch.tensor([[1.0], [3.0]])
        >>> nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        tensor([[1.],
                [2.]])
    """
    _check(query, key, value, attn_mask, dropout_p, is_causal)
    if enable_gqa:
        key, value = _repeated("key", key, query), _repeated("value", value, query)
    if scale is None:
        scale = 1 / sqrt(query.shape[-1]) if query.shape[-1] else 1.0
    if is_causal:
        attn_mask = wrap(np.tri(query.shape[-2], key.shape[-2], dtype=np.bool_))
    try:
        factors = None
        if dropout_p:
            factors = factors_of(_shape_of_scores(query, key, attn_mask), query.array.dtype, dropout_p)
        return apply(
            ops.ScaledDotProductAttention, query, key, value, attn_mask, scale=scale, factors=factors
        )
    except ValueError:
        _refuse_shapes(query, key, value, attn_mask)
        raise


def _shape_of_scores(query: Tensor, key: Tensor, mask: Tensor | None) -> tuple[int, ...]:
    """Return (*, L, S); a mask may have more dimensions than the product of queries and keys."""
    sizes = query.array.shape[-2], key.array.shape[-2]
    scores = *np.broadcast_shapes(query.array.shape[:-2], key.array.shape[:-2]), *sizes
    return scores if mask is None else np.broadcast_shapes(scores, mask.array.shape)


def _refuse_shapes(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> None:
    """Raise torch's error for batches, or a mask, that do not broadcast."""
    require_broadcastable(query.array.shape[:-2], key.array.shape[:-2])
    if mask is not None:
        require_broadcastable(mask.array.shape, _shape_of_scores(query, key, None))
    require_broadcastable(_shape_of_scores(query, key, mask)[:-2], value.array.shape[:-2])


def _repeated(name: str, given: Tensor, query: Tensor) -> Tensor:
    """Repeat the heads, so that there are as many as in the query."""
    heads, wanted = given.shape[-3], query.shape[-3]
    if not heads or wanted % heads:
        raise RuntimeError(
            "Number of heads in key and value must divide the number of heads in query, got "
            f"{heads} in {name} and {wanted} in query"
        )
    *batch, length, width = given.shape
    shared = given.unsqueeze(-3).expand(*batch, wanted // heads, length, width)
    return shared.reshape(*batch[:-1], wanted, length, width)


def _check(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout_p: float, is_causal: bool
) -> None:
    arrays = [
        array_of("scaled_dot_product_attention", given, name, position)
        for position, (name, given) in enumerate((("query", query), ("key", key), ("value", value)), 1)
    ]
    names = [SCALAR_TYPE_NAMES[each.dtype] for each in (query, key, value)]
    ranks = [array.ndim for array in arrays]
    if len(set(names)) > 1:
        raise RuntimeError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{names[0]} key.dtype: {names[1]} and value.dtype: {names[2]} instead."
        )
    if min(ranks) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be at least 2 dimensional, but got query.dim: "
            f"{ranks[0]} key.dim: {ranks[1]} and value.dim: {ranks[2]} instead."
        )
    if arrays[0].dtype.kind != "f":
        raise RuntimeError(f"expected query of a floating scalar type but found {names[0]}")
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p}")
    if arrays[0].shape[-1] != arrays[1].shape[-1]:
        sizes = arrays[0].shape[-1], arrays[1].shape[-1]
        raise RuntimeError(f"Expected query and key of the same last size, but got {sizes[0]} and {sizes[1]}")
    if arrays[1].shape[-2] != arrays[2].shape[-2]:
        sizes = arrays[1].shape[-2], arrays[2].shape[-2]
        raise RuntimeError(f"Expected key and value of the same length, but got {sizes[0]} and {sizes[1]}")
    if mask is not None:
        if is_causal:
            raise RuntimeError(
                "scaled_dot_product_attention: explicit attn_mask should not be set when is_causal=True"
            )
        if mask.array.dtype.kind != "b" and mask.dtype != query.dtype:
            kind = SCALAR_TYPE_NAMES[mask.dtype]
            raise RuntimeError(
                "Expected attn_mask dtype to be bool or to match query dtype, but got attn_mask.dtype: "
                f"{kind} and query.dtype: {names[0]} instead."
            )
