"""The noise that mode.py adds to replicates: independent normal numbers, read from a pool that is drawn once.

To draw anew for every result would take most of the time of a run.
"""

from __future__ import annotations

import random
from functools import cache
from math import sqrt

import torch
from torch import Tensor

# How many numbers the pool has, and how many of them are read at once at most. The start is drawn, so that
# two results seldom get the same noise.
_POOL, _POOLED = 1 << 20, 1 << 15
# Larger results are read in pieces of at most this many numbers. Long pieces overlap often: so each number is
# the sum of two reads, and two pieces get the same noise only where both of their reads start alike.
_PIECE = 1 << 17


class Noise:
    """A stream of noise.

    Args:
        seed: from which it follows.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - noise, not a secret

    def add(self, replicates: Tensor, error: Tensor) -> None:
        """Add noise to replicates, (count, *shape).

        Args:
            replicates: changed in place.
            error: the size of one rounding of each element, which broadcasts to the shape.
        """
        if replicates.numel() <= _POOLED:
            replicates.addcmul_(self._read(replicates), error)
            return
        width = replicates[0].numel()
        half = error * sqrt(0.5)
        each = max(1, _PIECE // width)
        for first in range(0, len(replicates), each):
            rows = replicates[first : first + each]
            rows.addcmul_(self._summed(rows), half)

    def _summed(self, like: Tensor) -> Tensor:
        summed = torch.empty(like.shape, dtype=torch.float64)
        flat = summed.view(-1)
        for first in range(0, summed.numel(), _PIECE):
            piece = flat[first : first + _PIECE]
            torch.add(self._read(piece), self._read(piece), out=piece)
        return summed

    def _read(self, like: Tensor) -> Tensor:
        count = like.numel()
        start = int(self._random.random() * (_POOL - count))
        if like.is_contiguous():
            return _pool().as_strided(like.shape, like.stride(), start)
        return _pool()[start : start + count].view(like.shape)


@cache
def _pool() -> Tensor:
    """Return the numbers that all noise is read from.

    Their variance is that of an error spread evenly over ±1 rounding, with the tail of many that add up.
    """
    generator = torch.Generator().manual_seed(0)
    return torch.randn(_POOL, generator=generator, dtype=torch.float64) * 3**-0.5
