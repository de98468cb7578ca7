"""Compares the results of two sides before they are timed: the time of a wrong result means nothing.

Called by `running.measure`. It is coarser than the suite, which has judged the libraries: what it has to
notice is that the two sides do not compute the same thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.bench.workload import Array


class WrongResultError(ValueError):
    """Two sides of a workload do not compute the same."""


def compare(reference: Sequence[Array], subject: Sequence[Array], rounding: float, names: str) -> None:
    """Compare the results of two sides.

    Args:
        reference: the arrays of one side.
        subject: those of the other, in the same order.
        rounding: how much an element may differ, relative to the largest of its array.
        names: both sides, for the message, such as `mytorch against torch`.

    Raises:
        WrongResultError: number, shapes, dtypes or values differ, a value is not finite, or all are zero,
            which could not tell right from wrong.
    """
    if len(reference) != len(subject) or not reference:
        raise WrongResultError(f"{names}: expected {len(reference) or 'some'} results, got {len(subject)}")
    for place, (expected, got) in enumerate(zip(reference, subject, strict=True)):
        where = f"{names}: result {place}"
        if (expected.shape, expected.dtype) != (got.shape, got.dtype):
            raise WrongResultError(
                f"{where}: expected {expected.shape} {expected.dtype}, got {got.shape} {got.dtype}"
            )
        largest = float(np.abs(expected).max(initial=0))
        if not np.isfinite(largest) or largest == 0:
            raise WrongResultError(f"{where}: expected finite numbers, not all 0, got {largest:g} at most")
        error = float(np.abs(got.astype(np.float64) - expected).max())
        # Not `error > …`, which is False of NaN.
        if not error <= rounding * largest:
            raise WrongResultError(
                f"{where}: expected errors of at most {rounding:g} of the largest element, "
                f"{largest:.3g}, got one of {error:.3g}"
            )
