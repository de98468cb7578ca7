"""What the numbers of one observable are compared with: the same for every subject, so that it is made once.

Made by judging.expectation, read by judging.judge. All arrays are of one axis, in which scalars, views and
arrays of any shape are the same to NumPy.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from conformance.sampling.values import Array


class Target(NamedTuple):
    """What the numbers of one floating observable are compared with.

    Attributes:
        right: the oracle's numbers; the reference's where one of the two is inf or NaN.
        tolerance: what each may differ by; 0 where one of the two is inf or NaN.
        finite: where both are finite; None where they are everywhere, as nearly always.
        size: how large the right numbers are; 1 where they are inf or NaN.
        largest: the largest size of a finite one; 0 if there is none.
        reference_error: the reference's own largest error; None where it computes as the oracle does.

    Example:
        >>> import numpy as np
        >>> from conformance.judging.target import Target
        >>> oracle = np.array([0.1, -2.0])
        >>> found = Target.of(oracle, oracle.astype(np.float32), np.full(2, 1e-6), "float32")
        >>> found.finite, found.largest, f"{found.reference_error:.2g}"
        (None, 2.0, '1.5e-09')
    """

    right: Array
    tolerance: Array
    finite: Array | None
    size: Array
    largest: float
    reference_error: float | None

    @classmethod
    def of(cls, oracle: Array, reference: Array, tolerance: Array, lane: str) -> Target:
        """Return the target of an observable.

        Args:
            oracle: the reference's numbers in float64.
            reference: its numbers in the lane's dtype, which decide what is inf or NaN: 1e30 · 1e30 is 1e60
                for the oracle only.
            tolerance: what each may differ by, of the same shape.
            lane: the lane.
        """
        right, own, tolerance = (each.reshape(-1) for each in (oracle, reference, tolerance))
        size = np.abs(right)
        largest, away = top(size), 0.0 if reference is oracle else _away(own, right)
        # The top of numbers of which one is inf or NaN is one of these.
        if isfinite(largest) and isfinite(away):
            return cls(right, tolerance, None, size, largest, _unless_float64(away, lane))
        finite = np.isfinite(own) & np.isfinite(right)
        if finite.all():
            return cls(right, tolerance, None, size, largest, _unless_float64(away, lane))
        right, tolerance = np.where(finite, right, own), np.where(finite, tolerance, 0.0)
        size = np.where(finite, np.abs(right), 1.0)
        largest, away = top(size[finite]), _away(own[finite], right[finite])
        return cls(right, tolerance, finite, size, largest, _unless_float64(away, lane))


def _away(own: Array, right: Array) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return top(np.abs(own - right))


def _unless_float64(away: float, lane: str) -> float | None:
    return None if lane == "float64" else away


def top(numbers: Array) -> float:
    """Return the largest of numbers that are not negative: NaN if one of them is, 0 if there are none."""
    # A third of the time of their `max`, for the few numbers that most have.
    return float(numbers.item(numbers.argmax())) if numbers.size else 0.0
