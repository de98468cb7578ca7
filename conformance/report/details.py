"""`details.md`: the tables of a run that are too long to commit.

Called by `files.write`. Returns markdown with one row per observable of each case and lane, and one row per
case with its coverage.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from conformance.judging.verdict import numbers_first
from conformance.report import bitwise, sight, uses
from conformance.report.coverage import by_case
from conformance.report.tables import error_there, failures, headroom, number, render

if TYPE_CHECKING:
    from conformance.report.record import Report

_OBSERVABLES = (
    "The element of each observable that is nearest to its tolerance, with the tolerance there. Next to it "
    "stand the largest error of the observable, that of torch in the same dtype, and the largest error in "
    "units of the last place. A cell is empty where nothing of its kind was measured."
)

_SIGHT = (
    "Per case and check, in how many of the verdicts that agree each wrong answer would have agreed too. "
    "Where zeros, the mean and rolled rows all would, a verdict is MISTRUSTED, or its case says why the "
    "right answer is constant."
)

# How many failures are written out; the others are in parity.json.
_SHOWN = 20


def details(report: Report) -> str:
    """Return the file's text."""
    parts = [f"# Details of the run of {report.implementation}, seed {report.seed}"]
    parts += failures(report, numbers_first(report.failures)[:_SHOWN])
    parts += [
        "## Observables",
        _OBSERVABLES,
        render(observables(report), "markdown"),
    ]
    if seen := sight.summary(report):
        parts += ["## Sight", _SIGHT, render(seen, "markdown")]
    if little := sight.mistrusted(report):
        parts += ["## Mistrusted", render(little, "markdown")]
    if used := uses.by_case(report):
        parts += [
            "## Uses per case",
            "How many observables passed in each use, and how many did not; nothing where it is not judged.",
            render(used, "markdown"),
            render(uses.reasons(report), "markdown"),
        ]
    if report.bitwise.findings:
        parts += [
            f"## Bits ({report.bitwise.lane})",
            bitwise.LEGEND,
            render(report.bitwise.relations(), "markdown"),
            render(report.bitwise.numbers(), "markdown"),
        ]
    parts += [
        "## Samples per case",
        "How many samples of each shape class and regime were judged.",
        render(by_case(report.verdicts), "markdown"),
    ]
    return "\n\n".join(parts) + "\n"


def observables(report: Report) -> list[dict[str, object]]:
    """Return one row per observable of each case and lane: its verdict with the least headroom."""
    elements: Counter[tuple[str, str, str]] = Counter()
    for verdict in report.verdicts:
        if verdict.headroom is None or verdict.use:
            continue
        if verdict.lane is not None and verdict.observable is not None:
            elements[verdict.case, verdict.observable, verdict.lane] += verdict.elements
    return [
        {
            "case": case,
            "observable": observable,
            "lane": lane,
            "numbers compared": f"{elements[case, observable, lane]:,}",
            "error": number(error_there(verdict)),
            "tolerance": number(verdict.tolerance),
            "headroom": headroom(verdict.headroom),
            "largest error": number(verdict.max_error),
            "largest error of torch": number(verdict.reference_error),
            "ulp": number(verdict.max_ulp),
            "shape class": verdict.shape_class,
            "regime": verdict.regime,
        }
        for (case, observable, lane, use), verdict in report.tightest.items()
        if use is None
    ]
