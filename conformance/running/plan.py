"""The plan of a run: every sample is drawn and all work is listed before anything is judged.

The first step of `conformance.run`; the work is done by running.run.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.arithmetic.formats import TORCHS
from conformance.cases import CASES, find_cases
from conformance.errors import UsageError, names_of, whole
from conformance.judging.chosen_uses import uses_of
from conformance.report.scope import Scope
from conformance.running.work import BadCallWork, SampleWork
from conformance.sampling.space import MINIMUMS
from conformance.sampling.within import MOST, Within, draw_within
from conformance.subjects.protocol import EVERY_LANE, LANES
from conformance.subjects.supports import EVERYTHING, Supports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.cases.case import Case
    from conformance.running.work import Work
    from conformance.sampling.sample import Sample


@dataclass(frozen=True)
class Plan:
    """The work of a run.

    Attributes:
        work: the work, in the order of the report.
        minimums: how many samples of each shape class and regime are needed; empty where none binds.
        scope: the named cases, and what is outside the subject's limits.
    """

    work: tuple[Work, ...]
    minimums: dict[str, int]
    scope: Scope = field(default_factory=Scope)


def plan(
    cases: Sequence[str],
    samples: int | None,
    seed: int,
    dtypes: Sequence[str] | None,
    supports: Supports = EVERYTHING,
) -> Plan:
    """Draw the samples of some cases and list the work: a case's samples first, then its bad calls.

    Args:
        cases: names of cases; none for all.
        samples: the number of samples per case; None for what each declares.
        seed: the seed of the samples.
        dtypes: the lanes; None for those of the subject.
        supports: the limits of the subject.

    Raises:
        UsageError: an unknown case or dtype, no samples, or a negative seed.
    """
    asked = lanes_of(supports) if dtypes is None else find_lanes(dtypes)
    lanes = tuple(lane for lane in asked if lane in supports.dtypes)
    samples = None if samples is None else whole("samples", samples, 1)
    seed = whole("seed", seed, 0)
    chosen = find_cases(cases)
    work: list[Work] = []
    outside: Counter[str] = Counter()
    fewer: dict[str, str] = {}
    for case in chosen:
        count = case.default_samples if samples is None else samples
        found = _within(case, seed, count, supports) if lanes else Within([], 0)
        if not found.samples:
            outside["cases"] += 1
            continue
        work += _with_uses(case, found.samples, lanes, supports)
        outside["samples"] += found.outside
        if len(found.samples) < count:
            fewer[case.name] = f"{len(found.samples)} of {count} samples found in {MOST * count:,} draws"
        if not supports.judges_bad_calls:
            outside["bad calls"] += len(case.bad_calls)
        elif case.bad_calls and found.samples:
            work.append(BadCallWork(case.name, seed))
    inside = supports.inside._asdict() if supports.inside != TORCHS else {}
    scope = Scope(tuple(dict.fromkeys(cases)), supports.words, dict(+outside), fewer, inside)
    return Plan(tuple(work), _reachable(minimums(chosen, samples), work, supports), scope)


def samples_of(
    case: Case, seed: int, count: int, lanes: tuple[str, ...], supports: Supports = EVERYTHING
) -> list[SampleWork]:
    """Draw the samples of a case that a subject supports, each with the uses that it is judged in."""
    return _with_uses(case, _within(case, seed, count, supports).samples, lanes, supports)


def _within(case: Case, seed: int, count: int, supports: Supports) -> Within:
    if supports.why_outside(case) is not None:
        return Within([], count)
    return draw_within(
        case.name, case.space, seed, count, lambda each: supports.why_outside(case, each.settings) is None
    )


def _with_uses(
    case: Case, drawn: Sequence[Sample], lanes: tuple[str, ...], supports: Supports
) -> list[SampleWork]:
    # In half types nothing but plain calls is judged.
    of_uses = [lane for lane in lanes if lane in LANES]
    return [
        SampleWork(sample, lanes, uses)
        for sample, uses in zip(drawn, uses_of(case, drawn, of_uses, supports), strict=True)
    ]


def _reachable(needed: dict[str, int], work: Sequence[Work], supports: Supports) -> dict[str, int]:
    """Return the minimums that a subject can reach: no more samples than are planned within its limits."""
    if supports == EVERYTHING:
        return needed
    samples = [each.sample for each in work if isinstance(each, SampleWork)]
    planned = Counter(name for each in samples for name in (each.shape_class, each.regime))
    return {name: min(least, planned[name]) for name, least in needed.items() if planned[name]}


def lanes_of(supports: Supports) -> tuple[str, ...]:
    """Return the lanes that a subject declares, in the order of EVERY_LANE."""
    return tuple(lane for lane in EVERY_LANE if lane in supports.dtypes)


def find_lanes(dtypes: Sequence[str]) -> tuple[str, ...]:
    """Return the lanes of some dtypes, which are their names, in the order of EVERY_LANE.

    Raises:
        UsageError: an unknown dtype, or none.
    """
    given = names_of("dtypes", dtypes)
    for dtype in given:
        if dtype not in EVERY_LANE:
            raise UsageError(f"unknown dtype {dtype!r}. There are: {', '.join(EVERY_LANE)}")
    if not given:
        raise UsageError(f"dtypes: expected at least one of {', '.join(EVERY_LANE)}, got {dtypes!r}")
    return tuple(lane for lane in EVERY_LANE if lane in given)


def minimums(chosen: Sequence[Case], samples: int | None) -> dict[str, int]:
    """Return how many samples of each shape class and regime are needed: none but in a run of all cases.

    Args:
        chosen: the cases that are run.
        samples: the number of samples of each; None for what each declares.
    """
    whole = {case.name for case in chosen} >= set(CASES)
    enough = samples is None or all(samples >= case.default_samples for case in chosen)
    return dict(MINIMUMS) if whole and enough else {}
