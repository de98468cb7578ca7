"""Drift: verdicts that pass, but with less headroom than a correct implementation has.

Called by `markdown` and by the command line, so that an accuracy that is being lost is seen before it fails.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from conformance.cases import CASES
from conformance.report.tables import place

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    first: dict[str, Verdict] = {}
    for verdict in _rising(report.tightest.values(), inf):
        first.setdefault(verdict.case, verdict)
    return list(first.values())[:_NEAREST]


def _rising(verdicts: Iterable[Verdict], below: float) -> list[Verdict]:
    near = [
        (verdict.headroom, verdict)
        for verdict in verdicts
        if verdict.agrees
        and verdict.headroom is not None
        and verdict.headroom < below
        and not drawn(verdict.case)
    ]
    return [verdict for _, verdict in sorted(near, key=lambda pair: pair[0])]


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
