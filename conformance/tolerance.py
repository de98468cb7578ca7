"""From the deviation to the tolerance: times constants that stand in one reviewed file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from conformance.constants import constants

if TYPE_CHECKING:
    from conformance.deviation import Deviation
    from conformance.values import Array

# One rounding of each dtype. A deviation is measured in those of float32, and is linear in them.
UNIT = {"float32": 2.0**-24, "float64": 2.0**-53}


def tolerances(deviation: Deviation, dtype: str, *, exact: bool = False) -> Array:
    """Return what each element may differ by: the least of what its tensor and it itself are allowed.

    Args:
        deviation: of the observable, from the oracle.
        dtype: of the lane.
        exact: the values are such that nothing rounds.

    Returns:
        An array of the observable's shape; all zero where nothing rounds, so that bits must agree.
    """
    rms = np.asarray(deviation.rms, dtype=np.float64)
    if exact or not deviation.largest:
        return np.zeros(rms.shape)
    c = constants()
    scale = UNIT[dtype] / UNIT["float32"] * (c.oracle_share if dtype == "float64" else 1.0)
    element = c.element * np.maximum(rms, c.floor * deviation.largest)
    return np.asarray(np.minimum(element, c.tensor * deviation.largest) * scale)
