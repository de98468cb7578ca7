"""Whether a subject that fails computes the same function less accurately, and how.

Called by running.diagnose where no fault behaves like the subject.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.arithmetic.formats import FORMATS
from conformance.arithmetic.tolerance import UNIT
from conformance.diagnosis.observation import compared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.diagnosis.observation import Observation

# The tolerances of the coarsest dtype allow for errors of some percent, which other mistakes have too.
# Relative to the largest number, an error of this size is not told as one of accuracy.
_LARGE = 0.005

_ABSOLUTE = "tanh or sigmoid of the absolute kind, which loses digits where its value is tiny"


def less_accurate(failing: Sequence[Observation]) -> str:
    """Return how a subject is less accurate in every observation; empty where it is not the same function.

    The accuracy class `absolute` is asked first, then the errors of each coarser arithmetic, the finest
    first.
    """
    if all(absolute(seen) for seen in failing):
        return _ABSOLUTE
    worst = max(compared(seen.expected, seen).ratio for seen in failing)
    finest = max(UNIT[seen.lane] for seen in failing)
    coarser = sorted((each.unit, name) for name, each in FORMATS.items() if each.unit > finest)
    size = max(compared(seen.expected, seen).size for seen in failing)
    for unit, name in coarser:
        fits = all(compared(seen.expected, seen).ratio <= unit / UNIT[seen.lane] for seen in failing)
        if fits and size < _LARGE:
            return f"the same function to the accuracy of {name}, up to {worst:,.2g} times the tolerance"
    return ""


def absolute(seen: Observation) -> bool:
    """Whether the accuracy class `absolute` would accept what a subject returned."""
    accepted = seen.prepared.absolute.expectations[seen.lane]
    return compared(replace(seen.expected, tolerance=accepted.tolerance), seen).ratio <= 1
