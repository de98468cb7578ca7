"""The size of one rounding of float32, and counts of roundings that the rules in rules/ are made of.

The rules return sizes of errors in roundings; mode.py multiplies them by UNIT and adds UNDERFLOW.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor

# One rounding of float32, relative; and half of its smallest positive number, which underflow may add.
UNIT = 2.0**-24
UNDERFLOW = 2.0**-150

_FLOAT32 = struct.Struct("f")
_LARGEST = 2.0**127


def converted(value: Any) -> float:
    """Return how far a Python scalar is from the float32 that an operation uses for it, in units of u."""
    if not isinstance(value, float) or not abs(value) < _LARGEST:
        return 0.0
    used: float = _FLOAT32.unpack(_FLOAT32.pack(value))[0]
    return abs(value - used) / UNIT


def multiplied(value: Any) -> float:
    """Return how many roundings a product with a Python scalar costs: none if it is a power of two."""
    size = abs(float(value))
    return 0.0 if not size or math.frexp(size)[0] == 0.5 else 1.0 + converted(value) / size


def magnitude(value: Any) -> Any:
    """Return the absolute value of a tensor or of a Python scalar."""
    if not isinstance(value, torch.Tensor):
        return abs(value)
    # Converted, because torch has no abs for masks.
    return value.abs() if value.dtype == torch.float64 else value.to(torch.float64).abs()


def terms(x: Tensor, reduced: Tensor) -> float:
    """Return how many elements of `x` were reduced to each element of the result."""
    return x.numel() / max(1, reduced.numel())


def chain(count: float) -> float:
    """Return how many roundings of Σ|x| a sum of that many equal terms loses when they are added one by one.

    The k-th partial sum is k/n of the whole and loses u/√3 of it, in root mean square: over all k that is
    √(n/3)·u/√3. Products of matrices are added in such chains, and so are NumPy's sums over every dimension
    but the last; those over the last dimension, and torch's, cascade and lose less.
    """
    return max(1.0, math.sqrt(count / 3))
