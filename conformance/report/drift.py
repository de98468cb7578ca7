"""What passes, but nearer to its tolerance than a correct implementation comes: drift, before it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.arithmetic.constants import constants
from conformance.judging.verdict import Status, Verdict

if TYPE_CHECKING:
    from conformance.report.record import Report

# So many of them are listed, the nearest first.
_SHOWN = 10


def drifting(report: Report) -> list[Verdict]:
    """Return the verdicts that pass below the warning headroom, the nearest to their tolerance first."""
    warn = constants().warn
    near = [
        (verdict.headroom, verdict)
        for verdict in report.verdicts
        if verdict.status is Status.PASS and verdict.headroom is not None and verdict.headroom < warn
    ]
    return [verdict for _, verdict in sorted(near, key=lambda pair: pair[0])]


def warnings(report: Report) -> list[str]:
    """Return a line for each drifting verdict, and one for those that are not listed."""
    found, warn = drifting(report), constants().warn
    lines = [
        f"{v.case} · {v.observable} · {v.lane} passes, but nearer to its tolerance than {warn:g}: "
        f"headroom {v.headroom:.3g} in {v.sample}"
        for v in found[:_SHOWN]
    ]
    return lines + ([f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else [])
