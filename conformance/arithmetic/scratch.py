"""Arrays for the sizes of errors, which NumPy writes and torch reads: used by mode.py again and again.

To make one, and a tensor of it, takes a tenth of an operation on the few numbers that most results have.
"""

from __future__ import annotations

from threading import local
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

if TYPE_CHECKING:
    from conformance.sampling.values import Array

# Larger arrays are made anew, and no more than this many are kept.
_NUMBERS, _KEPT = 1 << 12, 256


class Scratch(NamedTuple):
    """The same numbers three times.

    Attributes:
        array: of a shape.
        flat: without it.
        tensor: of the shape, for torch.
    """

    array: Array
    flat: Array
    tensor: torch.Tensor


class _Scratches(local):
    """Those of one thread: while NumPy writes, another thread may."""

    def __init__(self) -> None:
        self.by_shape: dict[torch.Size, Scratch] = {}


_of_thread = _Scratches()


def scratch(shape: torch.Size) -> Scratch:
    """Return arrays of a shape with any numbers, which hold until this thread's next call with that shape."""
    scratches = _of_thread.by_shape
    found = scratches.get(shape)
    if found is None:
        array = np.empty(shape)
        found = Scratch(array, array.reshape(-1), torch.from_numpy(array))
        if array.size <= _NUMBERS:
            if len(scratches) == _KEPT:
                scratches.clear()
            scratches[shape] = found
    return found
