"""The tables of a run, as rows.

Called by `markdown` and `details`, which write them into files, and by the command line, which prints them.
"""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections import defaultdict
from functools import partial
from math import inf
from shlex import quote
from typing import TYPE_CHECKING

from tabulate import tabulate

from conformance.cases._uses import USES
from conformance.judging.verdict import Status, Verdict
from conformance.report.tally import Tally
from conformance.subjects.protocol import HALF_LANES, LANES
from conformance.text import one_line, safe_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from conformance.report.record import Report

# What the one or two lines of a diagnosis are about.
DIAGNOSIS = ("diagnosis", "begins")


def render(
    rows: Sequence[dict[str, object]],
    kind: str,
    widths: Mapping[str, int] | None = None,
    spare: Sequence[str] = (),
) -> str:
    """Return rows as a table for the `terminal` or for `markdown`.

    A table that the terminal breaks cannot be read. One that is wider than the terminal goes one of three
    ways from here: its headers are broken; spare columns are left out, as many as it takes; each row becomes
    a paragraph. In a file or a pipe, a table without spare columns has any width.

    A table in markdown is not padded: where one row changes, one line of the file changes.

    Args:
        rows: what the cells hold, by column.
        kind: `terminal` or `markdown`.
        widths: the columns of the terminal's table whose texts are broken into lines of that length, after
            spaces, and a name after its dots.
        spare: the columns that the terminal's table can do without, the first to leave out first.
    """
    if kind == "terminal":
        return _for_terminal([_broken(row, widths or {}) for row in rows], spare)
    if not rows:
        return ""
    columns = list(rows[0])
    cells = ([" ".join(str(row[name]).split("\n")) for name in columns] for row in rows)
    lines = [columns, ["---"] * len(columns), *cells]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def terminal_width() -> int:
    """Return how many columns a line of output may have: 80 in a file or a pipe, unless COLUMNS says more."""
    return shutil.get_terminal_size().columns


def _for_terminal(rows: list[dict[str, object]], spare: Sequence[str]) -> str:
    tty = sys.stdout is not None and sys.stdout.isatty()
    width = terminal_width() if tty or spare else inf
    columns = list(rows[0]) if rows else []
    table = _simple(rows, columns, columns)
    for gone in range(len(spare) + 1):
        if _widest(table) <= width:
            return table
        columns = [name for name in columns if name not in spare[:gone]]
        table = _simple(rows, columns, [_narrow(name, rows) for name in columns])
    if _widest(table) <= width or not tty:
        return table
    return "\n".join(_paragraph(row, int(width)) for row in rows)


def _simple(rows: Sequence[Mapping[str, object]], columns: Sequence[str], headers: Sequence[str]) -> str:
    cells = [[row[name] for name in columns] for row in rows]
    return tabulate(cells, headers=headers, tablefmt="simple", disable_numparse=True)


def _widest(text: str) -> int:
    return max(map(len, text.splitlines()), default=0)


def _narrow(header: str, rows: Sequence[Mapping[str, object]]) -> str:
    """Return a header broken into lines that are no wider than the column's cells."""
    cells = max((_widest(str(row[header])) for row in rows), default=0)
    return "\n".join(textwrap.wrap(header, max(cells, 1), break_long_words=False))


def _broken(row: Mapping[str, object], widths: Mapping[str, int]) -> dict[str, object]:
    """Return a row with line breaks in the cells that are wider than their columns may be."""
    cells = dict(row)
    for name in widths.keys() & row.keys():
        text, lines = str(row[name]), [""]
        # A name is broken after its dots, words are not: they may hold the address of a page.
        for piece in re.split(r"(?<=\s)" if " " in text else r"(?<=[._@])", text):
            if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > widths[name]:
                lines.append("")
            lines[-1] += piece
        cells[name] = "\n".join(map(str.rstrip, lines))
    return cells


