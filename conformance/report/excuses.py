"""What a subject declares, and what a run made of it: differences that are excused, and excuses to remove.

Called by `markdown` and by the command line.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from conformance.judging.accuracy import NEEDED
from conformance.judging.excuses import EXCUSED, OWN_CONVENTIONS
from conformance.judging.verdict import Status

if TYPE_CHECKING:
    from conformance.report.record import Report

# How many cases are named for one excuse.
_SHOWN = 5


def stated(report: Report) -> str:
    """Return in what class a subject was judged, for the line of the verdict.

    What it declares and the run did not need is named as such. It fails no run: a run of some cases or
    samples cannot tell, and nothing is excused by it.
    """
    reasons = {str(verdict.reason) for verdict in report.verdicts}
    told = f"{report.declarations.accuracy} accuracy of tanh and sigmoid"
    if report.declarations.accuracy == "absolute":
        told += _unless(NEEDED in reasons)
    if report.declarations.nan_conventions == "own":
        own = any(reason.partition(EXCUSED)[2] == OWN_CONVENTIONS for reason in reasons)
        told += f", own conventions at NaN{_unless(own)}"
    return told


def _unless(needed: bool) -> str:
    return "" if needed else " (declared, and not needed)"


def summary(report: Report) -> list[dict[str, object]]:
    """Return one row per reason for which something was excused."""
    by_reason: dict[str, Counter[str]] = defaultdict(Counter)
    for verdict in report.verdicts:
        if verdict.status is Status.EXCUSED:
            by_reason[str(verdict.reason).partition(EXCUSED)[2]][verdict.case] += 1
    return [
        {"excused": f"{cases.total():,}", "cases": _some(list(cases)), "why": why}
        for why, cases in by_reason.items()
    ]


def refusals(report: Report) -> list[str]:
    """Return a line about each declaration because of which a run shows nothing."""
    return [
        *(f"EXCUSE NO LONGER NEEDED {line}" for line in report.not_needed),
        *(f"NOTHING BUT EXCUSED {case}: none of its numbers passed" for case in report.excused_alone),
    ]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
