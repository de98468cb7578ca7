"""The noise that mode.py adds to replicates: independent normal numbers, read from a pool that is drawn once.

To draw anew for every result would take most of the time of a run.
"""

from __future__ import annotations

import random
from functools import cache
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.sampling.values import Array

# How many numbers the pool has, and how many of them are read at once at most. The start is drawn, so that
# two results seldom get the same noise.
_POOL, _POOLED = 1 << 20, 1 << 15
# Larger results are read in pieces of at most this many numbers. Long pieces overlap often: so each number is
# the sum of two reads, and two pieces get the same noise only where both of their reads start alike.
_PIECE = 1 << 17
# How many sums are made at once: these, what they are made of and what they are added to, 1 MiB, stay in a
# core's cache. Of a result of 131,072 numbers that takes 1.35 ns per number, and at once 1.75 ns.
_CACHED = 1 << 16


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
        self._add_sums(replicates, error * sqrt(0.5))

    def _add_sums(self, replicates: Tensor, error: Tensor) -> None:
        """Add noise of which each number is the sum of two reads."""
        sums = torch.empty(min(_PIECE, replicates.numel()), dtype=torch.float64)
        summed = sums.numpy()
        for count, piece in _pieces(replicates, error):
            one, other = self._numbers(count), self._numbers(count)
            done = 0
            for part, size in piece:
                end = done + part.numel()
                np.add(one[done:end], other[done:end], out=summed[: end - done])
                part.addcmul_(sums[: end - done].view(part.shape), size)
                done = end

    def _numbers(self, count: int) -> Array:
        start = self._start(count)
        return _pool()[1][start : start + count]

    def _start(self, count: int) -> int:
        return int(self._random.random() * (_POOL - count))

    def _read(self, like: Tensor) -> Tensor:
        count = like.numel()
        start = self._start(count)
        if like.is_contiguous():
            return _pool()[0].as_strided(like.shape, like.stride(), start)
        return _pool()[0][start : start + count].view(like.shape)


def _pieces(replicates: Tensor, error: Tensor) -> Iterator[tuple[int, list[tuple[Tensor, Tensor]]]]:
    """Return the sizes of pieces that are read at once, and their parts, each with its errors."""
    count = len(replicates)
    width = replicates.numel() // count
    if width <= _PIECE:
        each, some = max(1, _PIECE // width), max(1, _CACHED // width)
        for first in range(0, count, each):
            end = min(first + each, count)
            rows = [(replicates[row : min(row + some, end)], error) for row in range(first, end, some)]
            yield (end - first) * width, rows
        return
    error = error.expand(replicates.shape[1:]).reshape(-1)
    for row in replicates:
        flat = row.reshape(-1)
        for first in range(0, width, _PIECE):
            end = min(first + _PIECE, width)
            parts = [slice(start, min(start + _CACHED, end)) for start in range(first, end, _CACHED)]
            yield end - first, [(flat[part], error[part]) for part in parts]
        if not row.is_contiguous():
            row.copy_(flat.view(row.shape))


@cache
def _pool() -> tuple[Tensor, Array]:
    """Return the numbers that all noise is read from, as a tensor and as the same array.

    Their variance is that of an error spread evenly over ±1 rounding, with the tail of many that add up.
    """
    generator = torch.Generator().manual_seed(0)
    numbers = torch.randn(_POOL, generator=generator, dtype=torch.float64) * 3**-0.5
    return numbers, numbers.numpy()
