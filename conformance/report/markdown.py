"""`parity.md`: the summary of a run, in at most 150 lines and one per case.

Called by `files.write`. The long tables are in `details.md`, every verdict is in `parity.json`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report import bitwise, excuses, sight, uses
from conformance.report.coverage import summary as coverage_summary
from conformance.report.drift import nearest, warnings
from conformance.report.seen import partly
from conformance.report.tables import failures, headroom, in_words, render, summary
from conformance.subjects.declarations import Declarations

if TYPE_CHECKING:
    from conformance.report.bitwise import Bitwise
    from conformance.report.record import Report

_WORD = {0: "shown", 1: "NOT shown", 3: "NOT shown: nothing was compared"}
_PART = "nothing failed"

_LEGEND = (
    "Headroom is tolerance / error: below 1 is a failure, `exact` means that every bit agreed, and an empty "
    "cell that no numbers were compared. The lane float64 shows whether it is the same function, the lane "
    "float32 whether it is as accurate as its arithmetic allows."
)

_SIGHT = (
    "The last column names by check the wrong answers that would pass as some output or gradient in all of "
    "its samples: zeros, its mean everywhere, its rows rolled by one, its numbers rounded to float16 (in the "
    "lane float32), and an input of its shape."
)

_MISTRUSTED = (
    "{told}. They are neither passed nor failed. What is constant by definition is not among them: its case "
    "says why."
)

_NEAREST = (
    "The cases that pass with the least headroom, each with its nearest observable. A run warns below "
    "{warn:g}, where a correct implementation comes in at most one run of twenty."
)

_DRIFT = (
    "These verdicts pass, but nearer to their tolerance than a correct implementation comes in all but one "
    "run of twenty."
)

_COVERAGE = (
    "How many samples of each shape class and regime were judged. A run of all cases that judged fewer than "
    "the minimum shows nothing. Samples that raised an exception or were skipped do not count."
)

_USES = (
    "Each layer and function is also called in other ways than once and plainly, in one sample per lane. "
    "What must equal the plain call is judged by its tolerances (a gradient that is added twice by twice as "
    "much); other values, as after an optimiser step, have tolerances of their own. No use applies to cases "
    "that train, to those that call their layer in two ways themselves, nor to those that draw at random."
)

_STOPPED = "What follows is a part of a run; with `--resume` the same command does the rest."

_PARTLY = (
    "The subject skipped samples of these cases. The plain path is the configuration that most people use."
)

_UNSEEN = "These cases were asked for by name, and nothing of them was compared, so that nothing is shown."

_OUTSIDE = (
    "The subject declares limits. What is outside was not judged; samples outside were replaced by later "
    "ones of the stream."
)
_EXCUSED = "The subject declares these differences, and why. They are neither passed nor failed."

# How many cases that were seen in part are listed.
_PARTLY_SHOWN = 20

# How many cases and checks with MISTRUSTED verdicts are listed.
_ROWS = 15

# How many failures are written out, of one case each; `details.md` has more, and parity.json all.
_SHOWN = 3


def markdown(report: Report) -> str:
    """Return the file's text."""
    totals = report.totals
    counts = ", ".join(f"{count} {name}" for name, count in totals.items() if name != "compared_elements")
    judged = f" (judged: {report.limits})" if report.limits else ""
    word = _PART if report.scope.shard and not report.exit_code else _WORD[report.exit_code]
    parts = [
        f"# Parity of {report.implementation} with {report.reference}: {word}{judged}",
        f"Seed {report.seed}. {counts}; {totals['compared_elements']:,} numbers compared. {report.repeated}",
    ]
    if report.stopped:
        parts.insert(1, f"**{report.stopped}.** {_STOPPED}")
    parts += failures(report, report.failure_per_case[:_SHOWN])
    not_shown = (
        ("## Not seen", [f"{case}: {why}" for case, why in report.unseen.items()], _UNSEEN),
        ("## Outside", report.scope.lines(), _OUTSIDE),
        ("## Judged too seldom", report.shortfalls, ""),
        ("## Excuses that show nothing", excuses.refusals(report), ""),
        ("## Cases that show nothing", sight.refusals(report), ""),
        ("## Bits that differ", report.bitwise.refusals, ""),
    )
    for heading, lines, legend in not_shown:
        if lines:
            parts += filter(None, [heading, legend, "\n".join(f"- {line}" for line in lines)])
    parts += ["## Cases", f"{_LEGEND} {_SIGHT}", render(summary(report), "markdown")]
    if report.declarations != Declarations():
        parts.append(f"Judged: {excuses.stated(report)}.")
    if excused := excuses.summary(report):
        parts += ["## Excused", _EXCUSED, render(excused, "markdown")]
    parts += _mistrusted(report)
    if partly_seen := partly(report.seen):
        parts += ["## Seen in part", _PARTLY, "\n".join(f"- {each}" for each in partly_seen[:_PARTLY_SHOWN])]
    if used := uses.summary(report):
        by_use: list[dict[str, object]] = [
            {"use": row["use"], "how the layer is called": in_words(str(row["use"])), **row} for row in used
        ]
        parts += ["## Uses", _USES, render(by_use, "markdown")]
    if drift := warnings(report):
        parts += ["## Drift", _DRIFT, "\n".join(f"- {line}" for line in drift)]
    if near := nearest(report):
        rows: list[dict[str, object]] = [
            {
                "case": v.case,
                "observable": v.observable,
                "use": v.use or "",
                "lane": v.lane,
                "headroom": headroom(v.headroom),
                "shape class": v.shape_class,
                "regime": v.regime,
            }
            for v in near
        ]
        text = _NEAREST.format(warn=report.constants["warn"])
        parts += ["## Nearest to the tolerance", text, render(rows, "markdown")]
    parts += [
        *_bits(report.bitwise),
        "## Coverage",
        _COVERAGE,
        render(coverage_summary(report.covered), "markdown"),
        "## Environment",
        "\n".join(f"- {name}: {value}" for name, value in report.environment.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _mistrusted(report: Report) -> list[str]:
    """Return the paragraphs about what is MISTRUSTED, or none."""
    rows = sight.mistrusted(report)
    if not rows:
        return []
    told = _MISTRUSTED.format(told=sight.stated(report))
    more = [f"And {len(rows) - _ROWS} more rows: details.md has all."] if len(rows) > _ROWS else []
    return ["## Mistrusted", told, render(rows[:_ROWS], "markdown"), *more]


def _bits(found: Bitwise) -> list[str]:
    if not found.findings:
        return []
    unmeasured = "\n".join(f"- {line}" for line in found.unmeasured())
    table = render(found.rows(), "markdown")
    return ["## Bits", bitwise.LEGEND, table, *([unmeasured] if unmeasured else [])]
