"""From the deviation to the tolerance: the deviation times the constants in constants.toml.

Called by the judge per observable and lane; returns the tolerance of each element. The calibration picks
the constants by the result of `scale`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conformance.arithmetic.constants import constants
from conformance.arithmetic.formats import FORMATS, HALF

if TYPE_CHECKING:
    from conformance.arithmetic.constants import Constants
    from conformance.arithmetic.deviation import Deviation
    from conformance.sampling.values import Array

# One rounding of each dtype.
UNIT = {name: each.unit for name, each in FORMATS.items()}


class Scale(NamedTuple):
    """The tolerances under constants of 1; calibration measures errors in these.

    Attributes:
        tensor: every element, by its tensor's deviation.
        element: each element, by its own.
    """

    tensor: float
    element: Array

    @property
    def exact(self) -> bool:
        """Nothing rounds, so bits must agree for any constants."""
        return not self.tensor

    def allowed(self, c: Constants | None = None) -> Array:
        """Return each element's tolerance: the smaller of the one per tensor and the one per element.

        Args:
            c: the constants; by default those of the reviewed file.
        """
        c = c or constants()
        return np.asarray(np.minimum(c.element * self.element, c.tensor * self.tensor))


def scale(deviation: Deviation, dtype: str, *, exact: bool = False) -> Scale:
    """Return the tolerances in a lane that follow from a deviation, before the constants.

    Args:
        deviation: the observable's deviation, from the oracle; of a half type, at its own precision.
        dtype: the lane's dtype.
        exact: the values are such that nothing rounds.
    """
    rms = np.asarray(deviation.rms, dtype=np.float64)
    if exact or not deviation.largest:
        return Scale(0.0, np.zeros(rms.shape))
    c = constants()
    # The deviation of a half type was measured in it. Otherwise it was in float32, and it is linear in u.
    unit = 1.0 if dtype in HALF else UNIT[dtype] / UNIT["float32"]
    unit *= c.oracle_share if dtype == "float64" else 1.0
    return Scale(deviation.largest * unit, np.maximum(rms, c.floor * deviation.largest) * unit)
