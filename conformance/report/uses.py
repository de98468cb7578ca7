"""How often each use was judged, in how many cases, and why it was not in the others.

Called by `markdown`, `details` and the command line.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from conformance.cases._uses import USES
from conformance.judging.verdict import Status
from conformance.report.tables import headroom, least_headroom

if TYPE_CHECKING:
    from conformance.judging.verdict import Verdict
    from conformance.report.record import Report


def summary(report: Report) -> list[dict[str, object]]:
    """Return one row per use that was judged or skipped: its cases, verdicts and least headroom."""
    by_use = _by_use(report)
    reasons = _not_judged(report, by_use)
    rows: list[dict[str, object]] = []
    for use, mine in by_use.items():
        counts = Counter(verdict.status for verdict in mine)
        cases = {v.case for v in mine if v.status is not Status.SKIP}
        rows.append(
            {
                "use": use,
                "cases": len(cases),
                "samples": len({v.sample for v in mine if v.status is not Status.SKIP}),
                "passed": f"{counts[Status.PASS]} of {len(mine)}",
                "not passed": ", ".join(f"{counts[s]} {s}" for s in Status if counts[s] and s != Status.PASS),
                "headroom": headroom(least_headroom(mine)),
                "not judged": _most_often(reasons[use]),
            }
        )
    return rows


def by_case(report: Report) -> list[dict[str, object]]:
    """Return one row per case, and in the column of each use how many verdicts passed and did not pass."""
    by_use = _by_use(report)
    cells: dict[str, dict[str, list[Verdict]]] = defaultdict(lambda: defaultdict(list))
    for use, mine in by_use.items():
        for verdict in mine:
            cells[verdict.case][use].append(verdict)
    return [
        {"case": case, **{use: _cell(mine[use]) if use in mine else "" for use in by_use}}
        for case, mine in cells.items()
    ]


def reasons(report: Report) -> list[dict[str, object]]:
    """Return one row per use and reason why cases are not judged in it."""
    by_use = _by_use(report)
    return [
        {"use": use, "cases": count, "not judged because": why}
        for use, counts in _not_judged(report, by_use).items()
        for why, count in counts.most_common()
    ]


def _by_use(report: Report) -> dict[str, list[Verdict]]:
    """Return the verdicts of each use, in the order of their list."""
    found: dict[str, list[Verdict]] = {use: [] for use in USES}
    for verdict in report.glance.used:
        found.setdefault(str(verdict.use), []).append(verdict)
    return {use: mine for use, mine in found.items() if mine}


def _not_judged(report: Report, by_use: dict[str, list[Verdict]]) -> dict[str, Counter[str]]:
    """Return by use the reasons why cases are not judged in it, each with its number of cases.

    Cases that no use applies to are left out.
    """
    found: dict[str, Counter[str]] = {}
    for use, mine in by_use.items():
        judged = {v.case for v in mine if v.status is not Status.SKIP}
        skipped = {v.case: str(v.reason) for v in mine if v.status is Status.SKIP and v.case not in judged}
        unfit = {case: why for case, why in report.unused.get(use, {}).items() if why and case not in judged}
        found[use] = Counter((unfit | skipped).values())
    return found


def _most_often(counts: Counter[str]) -> str:
    if not counts:
        return ""
    ((why, count),) = counts.most_common(1)
    total = sum(counts.values())
    of_them = f", {count} of them" if count < total else ""
    return f"{total} {'case' if total == 1 else 'cases'}{of_them}: {why}"


def _cell(verdicts: list[Verdict]) -> str:
    counts = Counter(verdict.status for verdict in verdicts)
    wrong = [f"{counts[s]} {s}" for s in Status if counts[s] and s != Status.PASS]
    return ", ".join([str(counts[Status.PASS]), *wrong] if counts[Status.PASS] else wrong)
