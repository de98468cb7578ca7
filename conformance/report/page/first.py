"""Look here first: at most ten rows, failures, then what else is not shown, then drift.

Called by `render`. Failures come in the order of the run, one per case before a second of any, because the
operations that others are made of are judged first; of numbers before those of bad calls.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.judging.verdict import numbers_first
from conformance.report import excuses, sight
from conformance.report.drift import drifting
from conformance.report.page.anchors import anchor_of
from conformance.report.page.words import replay, what_happened
from conformance.report.tables import error_there, headroom, number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.judging.verdict import Verdict
    from conformance.report.page.changes import Changes
    from conformance.report.record import Report

_SHOWN = 10
# How long a reason is that has room in a line.
_BRIEF = 150


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        kind: `FAIL`, `ERROR`, `EMPTY`, `not shown` or `drift`.
        what: what broke, in a sentence.
        case: the case; empty where it is about the whole run.
        href: the id of the row of the page that has the rest.
        lane: the dtype that the subject computed in.
        where: the element, of how many.
        facts: names and values: expected, got, error, tolerance, headroom, and in which steps or gates it is
            beyond; only those that are known.
        reason: the judge's words.
        since: what the baseline says of it; empty where there is none.
        diagnosis: what is wrong, and where it begins.
        more: how many other failures the case has.
        command: what replays it; empty where nothing does.
    """

    kind: str
    what: str
    case: str = ""
    href: str = ""
    lane: str = ""
    where: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    since: str = ""
    diagnosis: tuple[str, ...] = ()
    more: int = 0
    command: str = ""

    @property
    def brief(self) -> bool:
        """Whether the reason is a line among others, and no traceback."""
        return "\n" not in self.reason and len(self.reason) < _BRIEF


def first(report: Report, changes: Changes | None) -> tuple[list[Row], int]:
    """Return the rows, and how many more there would be."""
    failures, lines, drift = (
        _one_of_each(numbers_first(report.failures)),
        _not_shown(report),
        drifting(report),
    )
    count = Counter(verdict.case for verdict in failures)
    rows = []
    for index, verdict in enumerate(failures[:_SHOWN]):
        again = any(other.case == verdict.case for other in failures[:index])
        more = 0 if again else count[verdict.case] - 1
        rows.append(row_of(verdict, report, changes, more=more))
    rows += [Row("not shown", line) for line in lines[: _SHOWN - len(rows)]]
    rows += [row_of(verdict, report, changes) for verdict in drift[: _SHOWN - len(rows)]]
    return rows, len(failures) + len(lines) + len(drift) - len(rows)


def row_of(verdict: Verdict, report: Report, changes: Changes | None = None, *, more: int = 0) -> Row:
    """Return the row of a verdict; `drift` where it passed."""
    facts = {
        "expected": "" if verdict.expected is None else f"{verdict.expected!r}",
        "got": "" if verdict.got is None else f"{verdict.got!r}",
        "error": number(error_there(verdict)),
        "tolerance": number(verdict.tolerance),
        "headroom": headroom(verdict.headroom),
        "beyond": verdict.profile.words if verdict.profile else "",
    }
    where = ""
    if verdict.worst_index is not None:
        where = f"worst at {verdict.worst_index} of {verdict.elements:,} numbers"
    return Row(
        kind="drift" if verdict.passed else verdict.status.value,
        what=what_happened(verdict),
        case=verdict.case,
        href=anchor_of(verdict),
        lane=verdict.lane or "",
        where=where,
        facts=tuple((name, value) for name, value in facts.items() if value),
        reason=verdict.reason or "",
        since=changes.since(verdict) if changes and not verdict.passed else "",
        diagnosis=tuple(report.diagnosed.get(verdict.sample, ())),
        more=more,
        command=replay(verdict, report),
    )


def _one_of_each(failures: Iterable[Verdict]) -> list[Verdict]:
    """Return the failures with the first of each case before the second of any, and so on."""
    nth: Counter[str] = Counter()
    rounds: list[tuple[int, Verdict]] = []
    for verdict in failures:
        rounds.append((nth[verdict.case], verdict))
        nth[verdict.case] += 1
    return [verdict for _, verdict in sorted(rounds, key=lambda pair: pair[0])]


def _not_shown(report: Report) -> list[str]:
    """Return a line about each thing, other than a failure, because of which a run shows nothing."""
    return [
        *([f"{report.stopped}; the same command with --resume does the rest"] if report.stopped else []),
        *(f"{case}: nothing was compared: {why}" for case, why in report.unseen.items()),
        *(f"Judged too seldom: {short}" for short in report.shortfalls),
        *excuses.refusals(report),
        *sight.refusals(report),
        *report.bitwise.refusals,
    ]
