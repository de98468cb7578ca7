"""What changed since the baseline: the table of the gate, with a link to the row of the page in each line.

Called by `render`. What was lost or gained, and by how much anything may move, is report.gate's alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from conformance.report.baseline import Place
from conformance.report.changes import folded
from conformance.report.gate import Gate, incomparable
from conformance.report.page.anchors import anchor, anchor_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from conformance.judging.verdict import Verdict
    from conformance.report.baseline import Baseline, Shown
    from conformance.report.changes import Change
    from conformance.report.record import Report

_SHOWN = 20

# Words of a change that are others in the ids of rows.
_IN_IDS = {"bad call": "errors", "whole sample": None}


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        word: `lost` or `gained`.
        change: what it was, and is.
        href: the id of its row on the page, or of its case; empty where the page has neither.
    """

    word: str
    change: Change
    href: str


@dataclass(frozen=True)
class Changes:
    """What changed since a baseline.

    Attributes:
        baseline: of which run it is, in words.
        refused: why the two are not compared; empty where they are.
        apart: in a run of named cases, what is not compared; else empty.
        lost: how many things were lost.
        gained: how many were gained.
        rows: the table, as many lines as are shown.
        more: how many more lines there are.
        before: how the verdicts ended there; empty where the two are of other samples or another subject.
    """

    baseline: str
    refused: str = ""
    apart: str = ""
    lost: int = 0
    gained: int = 0
    rows: tuple[Row, ...] = ()
    more: int = 0
    before: Mapping[Place, Shown] = field(default_factory=dict)

    def since(self, verdict: Verdict) -> str:
        """Return what the baseline says of the place of a failure; empty where they cannot be compared."""
        if not self.before:
            return ""
        shown = self.before.get(Place.of(verdict))
        if shown is None:
            return "not in the baseline"
        return f"{shown} in the baseline" if shown.others else "passed in the baseline"


def changes(report: Report, baseline: Baseline) -> Changes:
    """Compare a run with a baseline.

    Args:
        report: the run. Of a run of named cases, only those are compared.
        baseline: how the verdicts of an earlier one ended.
    """
    told = f"{baseline.implementation}, seed {baseline.seed}"
    if torch := baseline.environment.get("torch"):
        told += f", torch {torch}"
    if why := incomparable(baseline, report):
        return Changes(told, f"Nothing is compared: {why}.")
    if report.stopped:
        early = "This run ended early, and is not compared with the baseline."
        return Changes(told, early, before=baseline.shown)
    cases = {verdict.case for verdict in report.verdicts}
    asked = {*report.scope.named, *cases} if report.scope.named else {*baseline.elements}
    apart = ""
    if left := len(baseline.elements.keys() - asked):
        apart = (
            f"Only the cases that this run was asked for are compared: {left:,} of the "
            f"{len(baseline.elements):,} of the baseline are not, and conformance gate counts them as lost."
        )
    gate = Gate(report, baseline.only(asked))
    ids = {anchor_of(verdict) for verdict in report.verdicts}
    ids |= {anchor(case) for case in cases}
    lost = [*gate.refused, *gate.lost]
    rows = [
        Row(word, change, _href(change, ids))
        for word, found in (("lost", lost), ("gained", gate.gained))
        for change in folded(found)
    ]
    return Changes(
        told,
        apart=apart,
        lost=len(lost),
        gained=len(gate.gained),
        rows=tuple(rows[:_SHOWN]),
        more=len(rows[_SHOWN:]),
        before=baseline.shown,
    )


def _href(change: Change, ids: Collection[str]) -> str:
    """Return the id of what a change is about; empty where the page does not show it."""
    case, *place = change.where
    # A use and its name; or a lane, a check and an observable. What else may change has no row of its own.
    row = [_IN_IDS.get(name, name) for name in (*place[:1], *place[-1:])]
    return next((each for each in (anchor(case, *row), anchor(case)) if each in ids), "")
