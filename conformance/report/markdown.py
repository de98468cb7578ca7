"""`parity.md`: the record as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report.coverage import by_case
from conformance.report.coverage import summary as coverage_summary
from conformance.report.drift import warnings
from conformance.report.tables import explain, observables, render, summary

if TYPE_CHECKING:
    from conformance.report.record import Report

_WORD = {0: "shown", 1: "NOT shown", 3: "NOT shown: nothing was compared"}

_LEGEND = (
    "Headroom is tolerance / error: below 1 is a failure, `exact` means that every bit agreed. "
    "float64 asks whether it is the same function, float32 whether it is as accurate as its arithmetic."
)

_TIGHTEST = (
    "Each observable's tightest element, with what rounding may do there; beside it the largest error of its "
    "tensor, torch's own, and the largest in units of the last place."
)

_COVERAGE = (
    "How much of each shape class and regime was judged. A run of all cases that has judged fewer samples "
    "than the minimum shows nothing; what was refused or raised does not count."
)

_DRIFT = (
    "These pass, but nearer to their tolerance than a correct implementation comes in all but one run of "
    "twenty."
)

# So many failures are written out; the rest is in parity.json.
_SHOWN = 20


def markdown(report: Report) -> str:
    """Return the whole report in markdown."""
    totals = report.totals
    counts = ", ".join(
        f"{totals[name]} {name}" for name in ("pass", "fail", "error", "excused", "skip", "empty")
    )
    parts = [
        f"# Parity of {report.implementation} with {report.reference}: {_WORD[report.exit_code]}",
        f"Seed {report.seed}. {counts}; {totals['compared_elements']:,} numbers compared.",
        _LEGEND,
        render(summary(report), "markdown"),
    ]
    if report.failures:
        shown = report.failures[:_SHOWN]
        texts = "\n\n".join(
            explain(v, report.implementation, report.shrunk.get(v.sample), report.verdicts) for v in shown
        )
        parts += [f"## Failures ({len(shown)} of {len(report.failures)})", f"```text\n{texts}\n```"]
    if drift := warnings(report):
        parts += ["## Drift", _DRIFT, "\n".join(f"- {line}" for line in drift)]
    if report.shortfalls:
        parts += ["## Judged too seldom", "\n".join(f"- {row}" for row in report.shortfalls)]
    parts += [
        "## Tolerances",
        _TIGHTEST,
        render(observables(report), "markdown"),
        "## Coverage",
        _COVERAGE,
        render(coverage_summary(report.covered), "markdown"),
        "How many samples of each were judged, by case.",
        render(by_case(report.verdicts), "markdown"),
        "## Environment",
        "\n".join(f"- {name}: {value}" for name, value in report.environment.items()),
    ]
    return "\n\n".join(parts) + "\n"
