"""The gradients of padding with the last element: each element's is the sum of those of its copies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from conformance.arithmetic.neural.taps import spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor


def _backward(rank: int) -> Callable[..., Tensor]:
    def backward(grad: Tensor, x: Tensor, padding: Sequence[int]) -> Tensor:
        sizes = x.shape[-rank:]
        # From the last dimension to the first, as torch takes it.
        before, after = padding[::2][::-1], padding[1::2][::-1]
        tables = [
            torch.arange(-first, size + last).clamp(0, size - 1)[:, None]
            for size, first, last in zip(sizes, before, after, strict=True)
        ]
        return spread(grad[(..., *[None] * rank)], tables, sizes)

    return backward


KERNELS: Mapping[str, Callable[..., Any]] = {
    f"replication_pad{rank}d_backward": _backward(rank) for rank in (1, 2, 3)
}
