"""What the compiled recurrent ops share: where each step's rows are, and arrays as the kernels want them."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mytorch._core.types import Array
    from mytorch.ops.compiled.jit import Function

# Multiplications in a step's product from which on Python had better run the loop over the steps, with the
# BLAS of NumPy: the one that numba calls, SciPy's, is older, and up to a quarter slower on large products.
_LARGE = 1 << 20

Arrays = tuple["Array", ...]

Steps = tuple["Array", "Array"]
"""The first row of each step and how many rows it has, in the order in which a direction visits them."""


def steps_of(runs: Sequence[tuple[int, int]], reverse: bool) -> Steps:
    """Return the steps of runs (steps, batch), whose rows are one after another."""
    return _steps(tuple(runs), reverse)


@lru_cache(maxsize=64)
def _steps(runs: tuple[tuple[int, int], ...], reverse: bool) -> Steps:
    count = np.repeat([batch for _, batch in runs], [steps for steps, _ in runs])
    first = np.cumsum(count) - count
    if reverse:
        first, count = first[::-1], count[::-1]
    return np.array(first, np.int64), np.array(count, np.int64)


def plain(array: Array) -> Array:
    """Return the array, or a copy of it, so that it is contiguous and the kernel may write into it.

    A kernel is compiled for each kind of array that it is called with: so there is one.
    """
    return array if array.flags.carray else np.array(array, order="C")


def start(state: Array | None, batch: int, height: int, dtype: np.dtype[np.generic]) -> Array:
    """Return a state for the kernel to change, (N, F): a copy of the given one, or zeros."""
    if state is None:
        return np.zeros((batch, height), dtype)
    return np.array(state.reshape(batch, height), order="C")


@cache
def nothing(dtype: np.dtype[np.generic], rank: int = 2) -> Array:
    """Return an array without elements, for an argument that is not given: nothing can be written into it."""
    return np.empty((0,) * rank, dtype)


def by_rows(grad: Array | None, like: Array) -> Array:
    """Return the gradient of every step as rows, (R, F), of the shape of `like`; none where there is none."""
    return nothing(like.dtype) if grad is None else plain(grad.reshape(like.shape))


def runner(loop: Function, batch: int, w_hh: Array) -> Function:
    """Return what runs a compiled loop over steps fastest: itself, or Python, for large products."""
    if batch * w_hh.size < _LARGE:
        return loop
    interpreted: Function = loop.py_func  # type: ignore[attr-defined]  # each compiled function has its source
    return interpreted
