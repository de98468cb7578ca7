"""Python scalars and containers as whole numbers, which are compared bit for bit in both lanes.

The families optim and lr_scheduler compare learning rates and other options by them, which are Python floats
in both lanes, whatever the dtype of the tensors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

# How many of a float's 53 bits are left out: enough for the roundings of 300 steps in another order.
_LEFT_OUT = 20
# A code of the kind stands before each value, so that False, 0 and None differ.
_NOTHING, _WHOLE, _FLOAT, _OTHER = range(4)


def leading(values: Sequence[Any]) -> np.ndarray:
    """Return the sign, the exponent and the 33 leading bits of floats as one whole number each, rounded."""
    bits = np.asarray(values, np.float64).view(np.int64)
    return (bits + (1 << _LEFT_OUT - 1)) >> _LEFT_OUT


def numbers(value: Any) -> list[int]:
    """Return a value as whole numbers: None, booleans, numbers, text, and containers of them.

    Of any other value, e.g. a function, only its place is kept.
    """
    if value is None:
        return [_NOTHING]
    if isinstance(value, int):
        return [_WHOLE, int(value)]
    if isinstance(value, float):
        return [_FLOAT, int(leading([value])[0])]
    if isinstance(value, str):
        return [_WHOLE, *value.encode()]
    if isinstance(value, Mapping):
        value = [part for pair in sorted(value.items()) for part in pair]
    if isinstance(value, Sequence):
        return [number for part in value for number in numbers(part)]
    return [_OTHER]
