"""The size of one rounding of float32, and counts of roundings that the rules in rules/ are made of.

The rules return sizes of errors in roundings; mode.py multiplies them by UNIT and adds UNDERFLOW.
"""

from __future__ import annotations

import math
import struct
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

# One rounding of float32, relative; and half of its smallest positive number, which underflow may add.
UNIT = 2.0**-24
UNDERFLOW = 2.0**-150

# See `added_up_in`.
_SUMS = ContextVar("_SUMS", default=0.0)

_FLOAT32 = struct.Struct("f")
_LARGEST = 2.0**127


def converted(value: Any) -> float:
    """Return how far a Python scalar is from the float32 that an operation uses for it, in units of u."""
    if not isinstance(value, float) or not abs(value) < _LARGEST:
        return 0.0
    used: float = _FLOAT32.unpack(_FLOAT32.pack(value))[0]
    return abs(value - used) / UNIT


def filled(value: Any, places: Tensor | None = None) -> Tensor | None:
    """Return the error of an operation that puts a Python scalar in places.

    Args:
        value: the scalar.
        places: a mask; by default everywhere.

    Returns:
        A size for each place; None where nothing is rounded: float32 holds the scalar, or it is put nowhere.
    """
    moved = converted(value)
    if not moved or (places is not None and not bool(places.any())):
        return None
    return torch.tensor(moved, dtype=torch.float64) if places is None else places.double() * moved


def multiplied(value: Any) -> float:
    """Return how many roundings a product with a Python scalar costs: none if it is a power of two."""
    size = abs(float(value))
    return 0.0 if not size or math.frexp(size)[0] == 0.5 else 1.0 + converted(value) / size


def magnitude(value: Any) -> Any:
    """Return the absolute value of a tensor or Python scalar; of a complex tensor, those of its parts."""
    if not isinstance(value, torch.Tensor):
        return abs(value)
    if value.is_complex():
        return torch.complex(value.real.abs(), value.imag.abs())
    # Converted, because torch has no abs for masks.
    return value.abs() if value.dtype == torch.float64 else value.to(torch.float64).abs()


def scaled(size: Tensor, factor: float, more: float = 0.0) -> Tensor:
    """Multiply sizes that were just made by a factor and add a number, in place; return them.

    In NumPy, which takes a third of torch's time for as few numbers as most results have.
    """
    if size.dtype is not torch.float64:
        return size * factor + more
    array = size.numpy()
    np.multiply(array, factor, array)
    if more:
        np.add(array, more, array)
    return size


def terms(x: Tensor, reduced: Tensor) -> float:
    """Return how many elements of `x` were reduced to each element of the result."""
    return x.numel() / max(1, reduced.numel())


@contextmanager
def added_up_in(unit: float) -> Iterator[None]:
    """Let `chain` know the unit of partial sums, where it is so large that long sums stand still; else 0."""
    before = _SUMS.set(unit)
    try:
        yield
    finally:
        _SUMS.reset(before)


def chain(count: float) -> float:
    """Return how many roundings of Σ|x| a sum of that many equal terms loses when they are added one by one.

    The k-th partial sum is k/n of the whole and loses u/√3 of it, in root mean square: over all k that is
    √(n/3)·u/√3. Products of matrices are added in such chains, and so are NumPy's sums over every dimension
    but the last; those over the last dimension, and torch's, cascade and lose less.

    From 1/u terms on, each is about as small as a rounding of the sum, which stands still: errors of half
    types then add up like √(n·u) more, until all is lost.
    """
    return max(1.0, math.sqrt(count / 3)) * max(1.0, math.sqrt(count * _SUMS.get()))


def products(magnitude: Tensor, terms: int) -> Tensor:
    """Return the error of adding up `terms` products, with that of products below the smallest normal number.

    Args:
        magnitude: the sum of their absolute values; changed in place.
        terms: how many products; the root mean square of their absolute errors grows by √terms.
    """
    return scaled(magnitude, chain(terms), UNDERFLOW / UNIT * math.sqrt(terms))