def _paragraph(row: Mapping[str, object], width: int) -> str:
    """Return a row as the text of its first cell, and the others with their columns' names below it."""
    (_, title), *cells = row.items()
    texts = [
        f"{name}: {' '.join(str(cell).split())}" for name, cell in cells if cell is not None and cell != ""
    ]
    wrapped = partial(textwrap.wrap, width=width, subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join([*wrapped(str(title)), *wrapped(" · ".join(texts), initial_indent="  ")])


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


def least_headroom(verdicts: Iterable[Verdict]) -> float | None:
    """Return the least headroom of some verdicts; None where nothing was measured."""
    return min((v.headroom for v in verdicts if v.headroom is not None), default=None)


def summary(report: Report) -> list[dict[str, object]]:
    """Return one row per case: the numbers compared, the verdicts, and the least headrooms."""
    by_case: dict[str, Tally] = defaultdict(Tally)
    for verdict in report.verdicts:
        by_case[verdict.case].add(verdict)
    how_much = report.seen
    lanes = _lanes(report.glance.lanes)
    rows: list[dict[str, object]] = []
    for case, mine in by_case.items():
        counts = mine.counts
        rows.append(
            {
                "case": case,
                "samples": how_much[case].samples if case in how_much else "",
                "plain path": how_much[case].plain_path if case in how_much else "",
                "passed": f"{counts[Status.PASS]} of {mine.total}",
                "not passed": ", ".join(f"{counts[s]} {s}" for s in Status if counts[s] and s != Status.PASS),
                "numbers compared": f"{mine.elements:,}",
                **{f"headroom {lane}": headroom(mine.least.get(lane)) for lane in lanes},
                "nearest to its tolerance": mine.nearest.observable if mine.nearest else "",
                "would pass": mine.sight.briefly(),
            }
        )
    if not any(row["plain path"] for row in rows):
        for row in rows:
            del row["plain path"]
    return rows


def _lanes(judged: Collection[str | None]) -> list[str]:
    """Return the lanes that have a column: the first two, unless only half types were judged, and those."""
    halves = [lane for lane in HALF_LANES if lane in judged]
    return [*(LANES if {*judged} & {*LANES} or not halves else ()), *halves]


def place(verdict: Verdict) -> str:
    """Return what a verdict is about: its case, use, observable and lane."""
    use = [f"use {verdict.use}"] if verdict.use else []
    return " · ".join([verdict.case, *use, verdict.observable or "whole sample", verdict.lane or "bad call"])


def in_words(use: str) -> str:
    """Return how a layer is called in a use; the name alone if it is of another version."""
    return USES[use].story if use in USES else use


def explain(
    verdict: Verdict,
    implementation: str,
    shrunk: str | None = None,
    run: Iterable[Verdict] = (),
    given_as: str = "",
    diagnosis: Sequence[str] = (),
) -> str:
    """Return a failure as a bug report, with the command that replays it.

    Args:
        verdict: the failure.
        implementation: the subject, as the command line names it.
        shrunk: the text of a smaller sample that fails too.
        run: the run's verdicts: the sample's other observables, wrong and right, help to find the mistake.
        given_as: what the subject was given as, where the command line has no name for it.
        diagnosis: what is wrong, and where it begins.
    """
    lines = [f"{verdict.status} {place(verdict)}"]
    if verdict.use:
        lines.append(f"  use        {in_words(verdict.use)}")
    # Lines of a message cannot be taken for lines of ours.
    reason = str(verdict.reason).replace("\n", "\n" + 13 * " ")
    lines += [f"  sample     {verdict.sample}", f"  reason     {reason}"]
    told = zip(DIAGNOSIS, diagnosis, strict=False)
    lines += [f"  {word:10} {one_line(line)}" for word, line in told]
    if verdict.worst_index is not None:
        lines += [
            f"  worst at   {verdict.worst_index} of {verdict.elements} elements",
            f"  expected   {verdict.expected!r}",
            f"  got        {verdict.got!r}",
            f"  error      {number(error_there(verdict))}",
            f"  tolerance  {number(verdict.tolerance)}: how far rounding may move it (constants.toml)",
            f"  headroom   {headroom(verdict.headroom)}",
        ]
    if verdict.profile is not None:
        lines.append(f"  where      {verdict.profile.words}")
    beside = [v for v in run if (v.sample, v.lane) == (verdict.sample, verdict.lane) and v.observable]
    for word, passed in (("wrong", False), ("right", True)):
        names = [str(v.observable) for v in beside if v.passed is passed]
        if names and len(beside) > 1:
            lines.append(f"  {word:10} {', '.join(names)}")
    if shrunk and shrunk != verdict.sample:
        lines.append(f"  smallest   {shrunk}")
    lines.append(f"  replay     {replays(verdict, implementation, shrunk, given_as)}")
    return "\n".join(lines)


def replays(verdict: Verdict, implementation: str, shrunk: str | None = None, given_as: str = "") -> str:
    """Return the command that runs a failure's sample again, in one line; the arguments are `explain`'s."""
    name = f"MODULE:ATTRIBUTE (it was given as {given_as})" if given_as else quote(safe_name(implementation))
    return f"conformance replay {quote(shrunk or verdict.sample)} --implementation {name}"


def replayed(report: Report, verdict: Verdict) -> str:
    """Return the command that runs the sample of a run's failure again, in one line."""
    return replays(verdict, report.implementation, report.shrunk.get(verdict.sample), report.given_as)


def explained(report: Report, verdict: Verdict, beside: Iterable[Verdict] | None = None) -> str:
    """Return a failure of a run as a bug report.

    Args:
        report: the run.
        verdict: the failure.
        beside: the verdicts on the same sample, where they are known; else they are looked for.
    """
    shrunk = report.shrunk.get(verdict.sample)
    among = report.verdicts if beside is None else beside
    diagnosis = report.diagnosed.get(verdict.sample, ())
    return explain(verdict, report.implementation, shrunk, among, report.given_as, diagnosis)


def failures(report: Report, shown: Sequence[Verdict]) -> list[str]:
    """Return the paragraphs about some failures of a run: a heading and their texts, or none."""
    if not shown:
        return []
    texts = "\n\n".join(explained(report, verdict) for verdict in shown)
    return [f"## Failures ({len(shown)} of {len(report.failures)})", f"```text\n{texts}\n```"]
