"""What a run adds to the page of a GitHub job: the verdict, and what failed with the commands that replay it.

Called by `conformance run` where GITHUB_STEP_SUMMARY names the file of the job. A run in which all is well
adds two lines.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.report.tables import DIAGNOSIS, place, replayed
from conformance.report.terminal import conclusion, reasons
from conformance.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.judging.verdict import Verdict
    from conformance.report.record import Report

_log = logging.getLogger(__name__)

# How many failures are listed, of one case each, and how long a reason may be.
_SHOWN, _LENGTH = 5, 200


def append_summary(report: Report) -> None:
    """Append to the file that GITHUB_STEP_SUMMARY names, if it is set.

    The verdict does not depend on it: where the file cannot be written to, one line of the log says so.
    """
    name = os.environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        return
    try:
        with Path(name).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(job_summary(report))
    except OSError as error:
        _log.warning("conformance: GITHUB_STEP_SUMMARY cannot be written to: %s", error)


def job_summary(report: Report) -> str:
    """Return the text to append, in markdown.

    What a subject may have written is only in fences, where it is no markdown.
    """
    verdict, counts = conclusion(report)
    heading = f"### Parity {'is' if report.passed else 'is not'} shown{_part(report)}"
    parts = [heading, _fence([verdict, counts])]
    failed = report.failure_per_case
    lines = [*reasons(report), *(line for verdict in failed[:_SHOWN] for line in _told(verdict, report))]
    if len(failed) > _SHOWN:
        lines.append(f"and in {len(failed) - _SHOWN} more")
    if lines:
        parts += ["What failed:", _fence(lines)]
    if failed:
        commands = [replayed(report, verdict) for verdict in failed[:_SHOWN]]
        parts += ["Run a failing sample again:", _fence(commands, "sh")]
    return "\n\n".join(parts) + "\n"


def _part(report: Report) -> str:
    """Return what a shard's heading says more: it alone shows nothing, and perhaps nothing failed in it."""
    shard = report.scope.shard
    return "" if shard is None else f" by shard {shard} alone{'' if report.exit_code else ': nothing failed'}"


def _told(verdict: Verdict, report: Report) -> list[str]:
    """Return what failed, and why in a few words; then what is wrong, and where it begins."""
    reason = str(verdict.reason)
    told = f"{verdict.status} {place(verdict)}: {reason[:_LENGTH]}{'…' if len(reason) > _LENGTH else ''}"
    diagnosis = zip(DIAGNOSIS, report.diagnosed.get(verdict.sample, ()), strict=False)
    return [told, *(f"  {word}: {line}" for word, line in diagnosis)]


def _fence(lines: Sequence[str], language: str = "text") -> str:
    # No line of a message can end the fence: each starts with words of ours.
    return "\n".join([f"```{language}", *map(one_line, lines), "```"])
