"""Scaled dot-product attention as one op."""

from __future__ import annotations

from functools import cache
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op
from mytorch.ops.reduction import widened
from mytorch.ops.rows import dot
from mytorch.ops.softmax import into_shares

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


def _swapped(a: Array) -> Array:
    return a.swapaxes(-1, -2)


class ScaledDotProductAttention(Op):
    """O = (P ∘ D) V with P = softmax(Q Kᵀ · scale + mask) over the keys, and the dropout's factors D.

    Source: Vaswani et al., "Attention Is All You Need", 2017, equation 1.
    """

    # As in torch, nothing that the result was computed from may change before the backward.
    uses = ((0, 1, 2, 3), (0, 1, 2, 3), (0, 1, 2, 3), (0, 1, 2, 3))

    @staticmethod
    def forward(
        query: Array, key: Array, value: Array, mask: Array | None, scale: float, factors: Array | None
    ) -> tuple[Array, Any]:
        """Compute O (…, L, V) for Q (…, L, E), K (…, S, E), V (…, S, V) and a mask of summands or truths."""
        # Half of the scale, as a factor, on either side, as torch does it: a large product overflows later.
        root = sqrt(abs(scale))
        q = widened(query) * (root if scale >= 0 else -root)
        k, v = widened(key) * root, widened(value)
        scores = q @ _swapped(k)
        allowed = None
        if mask is not None:
            allowed = mask if mask.dtype.kind == "b" else None
            scores = scores + mask if allowed is None else np.where(allowed, scores, -np.inf)
        # Softmax is 0/0 where all keys are masked; such a query gets weights of 0.
        weights = into_shares(scores, scores, scores.ndim - 1, blind=mask is not None)
        kept = weights if factors is None else weights * factors
        out = (kept @ v).astype(query.dtype, copy=False)
        return out, (q, k, value, weights, kept, allowed, factors, scale, root)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        """Return dQ = dA K · scale, dK = dAᵀ Q · scale, dV = (P ∘ D)ᵀ dO and the scores' own gradient dA.

        dA = P ∘ (dP - Σ dP ∘ P), with dP = (dO Vᵀ) ∘ D.
        """
        q, k, value, weights, kept, allowed, factors, scale, root = saved
        grad = widened(grad)

        @cache
        def of_scores() -> Array:
            change = grad @ _swapped(widened(value))
            if factors is not None:
                change *= factors
            change -= dot(change, weights, change.ndim - 1)
            change *= weights
            return change if allowed is None else np.where(allowed, change, change.dtype.type(0))

        def of_query() -> Array:
            change: Array = of_scores() @ k
            change *= root if scale >= 0 else -root
            return change

        def of_key() -> Array:
            change: Array = _swapped(of_scores()) @ q
            change *= root
            return change

        return of_query, of_key, lambda: _swapped(kept) @ grad, of_scores
