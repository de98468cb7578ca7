"""The tables of a run, as rows.

Called by `markdown` and `details`, which write them into files, and by the command line, which prints them.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections import Counter, defaultdict
from math import inf
from shlex import quote
from typing import TYPE_CHECKING

from tabulate import tabulate

from conformance.cases._uses import USES
from conformance.judging.verdict import Status, Verdict
from conformance.report.seen import seen
from conformance.text import safe_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from conformance.report.record import Report


def render(rows: Sequence[dict[str, object]], kind: str, widths: Mapping[str, int] | None = None) -> str:
    """Return rows as a table for the `terminal` or for `markdown`.

    On a terminal that is narrower than the table, each row is a paragraph: a table that the terminal breaks
    cannot be read. In a file or a pipe, tables have any width.

    A table in markdown is not padded: where one row changes, one line of the file changes.

    Args:
        rows: what the cells hold, by column.
        kind: `terminal` or `markdown`.
        widths: the columns of the terminal's table whose texts are broken into lines of that length.
    """
    if kind == "terminal":
        widest = [widths.get(name) for name in rows[0]] if widths and rows else None
        table = tabulate(rows, headers="keys", tablefmt="simple", disable_numparse=True, maxcolwidths=widest)
        width = shutil.get_terminal_size().columns if sys.stdout and sys.stdout.isatty() else inf
        fits = max(map(len, table.splitlines()), default=0) <= width
        return table if fits else "\n".join(_paragraph(row, int(width)) for row in rows)
    if not rows:
        return ""
    columns = list(rows[0])
    cells = ([" ".join(str(row[name]).split("\n")) for name in columns] for row in rows)
    lines = [columns, ["---"] * len(columns), *cells]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _paragraph(row: Mapping[str, object], width: int) -> str:
    """Return a row as the text of its first cell, and the others with their columns' names below it."""
    (_, title), *cells = row.items()
    texts = [
        f"{name}: {' '.join(str(cell).split())}" for name, cell in cells if cell is not None and cell != ""
    ]
    lines = textwrap.wrap(" · ".join(texts), width - 2, break_on_hyphens=False)
    return "\n  ".join([str(title), *lines])


def number(value: float | None) -> str:
    """Return a number in three significant digits, and an empty cell for None."""
    return "" if value is None else f"{value:.3g}"


def headroom(value: float | None) -> str:
    """Return a headroom in three significant digits, or `exact` where every bit agreed."""
    return "exact" if value == inf else number(value)


def error_there(verdict: Verdict) -> float | None:
    """Return the error at the worst element, which can be smaller than the tensor's largest error."""
    if verdict.expected is None or verdict.got is None:
        return None
    return abs(verdict.expected - verdict.got)


def least_headroom(verdicts: Iterable[Verdict], lane: str | None = None) -> float | None:
    """Return the least headroom of some verdicts, or of those in a lane; None where nothing was measured."""
    return min(
        (v.headroom for v in verdicts if v.headroom is not None and lane in {None, v.lane}), default=None
    )


def summary(report: Report) -> list[dict[str, object]]:
    """Return one row per case: the numbers compared, the verdicts, and the least headrooms."""
    by_case: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in report.verdicts:
        by_case[verdict.case].append(verdict)
    how_much = seen(report.verdicts)
    rows: list[dict[str, object]] = []
    for case, mine in by_case.items():
        counts = Counter(verdict.status for verdict in mine)
        judged = [verdict for verdict in mine if verdict.headroom is not None]
        nearest = min(judged, key=lambda v: v.headroom if v.headroom is not None else inf, default=None)
        rows.append(
            {
                "case": case,
                "samples": how_much[case].samples if case in how_much else "",
                "plain path": how_much[case].plain_path if case in how_much else "",
                "passed": f"{counts[Status.PASS]} of {len(mine)}",
                "not passed": ", ".join(f"{counts[s]} {s}" for s in Status if counts[s] and s != Status.PASS),
                "numbers compared": f"{sum(v.elements for v in mine):,}",
                "headroom float64": headroom(least_headroom(mine, "float64")),
                "headroom float32": headroom(least_headroom(mine, "float32")),
                "nearest to its tolerance": nearest.observable if nearest else "",
            }
        )
    if not any(row["plain path"] for row in rows):
        for row in rows:
            del row["plain path"]
    return rows


