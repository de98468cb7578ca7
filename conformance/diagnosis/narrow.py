"""Whether a subject computes in a narrower type than it returns, which no order of roundings hides.

Two programs that compute float64 in float32 agree only to float32's tolerance. That alone would be said of
any subject that is a little inaccurate, so each number that it returns has to be one of float32's.
Called by diagnosis.nearest, like the other hypotheses.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from conformance.arithmetic.tolerance import UNIT
from conformance.diagnosis.hypothesis import Hypothesis
from conformance.diagnosis.observation import compared
from conformance.subjects.answers import NotNumbersError, numbers

if TYPE_CHECKING:
    from conformance.diagnosis.observation import Observation


class Narrow(Hypothesis):
    """That a subject has a fault that computes in another type; see `Fault.computes`."""

    def explains(self, seen: Observation) -> bool:
        """Whether a subject returned what the wrong reference returns, but for that type's roundings."""
        computes = self.fault.computes
        if super().explains(seen):
            return True
        if seen.formal or UNIT[computes] <= UNIT[seen.lane] or not _of(computes, seen):
            return False
        expected = self.expected(seen)
        if expected is None:
            return False
        wider = UNIT[computes] / UNIT[seen.lane]
        tolerance = {name: array * wider for name, array in expected.tolerance.items()}
        return compared(replace(expected, tolerance=tolerance), seen).ratio <= 1

    def certain(self, seen: Observation) -> bool:
        """Whether it explains a subject without the other type's roundings."""
        return super().explains(seen)


def _of(dtype: str, seen: Observation) -> bool:
    """Whether all numbers that a subject returned are those of a type."""
    try:
        arrays = [numbers(answer) for answer in seen.trace.values()]
    except NotNumbersError:
        return False
    floating = [array for array in arrays if array.dtype.kind == "f"]
    with np.errstate(all="ignore"):
        return all(np.array_equal(array.astype(dtype), array, equal_nan=True) for array in floating)
