"""A drawer per case: its program, what was drawn, and one row per observable and lane, use and bad call.

Called by `render`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from conformance.cases import CASES
from conformance.judging.verdict import Status, numbers_first
from conformance.report.page.anchors import anchor, anchor_of, level
from conformance.report.page.first import row_of
from conformance.report.page.heat import heat
from conformance.report.page.program import program
from conformance.report.seen import is_plain
from conformance.report.tables import error_there, headroom, number
from conformance.report.tally import Tally
from conformance.sampling.space import UNBATCHED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.judging.verdict import Verdict
    from conformance.report.page.changes import Changes
    from conformance.report.page.first import Row
    from conformance.report.page.heat import Heat
    from conformance.report.page.program import Program
    from conformance.report.record import Report
    from conformance.report.seen import Seen
    from conformance.sampling.sample import Scalar

# How many failures of a case are written out, and how many reasons of what was skipped.
_FAILURES, _REASONS = 3, 3
# The order of outcomes in a row: the worst first.
_ORDER = (
    *(Status.ERROR, Status.FAIL, Status.EMPTY, Status.EXCUSED),
    *(Status.SKIP, Status.MISTRUSTED, Status.PASS),
)


class Observed(NamedTuple):
    """One observable in one lane, one use or one bad call.

    Attributes:
        id: by which it can be linked to.
        name: the observable, use or bad call.
        lane: the dtype, `use` or `bad call`.
        outcome: how many passed, or what did not.
        level: how near to its tolerance it is.
        headroom: the least.
        error: the error there.
        tolerance: the tolerance there.
        ulp: the largest error in units of the last place.
        numbers: how many numbers were compared.
        would_pass: the wrong answers that would pass in all of its samples.
        where: shape class and regime of the nearest sample.
    """

    id: str
    name: str
    lane: str
    outcome: str
    level: str
    headroom: str
    error: str
    tolerance: str
    ulp: str
    numbers: str
    would_pass: str
    where: str


@dataclass(frozen=True)
class Drawer:
    """One case.

    Attributes:
        case: its name.
        id: by which it can be linked to.
        program: what both sides computed, if it is known.
        samples: how many samples were judged, and on the plain path.
        drawn: what was drawn, by the name of a size, flag, class or regime.
        failures: the first failures, written out.
        more: how many more there are.
        heat: of a recurrent case that fails, its errors by steps and gates.
        skipped: why some were not judged, with how many.
        observed: the rows.
    """

    case: str
    id: str
    program: Program | None
    samples: str
    drawn: tuple[tuple[str, str], ...]
    failures: tuple[Row, ...]
    more: int
    heat: Heat | None
    skipped: tuple[str, ...]
    observed: tuple[Observed, ...] = field(default=())


def drawers(
    report: Report, how_much: Mapping[str, Seen], warn: float, changes: Changes | None
) -> list[Drawer]:
    """Return the drawers in the run's order.

    Args:
        report: the record of a run.
        how_much: how much of each case was seen.
        warn: the headroom below which a run warns.
        changes: what changed since the baseline, if there is one.
    """
    by_case: dict[str, _Mine] = defaultdict(_Mine)
    for verdict in report.verdicts:
        by_case[verdict.case].add(verdict)
    return [_drawer(case, mine, how_much.get(case), report, warn, changes) for case, mine in by_case.items()]


@dataclass
class _Mine:
    """What is kept of the verdicts on a case.

    Attributes:
        failed: those that did not pass.
        left: why some were not judged, with how many.
        rows: by the id of a row, what it shows.
    """

    failed: list[Verdict] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)
    rows: dict[str, _Row] = field(default_factory=lambda: defaultdict(_Row))

    def add(self, verdict: Verdict) -> None:
        if not verdict.passed:
            self.failed.append(verdict)
        if verdict.status in {Status.SKIP, Status.EXCUSED}:
            self.left[f"{verdict.status.value.lower()}: {verdict.reason}"] += 1
        self.rows[anchor_of(verdict)].add(verdict)


class _Row:
    """What is kept of the verdicts of a row.

    Attributes:
        tally: how they ended.
        nearest: the one that it shows.
    """

    def __init__(self) -> None:
        self.tally = Tally()
        self.nearest: Verdict | None = None

    def add(self, verdict: Verdict) -> None:
        self.tally.add(verdict)
        if self.nearest is None or _nearness(verdict) < _nearness(self.nearest):
            self.nearest = verdict


def _nearness(verdict: Verdict) -> tuple[int, float]:
    """Return by what the nearest verdict of a row is the least.

    Among equal outcomes, the least headroom; whether it is seen makes no difference to that.
    """
    order = len(_ORDER) if verdict.agrees else _ORDER.index(verdict.status)
    return order, inf if verdict.headroom is None else verdict.headroom


def _turn(row: _Row) -> tuple[bool, bool]:
    """Return by what rows are ordered: plain calls, then uses, then bad calls."""
    return row.nearest is None or row.nearest.lane is None, bool(row.nearest and row.nearest.use is not None)


def _drawer(
    case: str,
    mine: _Mine,
    how_much: Seen | None,
    report: Report,
    warn: float,
    changes: Changes | None,
) -> Drawer:
    failed = numbers_first(mine.failed)
    samples = ""
    if how_much:
        samples = f"{how_much.samples} samples judged"
        samples += f", {how_much.plain_path} on the plain path" if how_much.plain_path else ""
    rows = sorted(mine.rows.items(), key=lambda item: _turn(item[1]))
    return Drawer(
        case=case,
        id=anchor(case),
        program=program(case),
        samples=samples,
        drawn=tuple(_drawn(how_much) if how_much else ()),
        failures=tuple(row_of(verdict, report, changes) for verdict in failed[:_FAILURES]),
        more=len(failed[_FAILURES:]),
        heat=heat(failed, is_plain),
        skipped=tuple(f"{count:,} {why}" for why, count in mine.left.most_common(_REASONS)),
        observed=tuple(_observed(id, row.nearest, row.tally, warn) for id, row in rows if row.nearest),
    )


def _observed(id: str, nearest: Verdict, tally: Tally, warn: float) -> Observed:
    counts = tally.counts
    other = [f"{counts[status]:,} {status}" for status in _ORDER[:-1] if counts[status]]
    # In most uses an observable has the values of the plain call, whose row says the rest.
    measured = bool(nearest.lane) and not nearest.use
    if nearest.agrees:
        how = level(nearest.headroom, warn) if nearest.headroom is not None else "passed"
    else:
        how = "unmeasured" if nearest.passed else "fail"
    return Observed(
        id=id,
        name=nearest.use or nearest.observable or "whole sample",
        lane="use" if nearest.use else nearest.lane or "bad call",
        outcome=", ".join([f"{counts[Status.PASS]:,} of {tally.total:,}", *other]),
        level=how,
        headroom=headroom(nearest.headroom) or ("" if nearest.agrees else nearest.status.value),
        error=number(error_there(nearest)) if measured else "",
        tolerance=number(nearest.tolerance) if measured else "",
        ulp=number(tally.max_ulp) if measured else "",
        numbers=f"{tally.elements:,}" if nearest.lane else "",
        would_pass=", ".join(tally.sight.would_pass()),
        where=" · ".join(filter(None, (nearest.shape_class, nearest.regime))) if measured else "",
    )


def _drawn(seen: Seen) -> list[tuple[str, str]]:
    """Return the sizes as ranges, and how often each class, regime and value of a flag was drawn."""
    sizes = CASES[seen.case].space.sizes if seen.case in CASES else {}
    return [
        (name, _range(counts) if name in sizes else _counts(counts)) for name, counts in seen.values.items()
    ]


def _range(counts: Mapping[Scalar, int]) -> str:
    sizes = [int(size) for size in counts if size != UNBATCHED]
    told = [str(min(sizes)) if min(sizes) == max(sizes) else f"{min(sizes)} to {max(sizes)}"] if sizes else []
    return " or ".join(told + ["none (unbatched)"] * (UNBATCHED in counts))


def _counts(counts: Mapping[Scalar, int]) -> str:
    return ", ".join(
        f"{str(value).lower() if isinstance(value, bool) else value} {count}×"
        for value, count in counts.items()
    )
