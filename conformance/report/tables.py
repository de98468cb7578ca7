"""The tables for people, as rows; markdown and the terminal show the same."""

from __future__ import annotations

from collections import Counter
from math import inf
from typing import TYPE_CHECKING

from tabulate import tabulate

from conformance.judging.verdict import Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.report.record import Report

_FORMAT = {"terminal": "simple", "markdown": "github"}


def render(rows: Sequence[dict[str, object]], kind: str) -> str:
    """Return rows as a table for the `terminal` or for `markdown`."""
    return tabulate(rows, headers="keys", tablefmt=_FORMAT[kind], disable_numparse=True)


def number(value: float | None) -> str:
    """Return a number in three significant digits; a dash for none."""
    return "–" if value is None else f"{value:.3g}"


def headroom(value: float | None) -> str:
    """Return a headroom; it is infinite where every bit agreed."""
    return "exact" if value == inf else number(value)


def _error_there(verdict: Verdict) -> float | None:
    """Return the error at the worst element, which need not be the tensor's largest."""
    if verdict.expected is None or verdict.got is None:
        return None
    return abs(verdict.expected - verdict.got)


def _least(verdicts: Iterable[Verdict], lane: str) -> float | None:
    return min((v.headroom for v in verdicts if v.lane == lane and v.headroom is not None), default=None)


def summary(report: Report) -> list[dict[str, object]]:
    """Return a row a case: how much was compared, how it ended, and how near to the tolerance it came."""
    rows: list[dict[str, object]] = []
    for case in dict.fromkeys(verdict.case for verdict in report.verdicts):
        mine = [verdict for verdict in report.verdicts if verdict.case == case]
        counts = Counter(verdict.status for verdict in mine)
        judged = [verdict for verdict in mine if verdict.headroom is not None]
        tightest = min(judged, key=lambda v: v.headroom if v.headroom is not None else inf, default=None)
        rows.append(
            {
                "case": case,
                "samples": len({v.sample for v in mine if v.check != "errors"}),
                "passed": f"{counts[Status.PASS]} of {len(mine)}",
                "otherwise": ", ".join(f"{counts[s]} {s}" for s in Status if counts[s] and s != Status.PASS),
                "numbers compared": f"{sum(v.elements for v in mine):,}",
                "headroom float64": headroom(_least(mine, "semantic")),
                "headroom float32": headroom(_least(mine, "precision")),
                "tightest": tightest.observable if tightest else "–",
            }
        )
    return rows


def observables(report: Report) -> list[dict[str, object]]:
    """Return a row for each observable of each case and lane: its tightest verdict."""
    tightest: dict[tuple[str, str, str], Verdict] = {}
    elements: Counter[tuple[str, str, str]] = Counter()
    for verdict in report.verdicts:
        if verdict.headroom is None or verdict.lane is None or verdict.observable is None:
            continue
        key = verdict.case, verdict.observable, verdict.lane
        elements[key] += verdict.elements
        best = tightest.get(key)
        if best is None or best.headroom is None or verdict.headroom < best.headroom:
            tightest[key] = verdict
    return [
        {
            "case": case,
            "observable": observable,
            "lane": lane,
            "numbers": f"{elements[case, observable, lane]:,}",
            "error": number(_error_there(verdict)),
            "tolerance": number(verdict.tolerance),
            "headroom": headroom(verdict.headroom),
            "largest error": number(verdict.max_error),
            "torch's": number(verdict.reference_error),
            "ulp": number(verdict.max_ulp),
            "shape": verdict.shape_class,
            "regime": verdict.regime,
        }
        for (case, observable, lane), verdict in tightest.items()
    ]


def explain(
    verdict: Verdict, implementation: str, shrunk: str | None = None, run: Iterable[Verdict] = ()
) -> str:
    """Return a failure as a bug report, with the command that replays it.

    Args:
        verdict: the failure.
        implementation: the subject, as the command line names it.
        shrunk: the text of a smaller sample that fails too.
        run: the run's verdicts: what else of the sample is wrong, and what is right, points at the fault.
    """
    where = f"{verdict.case} · {verdict.observable or 'whole sample'} · {verdict.lane or 'bad call'}"
    lines = [f"{verdict.status} {where}", f"  sample     {verdict.sample}", f"  reason     {verdict.reason}"]
    if verdict.worst_index is not None:
        lines += [
            f"  worst at   {verdict.worst_index} of {verdict.elements} elements",
            f"  expected   {verdict.expected!r}",
            f"  got        {verdict.got!r}",
            f"  error      {number(_error_there(verdict))}",
            f"  tolerance  {number(verdict.tolerance)}: what rounding may do there (constants.toml)",
            f"  headroom   {headroom(verdict.headroom)}",
        ]
    beside = [v for v in run if (v.sample, v.lane) == (verdict.sample, verdict.lane) and v.observable]
    for word, passed in (("wrong", False), ("right", True)):
        names = [str(v.observable) for v in beside if v.passed is passed]
        if names and len(beside) > 1:
            lines.append(f"  {word:10} {', '.join(names)}")
    if shrunk and shrunk != verdict.sample:
        lines.append(f"  smallest   {shrunk}")
    lines.append(
        f"  replay     conformance replay {shrunk or verdict.sample} --implementation {implementation}"
    )
    return "\n".join(lines)
