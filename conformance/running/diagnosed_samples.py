"""Which samples a diagnosis looks at: those that tell most of what is wrong, and cost little.

Called by running.diagnose with the verdicts of a case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conformance.arithmetic.tolerance import UNIT
from conformance.judging.verdict import Status
from conformance.sampling.sample import Sample
from conformance.sampling.space import HOLLOW
from conformance.subjects.protocol import EVERY_LANE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.diagnosis.observation import Observation
    from conformance.judging.verdict import Verdict

# Relative to the largest number, so large an error is more than one of accuracy.
_SMALL = 1e-3

# Of so many cheap samples, those are taken whose settings differ most.
_POOL = 16

# Where numbers are inf or NaN, or round to nothing, few faults can be told apart.
_LAST = frozenset({"nonfinite", "huge", "steep", "tiny", "zeros", "saturated"})


class Asked(NamedTuple):
    """A sample that the subject is asked for again, in one lane.

    Attributes:
        sample: the sample.
        lane: the lane.
        cost: the number of elements that are compared.
    """

    sample: Sample
    lane: str
    cost: int


def chosen(wrong: Iterable[Verdict]) -> list[Asked]:
    """Return the samples in which a subject fails by its numbers, those to try first in front.

    Where a plain call fails, uses are passed over; and where float64 fails, which asks whether it is the same
    function, so are the other lanes.
    """
    numeric = _numeric(wrong)
    uses = {verdict.use or "" for verdict in numeric}
    use = "" if "" in uses else next((verdict.use for verdict in numeric), "")
    of_use = [verdict for verdict in numeric if (verdict.use or "") == use]
    # What comes of NaN and inf is a convention, and may be another mistake.
    of_use = [verdict for verdict in of_use if verdict.regime != "nonfinite"] or of_use
    # So is what comes of no elements.
    of_use = [verdict for verdict in of_use if verdict.shape_class not in HOLLOW] or of_use
    lane = next((lane for lane in EVERY_LANE if any(v.lane == lane for v in of_use)), None)
    return _telling(verdict for verdict in of_use if verdict.lane == lane)


def _numeric(wrong: Iterable[Verdict]) -> list[Verdict]:
    """Return the failures that tell by numbers, each time."""
    return [v for v in wrong if v.status is Status.FAIL and _tells(v) and v.repeatable is not False]


def _tells(verdict: Verdict) -> bool:
    """Whether a failure is one of numbers, or something is missing, such as a gradient that was detached."""
    return bool(verdict.elements) or str(verdict.reason).startswith("missing")


def shown(wrong: Iterable[Verdict], failing: Sequence[Observation]) -> Sample:
    """Return where to look: in the sample that a report shows, if it is cheap and fails alike."""
    seen = failing[0]
    alike = (seen.lane, seen.prepared.sample.use)
    for verdict in _numeric(wrong):
        if (verdict.lane, verdict.use or "") == alike and verdict.regime != "nonfinite":
            first = Sample.parse(verdict.sample)
            return first if first.shape_class != "large" else seen.prepared.sample
    return seen.prepared.sample


def agreeing(verdicts: Iterable[Verdict], use: str) -> list[Asked]:
    """Return the samples in which everything agrees, those to try first in front.

    First are those that fail in another lane: they show that a fault is one of accuracy.
    """
    asked = [v for v in verdicts if (v.use or "") == use and v.lane]
    wrong = {(verdict.sample, verdict.lane) for verdict in asked if not verdict.passed}
    right = [v for v in asked if v.elements and v.agrees and (v.sample, v.lane) not in wrong]
    failing = {sample for sample, _ in wrong}
    mixed = _telling(v for v in right if v.sample in failing)
    others = {each.sample: each for each in _telling(v for v in right if v.sample not in failing)}
    return [*mixed[:1], *others.values()]


def _telling(verdicts: Iterable[Verdict]) -> list[Asked]:
    """Return the samples of some verdicts: cheap ones first, and of these, those with other settings."""
    costs: dict[tuple[str, str], int] = {}
    far: set[str] = set()
    for verdict in verdicts:
        key = (verdict.sample, str(verdict.lane))
        costs[key] = costs.get(key, 0) + verdict.elements
        if verdict.lane and not (verdict.error_in_u or 0.0) * UNIT[verdict.lane] < _SMALL:
            far.add(verdict.sample)
    asked = [Asked(Sample.parse(text), lane, cost) for (text, lane), cost in costs.items()]
    asked.sort(key=lambda each: (each.sample.shape_class in HOLLOW, each.sample.regime in _LAST, each.cost))
    # A small error may be one of accuracy, next to another mistake in other samples.
    asked.sort(key=lambda each: each.sample.text not in far)
    pool, order = asked[: min(_POOL, len(far) or _POOL)], list[Asked]()
    seen: set[tuple[str, object]] = set()
    while pool:
        best = max(pool, key=lambda each: len(_flags(each.sample) - seen))
        pool.remove(best)
        order.append(best)
        seen |= _flags(best.sample)
    return order + asked[len(order) :]


def _flags(sample: Sample) -> set[tuple[str, object]]:
    """Return the settings of a sample but for its sizes, of which only the least matter."""
    return {
        (name, min(value, 3) if type(value) is int else value) for name, value in sample.settings.items()
    } | {("regime", sample.regime)}
