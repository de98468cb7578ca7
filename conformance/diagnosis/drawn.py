"""Whether a fault that draws at random explains what a subject returned: up to what was drawn.

Two programs with the same such fault return different numbers. So the wrong reference draws several times. An
element of the subject's has to be one that was drawn, or, where each draw gives another number, among them.
Called by diagnosis.nearest, like the other hypotheses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from conformance.arithmetic.tolerance import UNIT
from conformance.diagnosis.hypothesis import Hypothesis
from conformance.judging.judge import errors
from conformance.subjects.answers import NotNumbersError, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.diagnosis.observation import Observation
    from conformance.faults.fault import Fault
    from conformance.judging.expectation import Expectation
    from conformance.sampling.values import Array

# Each element is kept once and dropped once, at p = 0.9, but for one element of 5,000.
_DRAWS = 80

# Of the largest number: the tolerance is that of the right result, and a wrong one may be larger.
_ROUNDINGS = 8

# A mask makes two numbers of an element; more come of sums over several masks.
_OF_A_MASK = 2


class Drawn(Hypothesis):
    """That a subject has a fault that draws at random.

    Args:
        fault: the fault.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self._draws = [Hypothesis(fault, seed) for seed in range(1, _DRAWS + 1)]

    def explains(self, seen: Observation) -> bool:
        """Whether a subject returned what the wrong reference returns in some of its draws."""
        if super().explains(seen):
            return True
        drawn = self._drawn(seen)
        return bool(drawn) and all(_among(drawn, name, seen) for name in drawn[0].oracle)

    def certain(self, seen: Observation) -> bool:
        """Whether each number is one that was drawn, and none only among them."""
        drawn = self._drawn(seen)
        exact = bool(drawn) and all(_near(drawn, name, seen).all() for name in drawn[0].oracle)
        return exact or super().explains(seen)

    def contradicts(self, seen: Observation) -> bool:
        """Whether a subject that passes would have failed in each draw."""
        return super().contradicts(seen) and all(each.contradicts(seen) for each in self._draws)

    def _drawn(self, seen: Observation) -> list[Expectation]:
        """Return what is expected by each draw; nothing if the sample does not fail, or one cannot be run."""
        found = [] if seen.formal else [each.expected(seen) for each in self._draws]
        return [] if None in found else [each for each in found if each is not None]


def _near(drawn: Sequence[Expectation], name: str, seen: Observation) -> Array:
    """Return which elements of an observable are numbers that were drawn; of another form, none is."""
    try:
        got = numbers(seen.trace.get(name))
    except NotNumbersError:
        return np.zeros(1, bool)
    if any(each.oracle[name].shape != got.shape for each in drawn):
        return np.zeros(1, bool)
    if got.dtype.kind != "f":
        # Flags and whole numbers.
        return np.asarray(np.any([each.oracle[name] == got for each in drawn], axis=0))
    near = np.zeros(got.shape, bool)
    for each in drawn:
        _, error = errors(each, name, got)
        largest = np.abs(each.oracle[name][np.isfinite(each.oracle[name])]).max(initial=0.0)
        near |= error <= each.tolerance[name] + _ROUNDINGS * UNIT[seen.lane] * largest
    return near


def _among(drawn: Sequence[Expectation], name: str, seen: Observation) -> bool:
    """Whether an observable of the subject is what was drawn, element by element."""
    near = _near(drawn, name, seen)
    if near.all():
        return True
    # A sum over several masks says little. It has to differ from call to call, unless the case sets the seed.
    oracle = drawn[0].oracle[name]
    if near.shape != oracle.shape or oracle.dtype.kind != "f" or not (_is_seeded(seen) or seen.varies):
        return False
    got = seen.trace[name]
    values = np.sort([each.oracle[name] for each in drawn], axis=0)
    with np.errstate(invalid="ignore"):
        apart = np.diff(values, axis=0) > drawn[0].tolerance[name]
        width = values[-1] - values[0]
        within = (got >= values[0] - width) & (got <= values[-1] + width)
    return bool((near | (within & (apart.sum(axis=0) >= _OF_A_MASK))).all())


def _is_seeded(seen: Observation) -> bool:
    return "generator" in seen.prepared.sample.settings
