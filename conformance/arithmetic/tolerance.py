"""From the deviation to the tolerance: times constants that stand in one reviewed file, constants.toml.

Called by the judge per observable and lane; returns what each element may differ by. The calibration picks
the constants from what `scale` returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conformance.arithmetic.constants import constants

if TYPE_CHECKING:
    from conformance.arithmetic.constants import Constants
    from conformance.arithmetic.deviation import Deviation
    from conformance.sampling.values import Array

# One rounding of each dtype. A deviation is measured in those of float32, and is linear in them.
UNIT = {"float32": 2.0**-24, "float64": 2.0**-53}


class Scale(NamedTuple):
    """What a constant of 1 would allow; calibration measures errors in these.

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
        """Return what each element may differ by: the smaller of what its tensor and the element are allowed.

        Args:
            c: by default those of the reviewed file.
        """
        c = c or constants()
        return np.asarray(np.minimum(c.element * self.element, c.tensor * self.tensor))


def scale(deviation: Deviation, dtype: str, *, exact: bool = False) -> Scale:
    """Return what a deviation means in a lane, before the constants.

    Args:
        deviation: of the observable, from the oracle.
        dtype: of the lane.
        exact: the values are such that nothing rounds.
    """
    rms = np.asarray(deviation.rms, dtype=np.float64)
    if exact or not deviation.largest:
        return Scale(0.0, np.zeros(rms.shape))
    c = constants()
    unit = UNIT[dtype] / UNIT["float32"] * (c.oracle_share if dtype == "float64" else 1.0)
    return Scale(deviation.largest * unit, np.maximum(rms, c.floor * deviation.largest) * unit)


def tolerances(deviation: Deviation, dtype: str, *, exact: bool = False) -> Array:
    """Return what each element may differ by; all zero where nothing rounds, so that bits must agree.

    Args:
        deviation: of the observable, from the oracle.
        dtype: of the lane.
        exact: the values are such that nothing rounds.
    """
    return scale(deviation, dtype, exact=exact).allowed()
