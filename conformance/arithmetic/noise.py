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
        if width > _PIECE:
            generator = torch.Generator().manual_seed(self._random.getrandbits(63))
            for row in replicates:
                row.addcmul_(_normal(width, generator).view(row.shape), error)
            return
        half = error * sqrt(0.5)
        for rows in replicates.split(_PIECE // width):
            rows.addcmul_(self._read(rows), half).addcmul_(self._read(rows), half)

    def _read(self, like: Tensor) -> Tensor:
        count = like.numel()
        start = int(self._random.random() * (_POOL - count))
        if like.is_contiguous():
            return _pool().as_strided(like.shape, like.stride(), start)
        return _pool()[start : start + count].view(like.shape)


def _normal(count: int, generator: torch.Generator) -> Tensor:
    # The variance of an error spread evenly over ±1 rounding, with the tail of many that add up.
    return torch.randn(count, generator=generator, dtype=torch.float64) * 3**-0.5


@cache
def _pool() -> Tensor:
    """Return the numbers that all noise is read from."""
    return _normal(_POOL, torch.Generator().manual_seed(0))
