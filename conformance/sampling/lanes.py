"""The arrays of a lane: NumPy has no bfloat16, whose numbers are carried by float32 arrays.

Called by subjects.protocol for the arrays of a task, and by judging for those that a subject returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from conformance.sampling.values import Array

# A lane is the dtype in which the subject computes, and is named by it. A run judges in these two.
LANES = ("float64", "float32")
# And in these where a subject declares them.
HALF_LANES = ("bfloat16", "float16")
EVERY_LANE = (*LANES, *HALF_LANES)

_BFLOAT16 = "bfloat16"


def carried(lane: str) -> str:
    """Return the dtype of a lane's arrays."""
    return "float32" if lane == _BFLOAT16 else lane


def rounded(values: Array, lane: str) -> Array:
    """Return floating values rounded to a lane, to even where two of its numbers are equally near.

    Example:
        >>> import numpy as np
        >>> from conformance.sampling.lanes import rounded
        >>> rounded(np.array([0.1, 257.0]), "bfloat16")
        array([1.00097656e-01, 2.56000000e+02], dtype=float32)
    """
    if lane == "float64":
        # Nothing is rounded, of which NumPy could warn.
        return values.astype(lane, copy=False)
    with np.errstate(under="ignore", over="ignore"):
        array: Array = values.astype(carried(lane), copy=False)
    if lane != _BFLOAT16 or array.dtype != np.float32:
        return array
    # The upper half of the bits, rounded; NaN stays NaN.
    bits = np.ascontiguousarray(array).reshape(array.shape).view(np.uint32)
    up = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    kept = np.asarray(up & np.uint32(0xFFFF0000)).view(np.float32)
    return np.asarray(np.where(np.isnan(array), array, kept))


def spacing(values: Array, lane: str) -> Array:
    """Return the distance from each number of a lane to the next larger one, in float64.

    Args:
        values: numbers that are not negative.
        lane: the lane.
    """
    if lane != _BFLOAT16:
        return np.asarray(np.spacing(values.astype(lane, copy=False)).astype(np.float64, copy=False))
    # 16 bits fewer than float32, whose smallest normal number is that of bfloat16, too.
    near = rounded(values, lane)
    least = np.spacing(np.float32(2.0**-126))
    return np.asarray(np.maximum(np.spacing(near), least).astype(np.float64) * 2.0**16)
