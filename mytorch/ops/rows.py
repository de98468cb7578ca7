"""Computing row by row of large arrays at the speed of the cache: what softmax and layer normalization do.

Several elementwise functions in a row read and write an array several times. Two things make that fast:

- `blocks`: a few rows at a time go through all the functions, and stay in the cache in between;
- `row_by_row`: NumPy runs over one row at a time. `rows - column`, with one number of the column per row,
  otherwise repeats the numbers in a buffer (in NumPy 2.3 and newer), to run over as many rows at once as fit
  into it. That pays for short rows; with rows of 512 float32 numbers it takes three times the subtraction.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

    from mytorch._core.types import Array

# Measured with float32: a buffer of its own is worth its 4 µs from 256 numbers per row on.
_LONG = 256
_LARGE = 2**14
# 256 KiB of float32 numbers: two or three such blocks fit into the second-level cache of most machines.
_BLOCK = 2**16
# Largest error of a sum of 4096 float32 numbers, over 200 sums, in roundings: 1.5 by BLAS, 1.6 by NumPy.
_FEW = 4096

_AS_IT_IS = nullcontext()


@lru_cache(maxsize=32)
def _ones(count: int, kind: str) -> Array:
    ones = np.ones(count, kind)
    ones.flags.writeable = False
    return ones


def dot(a: Array, b: Array, dim: int) -> Array:
    """Return Σ a·b along a dimension, which is kept.

    Args:
        a: at least one dimension, float32 or float64.
        b: of the same shape and dtype.
        dim: non-negative.
    """
    if dim == a.ndim - 1 and a.shape[dim] <= _FEW:
        # By BLAS, without an array of the products.
        return np.asarray(np.vecdot(a, b))[..., None]
    return np.asarray((a * b).sum(axis=dim, keepdims=True))


def total(a: Array, dim: int) -> Array:
    """Return Σ a along a dimension, which is kept.

    Args:
        a: at least one dimension, float32 or float64.
        dim: non-negative.
    """
    if dim == a.ndim - 1 and a.shape[dim] <= _FEW:
        # Three times as fast as the sum, and as accurate for so few numbers; NumPy adds pairwise.
        return np.asarray(a @ _ones(a.shape[dim], a.dtype.char))[..., None]
    return np.asarray(a.sum(axis=dim, keepdims=True))


def blocks(dim: int, *arrays: Array) -> Iterable[tuple[Array, ...]]:
    """Return views of a part of each array after the other, cut along the first dimension.

    Args:
        dim: the dimension that must not be cut, non-negative.
        *arrays: of one shape, at least one dimension.

    Returns:
        Tuples of as many views as there are arrays; the arrays themselves if they are small.
    """
    size, count = arrays[0].size, arrays[0].shape[0]
    if size <= _BLOCK or dim == 0:
        return (arrays,)
    rows = max(1, count * _BLOCK // size)
    return [tuple([a[i : i + rows] for a in arrays]) for i in range(0, count, rows)]


def row_by_row(a: Array) -> AbstractContextManager[None]:
    """Return a context in which NumPy runs over an array row by row, if its rows are long.

    Args:
        a: at least one dimension; its rows are those of the last one.
    """
    if a.size < _LARGE or a.shape[-1] < _LONG:
        return _AS_IT_IS
    return _buffer_of(a.shape[-1])


@contextmanager
def _buffer_of(numbers: int) -> Iterator[None]:
    # Leaving errstate restores the size of the buffer, too.
    with np.errstate():
        # It must be a multiple of 16; 8192 is what it is without this.
        np.setbufsize(min(numbers, 8192) // 16 * 16)
        yield