def place(verdict: Verdict) -> str:
    """Return what a verdict is about: its case, use, observable and lane."""
    use = [f"use {verdict.use}"] if verdict.use else []
    return " · ".join([verdict.case, *use, verdict.observable or "whole sample", verdict.lane or "bad call"])


def in_words(use: str) -> str:
    """Return how a layer is called in a use; the name alone if it is of another version."""
    return USES[use].story if use in USES else use


def tightest(report: Report) -> dict[tuple[str, str, str, str | None], Verdict]:
    """Return the verdict with the least headroom of each case, observable, lane and use."""
    found: dict[tuple[str, str, str, str | None], Verdict] = {}
    for verdict in report.verdicts:
        if verdict.headroom is None or verdict.lane is None or verdict.observable is None:
            continue
        key = verdict.case, verdict.observable, verdict.lane, verdict.use
        best = found.get(key)
        if best is None or best.headroom is None or verdict.headroom < best.headroom:
            found[key] = verdict
    return found


def explain(
    verdict: Verdict,
    implementation: str,
    shrunk: str | None = None,
    run: Iterable[Verdict] = (),
    given_as: str = "",
) -> str:
    """Return a failure as a bug report, with the command that replays it.

    Args:
        verdict: the failure.
        implementation: the subject, as the command line names it.
        shrunk: the text of a smaller sample that fails too.
        run: the run's verdicts: the sample's other observables, wrong and right, help to find the mistake.
        given_as: what the subject was given as, where the command line has no name for it.
    """
    lines = [f"{verdict.status} {place(verdict)}"]
    if verdict.use:
        lines.append(f"  use        {in_words(verdict.use)}")
    # Lines of a message cannot be taken for lines of ours.
    reason = str(verdict.reason).replace("\n", "\n" + 13 * " ")
    lines += [f"  sample     {verdict.sample}", f"  reason     {reason}"]
    if verdict.worst_index is not None:
        lines += [
            f"  worst at   {verdict.worst_index} of {verdict.elements} elements",
            f"  expected   {verdict.expected!r}",
            f"  got        {verdict.got!r}",
            f"  error      {number(error_there(verdict))}",
            f"  tolerance  {number(verdict.tolerance)}: how far rounding may move it (constants.toml)",
            f"  headroom   {headroom(verdict.headroom)}",
        ]
    beside = [v for v in run if (v.sample, v.lane) == (verdict.sample, verdict.lane) and v.observable]
    for word, passed in (("wrong", False), ("right", True)):
        names = [str(v.observable) for v in beside if v.passed is passed]
        if names and len(beside) > 1:
            lines.append(f"  {word:10} {', '.join(names)}")
    if shrunk and shrunk != verdict.sample:
        lines.append(f"  smallest   {shrunk}")
    name = f"MODULE:ATTRIBUTE (it was given as {given_as})" if given_as else quote(safe_name(implementation))
    lines.append(f"  replay     conformance replay {shrunk or verdict.sample} --implementation {name}")
    return "\n".join(lines)


def failures(report: Report, shown: Sequence[Verdict]) -> list[str]:
    """Return the paragraphs about some failures of a run: a heading and their texts, or none."""
    if not shown:
        return []
    texts = "\n\n".join(
        explain(v, report.implementation, report.shrunk.get(v.sample), report.verdicts, report.given_as)
        for v in shown
    )
    return [f"## Failures ({len(shown)} of {len(report.failures)})", f"```text\n{texts}\n```"]
