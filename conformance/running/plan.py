"""The plan of a run: which work there is, and how much, is known before anything is judged.

The first step of `conformance.run`; the work is done by running.run. No sample is kept: a plan goes through
all of them once, and draws them anew, one by one, each time that it is gone through.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from conformance.arithmetic.formats import TORCHS
from conformance.cases import CASES, find_cases
from conformance.errors import UsageError, names_of, whole
from conformance.judging.chosen_uses import uses_by_draw
from conformance.report.scope import Scope, undeclared_words
from conformance.running.shards import WHOLE, Part
from conformance.running.work import BadCallWork, SampleWork
from conformance.sampling.space import MINIMUMS
from conformance.sampling.within import MOST, Within, draw_within
from conformance.subjects.protocol import EVERY_LANE, LANES
from conformance.subjects.supports import EVERYTHING, Supports

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from conformance.cases.case import Case
    from conformance.judging.chosen_uses import Uses
    from conformance.running.work import Work
    from conformance.sampling.sample import Sample


@dataclass(frozen=True)
class CaseWork:
    """The work of one case: its samples, and then its bad calls.

    Attributes:
        case: the case's name.
        lanes: those of the plain calls.
        samples: the samples.
        uses: the uses that samples are judged in, by the number of the draw.
        bad_calls: the bad calls, if they are judged.
    """

    case: str
    lanes: tuple[str, ...]
    samples: Within
    uses: Mapping[int, Uses]
    bad_calls: tuple[BadCallWork, ...] = ()

    def __iter__(self) -> Iterator[Work]:
        for sample in self.samples:
            yield SampleWork(sample, self.lanes, self.uses.get(sample.draw, ()))
        yield from self.bad_calls

    def __len__(self) -> int:
        return self.samples.count + len(self.bad_calls)


@dataclass(frozen=True)
class Plan:
    """The work of a run, to be gone through in the order of the report.

    Attributes:
        cases: the work of each case that has any.
        minimums: how many samples of each shape class and regime are needed; empty where none binds.
        scope: the named cases, and what is outside the subject's limits.
        own: how many pieces of the work are of the part of the run that is done.
        digest: a hash of all that the work is.
    """

    cases: tuple[CaseWork, ...]
    minimums: dict[str, int]
    scope: Scope = field(default_factory=Scope)
    own: int = 0
    digest: str = ""

    def __iter__(self) -> Iterator[Work]:
        return chain.from_iterable(self.cases)

    def __len__(self) -> int:
        return sum(map(len, self.cases))


class _Count:
    """What is counted of a plan's work while it is gone through for the first time."""

    def __init__(self, part: Part) -> None:
        self._part, self._digest = part, hashlib.sha256()
        self.own = 0
        # How many samples there are of each shape class and regime.
        self.kinds: Counter[str] = Counter()

    def of(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Yield the samples of a case, and count them."""
        for sample in samples:
            self.kinds.update((sample.shape_class, sample.regime))
            self._add(sample.text)
            yield sample

    def end(self, work: CaseWork) -> None:
        """Count what else a case has, after its samples."""
        for each in work.bad_calls:
            self._add(each.name)
        self._digest.update(repr((work.lanes, work.uses)).encode())

    @property
    def digest(self) -> str:
        """The hash of what was counted."""
        return self._digest.hexdigest()[:16]

    def _add(self, name: str) -> None:
        self.own += self._part.takes(name)
        self._digest.update(name.encode())


def plan(
    cases: Sequence[str],
    samples: int | None,
    seed: int,
    dtypes: Sequence[str] | None,
    supports: Supports = EVERYTHING,
    part: Part = WHOLE,
) -> Plan:
    """Draw the samples of some cases, and plan the work: a case's samples first, then its bad calls.

    Args:
        cases: names of cases; none for all.
        samples: the number of samples per case; None for what each declares.
        seed: the seed of the samples.
        dtypes: the lanes; None for those of the subject. Those that it does not declare are outside.
        supports: the limits of the subject.
        part: which part of the work is done.

    Raises:
        UsageError: an unknown case or dtype, no samples, or a negative seed.
    """
    asked = lanes_of(supports) if dtypes is None else find_lanes(dtypes)
    lanes = tuple(lane for lane in asked if lane in supports.dtypes)
    undeclared = undeclared_words(lane for lane in asked if lane not in lanes)
    samples = None if samples is None else whole("samples", samples, 1)
    seed = whole("seed", seed, 0)
    chosen = find_cases(cases)
    work: list[CaseWork] = []
    counted = _Count(part)
    outside: Counter[str] = Counter({"dtypes": len(undeclared)})
    fewer: dict[str, str] = {}
    for case in chosen:
        count = case.default_samples if samples is None else samples
        found = _within(case, seed, count, supports) if lanes else Within()
        if not found.count:
            outside["cases"] += 1
            continue
        uses = _uses(case, counted.of(found), lanes, supports)
        bad_calls = (BadCallWork(case.name, seed),) if case.bad_calls else ()
        work.append(CaseWork(case.name, lanes, found, uses, bad_calls * supports.judges_bad_calls))
        counted.end(work[-1])
        outside["samples"] += found.outside
        if found.count < count:
            fewer[case.name] = f"{found.count} of {count} samples found in {MOST * count:,} draws"
        if not supports.judges_bad_calls:
            outside["bad calls"] += len(case.bad_calls)
    inside = supports.inside._asdict() if supports.inside != TORCHS else {}
    limits = (*supports.words, *undeclared)
    scope = Scope(tuple(dict.fromkeys(cases)), limits, dict(+outside), fewer, inside)
    needed = _reachable(minimums(chosen, samples), counted.kinds, supports)
    return Plan(tuple(work), needed, scope, counted.own, counted.digest)


def samples_of(
    case: Case, seed: int, count: int, lanes: tuple[str, ...], supports: Supports = EVERYTHING
) -> list[SampleWork]:
    """Draw the samples of a case that a subject supports, each with the uses that it is judged in."""
    found = _within(case, seed, count, supports)
    uses = _uses(case, found, lanes, supports)
    return [SampleWork(sample, lanes, uses.get(sample.draw, ())) for sample in found]


def _within(case: Case, seed: int, count: int, supports: Supports) -> Within:
    if supports == EVERYTHING:
        return draw_within(case.name, case.space, seed, count)
    if supports.why_outside(case) is not None:
        return Within(outside=count)
    return draw_within(
        case.name, case.space, seed, count, lambda each: supports.why_outside(case, each.settings) is None
    )


def _uses(case: Case, drawn: Iterable[Sample], lanes: tuple[str, ...], supports: Supports) -> dict[int, Uses]:
    # In half types nothing but plain calls is judged.
    return uses_by_draw(case, drawn, [lane for lane in lanes if lane in LANES], supports)


def _reachable(needed: dict[str, int], planned: Mapping[str, int], supports: Supports) -> dict[str, int]:
    """Return the minimums that a subject can reach: no more samples than are planned within its limits."""
    if supports == EVERYTHING:
        return needed
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
