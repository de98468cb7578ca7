"""What changed since the baseline: what no longer passes, what passes with other headroom, and what is new.

Called by `render`. It shows; `conformance gate` decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from conformance.report.baseline import Baseline, Place
from conformance.report.page.anchors import anchor, anchor_of
from conformance.report.tables import headroom

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from conformance.judging.verdict import Verdict
    from conformance.report.baseline import Shown
    from conformance.report.record import Report

_SHOWN = 20


class Change(NamedTuple):
    """One thing that is not what it was.

    Attributes:
        kind: `fewer pass`, `less headroom`, `more headroom` or `new`.
        what: case, check or lane, and observable.
        href: the id of its row on the page, or of its case; empty where the run has neither.
        before: what the baseline says.
        now: what the run says.
    """

    kind: str
    what: str
    href: str
    before: str
    now: str


@dataclass(frozen=True)
class Changes:
    """What changed since a baseline.

    Attributes:
        baseline: of which run it is, in words.
        refused: why the two cannot be compared; empty where they can.
        rows: the changes, the worst first, as many as are shown.
        more: how many more there are.
        passed: the verdicts that passed there.
    """

    baseline: str
    refused: str = ""
    rows: tuple[Change, ...] = ()
    more: int = 0
    passed: Mapping[Place, Shown] = field(default_factory=dict)

    def since(self, verdict: Verdict) -> str:
        """Return what the baseline says of a failure, in words; empty where they cannot be compared."""
        if self.refused:
            return ""
        lane, observable = (None, verdict.use) if verdict.use else (verdict.lane, verdict.observable)
        known = Place(verdict.case, verdict.check, lane, observable) in self.passed
        return "passed in the baseline" if known else "not in the baseline"


def changes(report: Report, baseline: Baseline) -> Changes:
    """Compare a run with a baseline.

    Args:
        report: the run. Of a run of named cases, only those are compared.
        baseline: the verdicts that passed in an earlier one.
    """
    told = f"{baseline.implementation}, seed {baseline.seed}"
    if torch := baseline.environment.get("torch"):
        told += f", torch {torch}"
    if baseline.seed != report.seed:
        return Changes(
            told,
            f"The baseline is of seed {baseline.seed} and has other samples than this run of seed "
            f"{report.seed}: they are not compared.",
        )
    if report.stopped:
        return Changes(told, "This run ended early, and is not compared with the baseline.")
    named = set(report.scope.named)
    passed = _passed(baseline)
    before, now = (
        {place: shown for place, shown in each.items() if not named or place.case in named}
        for each in (passed, _passed(Baseline.of(report)))
    )
    ids = {anchor_of(verdict) for verdict in report.verdicts}
    ids |= {anchor(verdict.case) for verdict in report.verdicts}
    found = [change for place in {**before, **now} if (change := _change(place, before, now, ids))]
    rows = [row for *_, row in sorted(found, key=lambda each: each[:2])]
    return Changes(told, rows=tuple(rows[:_SHOWN]), more=len(rows[_SHOWN:]), passed=passed)


def _passed(baseline: Baseline) -> dict[Place, Shown]:
    return {place: shown for place, shown in baseline.shown.items() if shown.passed}


_KINDS = ("fewer pass", "less headroom", "more headroom", "new")


def _change(
    place: Place, before: Mapping[Place, Shown], now: Mapping[Place, Shown], ids: Collection[str]
) -> tuple[int, float, Change] | None:
    """Return a change, after its kind and the ratio of its headrooms; None where nothing changed."""
    was, is_ = before.get(place), now.get(place)
    if was == is_:
        return None
    what = " · ".join([place.case, place.lane or place.check, place.observable or "whole sample"])
    row = "use" if place.check == "use" else place.lane or "errors"
    rows = anchor(place.case, row, place.observable), anchor(place.case)
    href = next((each for each in rows if each in ids), "")
    if was is None or is_ is None or is_.passed != was.passed:
        kind = "new" if was is None or (is_ is not None and is_.passed > was.passed) else "fewer pass"
        return _KINDS.index(kind), 1.0, Change(kind, what, href, *(_passes(each) for each in (was, is_)))
    old, new = (inf if each.headroom is None else each.headroom for each in (was, is_))
    kind = "less headroom" if new < old else "more headroom"
    ratio = 0.0 if inf in {old, new} else min(old, new) / max(old, new)
    return _KINDS.index(kind), ratio, Change(kind, what, href, headroom(old), headroom(new))


def _passes(shown: Shown | None) -> str:
    if shown is None:
        return "none"
    return f"{shown.passed:,} pass" if shown.passed > 1 else "1 passes"
