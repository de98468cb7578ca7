"""Drift: verdicts that pass, but with less headroom than a correct implementation has.

Called by `markdown` and by the command line, so that an accuracy that is being lost is seen before it fails.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from conformance.cases import CASES
from conformance.report.tables import place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.judging.verdict import Verdict
    from conformance.report.record import Report

# How many verdicts that drift are listed, and how many cases that are nearest; the nearest first.
_SHOWN, _NEAREST = 10, 8


def drifting(report: Report) -> list[Verdict]:
    """Return the verdicts that pass below the warning headroom, the nearest to their tolerance first."""
    return _rising(report.verdicts, report.constants["warn"])


def nearest(report: Report) -> list[Verdict]:
    """Return the nearest verdict of each case, of the eight cases that pass with the least headroom."""
    # One per case: in most uses an observable has the values of the plain call, and so its headroom.
    least: dict[str, Verdict] = {}
    for verdict in _passing(report.tightest.values(), inf):
        if verdict.case not in least or _headroom(verdict) < _headroom(least[verdict.case]):
            # At the end, so that of equals the one that comes first is listed first.
            least.pop(verdict.case, None)
            least[verdict.case] = verdict
    return sorted(least.values(), key=_headroom)[:_NEAREST]


def _rising(verdicts: Iterable[Verdict], below: float) -> list[Verdict]:
    return sorted(_passing(verdicts, below), key=_headroom)


def _passing(verdicts: Iterable[Verdict], below: float) -> Iterator[Verdict]:
    """Return the verdicts that pass with less headroom than a limit; the cheapest question is asked first."""
    return (
        verdict
        for verdict in verdicts
        if verdict.headroom is not None
        and verdict.headroom < below
        and verdict.agrees
        and not drawn(verdict.case)
    )


def _headroom(verdict: Verdict) -> float:
    return inf if verdict.headroom is None else verdict.headroom


def drawn(case: str) -> bool:
    """Whether a case judges random draws, whose statistics come near their critical values by chance."""
    return case in CASES and CASES[case].distribution is not None


def warnings(report: Report) -> list[str]:
    """Return one line per drifting verdict, and a last line that counts those beyond the tenth."""
    found, warn = drifting(report), report.constants["warn"]
    lines = [
        f"{place(v)} passes, but nearer to its tolerance than {warn:g}: "
        f"headroom {v.headroom:.3g} in {v.sample}"
        for v in found[:_SHOWN]
    ]
    return lines + ([f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else [])
