"""The nearest fault: which known fault, put into the reference, behaves like a subject that fails.

Called by running.diagnose with what the subject returned; the faults that explain all of it come out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conformance.diagnosis.drawn import Drawn
from conformance.diagnosis.further import further
from conformance.diagnosis.hypothesis import Hypothesis
from conformance.diagnosis.narrow import Narrow
from conformance.faults import FAULTS
from conformance.faults.equivalents import EQUIVALENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.diagnosis.observation import Observation
    from conformance.faults.fault import Fault
    from conformance.sampling.sample import Sample

# Every candidate is tried on so many observations; the others are asked of those that explain one.
_FIRST = 2

# The families of faults that any case can have are told last.
_GENERAL = ("every case",)

# The families of faults that draw at random, and those that leave a dropout in training.
_DRAW = ("dropout",)
_STAY_IN_TRAINING = frozenset({"eval-keeps-training", "eval-forgets-children", "deepcopy-changes-mode"})


class Found(NamedTuple):
    """What is found.

    Attributes:
        faults: those that explain as many of the failing observations as any, and contradict none of the
            passing ones.
        explained: of how many failing observations.
        tried: how many candidates there were.
    """

    faults: tuple[Fault, ...]
    explained: int
    tried: int


def candidates(samples: Iterable[Sample]) -> list[Fault]:
    """Return the faults that may explain the samples of one case, all plain or all in one use."""
    samples = list(samples)
    case, use = samples[0].case, samples[0].use
    known = [
        fault
        for fault in FAULTS.values()
        if case in fault.cases and (fault.name, case) not in EQUIVALENTS and in_use(fault, use)
    ]
    found = known if use else [*known, *further(samples)]
    return sorted(found, key=lambda fault: fault.family in _GENERAL)


def in_use(fault: Fault, use: str) -> bool:
    """Whether a fault is one of a use; of the plain call, if that is empty."""
    return use in fault.uses if use else not fault.uses


def hypothesis(fault: Fault) -> Hypothesis:
    """Return the hypothesis that a subject has a fault."""
    if fault.computes:
        return Narrow(fault)
    draws = fault.family in _DRAW or fault.name in _STAY_IN_TRAINING
    return Drawn(fault) if draws else Hypothesis(fault)


def nearest(
    failing: Sequence[Observation],
    passing: Iterable[Observation] = (),
    hypotheses: Sequence[Hypothesis] | None = None,
) -> Found:
    """Return the faults that behave like a subject.

    Args:
        failing: what the subject returned in samples of one case in which it fails; at least one.
        passing: likewise, in which it passes. A fault that would change these is not it. They are drawn from
            only while a fault is left.
        hypotheses: what is tried; by default all candidates.
    """
    if hypotheses is None:
        hypotheses = [hypothesis(fault) for fault in candidates(seen.prepared.sample for seen in failing)]
    counts = dict.fromkeys(hypotheses, 0)
    for number, seen in enumerate(failing):
        for each, count in counts.items():
            if count or number < _FIRST:
                counts[each] += each.explains(seen)
    most = max(counts.values(), default=0)
    left = [each for each, count in counts.items() if count == most and most]
    # What explains it up to draws, or to a type's roundings, gives way to what explains it to the last digit.
    left = [each for each in left if all(map(each.certain, filter(each.explains, failing)))] or left
    for seen in passing if left else ():
        left = [each for each in left if not each.contradicts(seen)]
        if not left:
            break
    return Found(tuple(each.fault for each in left), most if left else 0, len(hypotheses))
