"""The verdict of a run as the terminal shows it.

Called by `conformance run`, which has just judged, and by `conformance report`. Tables and remarks come
first, then what failed, and last the verdict with the command to type next: the end is what is still on the
screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report import excuses, sight, uses
from conformance.report.drift import warnings
from conformance.report.seen import partly
from conformance.report.tables import explained, render, replayed, summary, terminal_width

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.report.record import Report

# How many failures are written out, of one case each, and how many further cases are named.
_SHOWN, _NAMED = 3, 10

WORD = {0: "SHOWN", 1: "NOT SHOWN", 3: "NOTHING COMPARED"}

# What is said of a shard in which nothing failed.
_PART = "NOTHING FAILED"

# The columns that a narrow table can do without, the first to leave out first.
_SPARE = (
    *("would pass", "numbers compared", "plain path", "samples", "nearest to its tolerance"),
    *("headroom float64", "headroom float32", "headroom bfloat16", "headroom float16", "headroom", "passed"),
)


def terminal(report: Report, written: str = "", *, quiet: bool = False) -> str:
    """Return the text of a run.

    Args:
        report: the run.
        written: the files that the run has just written, in words.
        quiet: leave out the tables and what does not bear on the verdict.
    """
    parts = [] if quiet else [*tables(report), *_remarks(report)]
    if note := report.in_process:
        parts.append(f"IN PROCESS {report.implementation} ran {note}")
    closing = [*conclusion(report), *([f"Report: {written}"] if written else []), *_next(report)]
    return "\n\n".join([*parts, *reasons(report), *_failures(report), "\n".join(closing)])


def tables(report: Report) -> list[str]:
    """Return the tables of a run: its cases, its uses and its excuses."""
    width = terminal_width()
    cases = _counted(summary(report), width // 5)
    found = [render(cases, "terminal", {"case": max(width * 9 // 20, 18), "would pass": 32}, _SPARE)]
    if used := uses.summary(report):
        spare = ("not judged", "samples", "cases", *_SPARE)
        found.append(render(_counted(used, width // 5), "terminal", {"not judged": 44}, spare))
    if excused := excuses.summary(report):
        found.append(render(excused, "terminal", {"cases": width // 3, "why": width // 2}))
    return found


def _counted(rows: list[dict[str, object]], width: int) -> list[dict[str, object]]:
    """Return rows with one count per line where the counts of what did not pass are wider than that."""
    long = [row for row in rows if len(str(row["not passed"])) > width]
    for row in long:
        row["not passed"] = str(row["not passed"]).replace(", ", ",\n")
    return rows


def _remarks(report: Report) -> list[str]:
    """Return what is to be known of a run and does not decide its verdict, a paragraph each."""
    return _lines(
        {
            "SEEN IN PART ": partly(report.seen)[:_SHOWN],
            "OUTSIDE ": report.scope.lines(),
            "DRIFT ": warnings(report),
            "LITTLE SEEN ": [told] if (told := sight.stated(report)) else [],
            "OTHER BITS ": [report.repeated] if report.repeated.other_bits else [],
            "BITS ": [report.bitwise.told] if report.bitwise.told else [],
        }
    )


def reasons(report: Report) -> list[str]:
    """Return why a run shows nothing, beside the failures of its verdicts, a line each."""
    stopped = [f"{report.stopped}; --resume does the rest"] if report.stopped else []
    return _lines(
        {
            "NOT SEEN ": [f"{case}: nothing was compared: {why}" for case, why in report.unseen.items()],
            "TOO SELDOM ": report.shortfalls,
            "": [*excuses.refusals(report), *sight.refusals(report), *report.bitwise.refusals, *stopped],
        }
    )


def conclusion(report: Report) -> tuple[str, str]:
    """Return the verdict on a run, and the line of its counts."""
    totals = report.totals
    counts = ", ".join(
        f"{totals[name]} {name}" for name in totals if totals[name] and name != "compared_elements"
    )
    judged = ", ".join(filter(None, (report.limits, excuses.stated(report))))
    against = f"{report.implementation} against {report.reference}, seed {report.seed}"
    numbers = f"{totals['compared_elements']:,} numbers compared in {report.timing['seconds']:.0f} s"
    word = _PART if report.scope.shard and not report.exit_code else WORD[report.exit_code]
    return f"{word}: {against}; judged: {judged}", f"{counts or 'no verdicts'}; {numbers}"


def _failures(report: Report) -> list[str]:
    """Return the failures, one of each case; the first cases as bug reports, and last."""
    failed = report.failure_per_case
    more = [verdict.case for verdict in failed[_SHOWN:]]
    rest = [f"and {len(more) - _NAMED} more"] if len(more) > _NAMED else []
    named = ", ".join([*more[:_NAMED], *rest])
    return [
        *([f"FAILED ALSO: {named}"] if more else []),
        *(explained(report, verdict) for verdict in failed[:_SHOWN]),
    ]


def _next(report: Report) -> list[str]:
    """Return the command that replays the first failure, if there is one, and after a shard what shows it."""
    merge = "Next: conformance merge, of the folders of all shards, says whether parity is shown"
    replays = [f"Next: {replayed(report, verdict)}" for verdict in report.failure_per_case[:1]]
    return [*replays, *([merge] if report.scope.shard else [])]


def _lines(remarks: Mapping[str, Sequence[object]]) -> list[str]:
    return [f"{what}{line}" for what, lines in remarks.items() for line in lines]
