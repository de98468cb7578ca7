"""The report on the peers: a record of all their runs, and its tables for people.

Made and written by running.peers. Every number and every line of it comes from the reports of runs.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from conformance.judging.verdict import Status
from conformance.report import excuses
from conformance.report.tables import headroom, number, render
from conformance.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from conformance.judging.verdict import Verdict
    from conformance.report.record import Report

    Rows = list[dict[str, object]]

# 1: as written by `judged` and `skipped`, in `peers`.
SCHEMA_VERSION = 1

# How many cases in which something was found are shown of one peer.
_SHOWN = 3
# A text in a cell is cut there.
_LONGEST = 260

_VERSIONS = {"torch": "torch", "NumPy": "numpy", "Python": "python"}
_READ = """\
Of each case, lane and direction: the least headroom (tolerance / error; below 1 is a failure) and the largest
error in units of the last place, which is large where a right result is nearly 0. Where not all verdicts
pass, it is said how many do not. `–`: nothing was judged."""
_REPLAYED = f"""\
The first failure of each case, of at most {_SHOWN} cases per peer, and the smallest sample found that fails
like it: `conformance replay SAMPLE --implementation PEER` runs that, and so does `conformance replay` of the
bundle `peers/PEER/failures/CASE` in the folder of the run."""

# The line of a traceback that says what was raised.
_RAISED = re.compile(r"^\w[\w.]*: .*$", re.MULTILINE)

_WRONG = (Status.FAIL, Status.ERROR, Status.EMPTY)


def judged(
    name: str, told: str, versions: Mapping[str, str], samples: int, report: Report, folder: str
) -> dict[str, Any]:
    """Return the record of a peer that was run.

    Args:
        name: its name on the command line.
        told: what it is, in words.
        versions: of its packages.
        samples: of each case by which it was judged.
        report: of its run.
        folder: where that was written, with a bundle for each failing case.
    """
    return {
        "name": name,
        "told": told,
        "versions": dict(versions),
        "samples": samples,
        "skipped": None,
        "exit_code": report.exit_code,
        "seconds": report.timing["seconds"],
        "limits": report.limits,
        "declared": excuses.stated(report),
        "declined": _declined(report.verdicts),
        "excused": [*excuses.summary(report), *_not_met(report)],
        "refusals": excuses.refusals(report),
        "cells": _cells(report.verdicts),
        "found": [_finding(verdict, report, folder) for verdict in report.failure_per_case],
    }


def skipped(name: str, told: str, why: str) -> dict[str, Any]:
    """Return the record of a peer that cannot be run here."""
    return {"name": name, "told": told, "skipped": why}


def _not_met(report: Report) -> list[dict[str, object]]:
    """Return a row about each excuse that is declared and excuses nothing in these samples."""
    met = [str(row["why"]) for row in excuses.summary(report)]
    return [
        {"excused": "0, not met", "cases": excuse.case, "why": excuse.reason}
        for excuse in report.declarations.excuses
        if not any(excuse.reason in why for why in met)
    ]


def _declined(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """Return why samples were not run, and how many."""
    found: dict[str, set[str]] = defaultdict(set)
    for verdict in verdicts:
        if verdict.status is Status.SKIP and verdict.observable is None:
            found[one_line(verdict.reason or "")].add(verdict.sample)
    return {reason: len(samples) for reason, samples in found.items()}


def _cells(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Return how each case ended in each lane, forward and backward."""
    found: dict[tuple[str, str, str], list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.check in {"forward", "backward"} and verdict.lane is not None:
            found[verdict.case, verdict.lane, verdict.check].append(verdict)
    return [
        {
            "case": case,
            "lane": lane,
            "check": check,
            "counts": {str(status): count for status, count in Counter(v.status for v in mine).items()},
            "elements": sum(v.elements for v in mine),
            "headroom": headroom(_least(mine)),
            "max_ulp": number(max((v.max_ulp for v in mine if v.max_ulp is not None), default=None)),
        }
        for (case, lane, check), mine in found.items()
    ]


def _least(verdicts: Iterable[Verdict]) -> float | None:
    """Return the least headroom; of what is excused, too, as it is what was found."""
    return min((v.headroom for v in verdicts if v.headroom is not None), default=None)


def _finding(first: Verdict, report: Report, folder: str) -> dict[str, Any]:
    """Return what was found wrong in a case: the first failure of it, and how many there are."""
    mine = [v for v in report.verdicts if v.case == first.case]
    return {
        "case": first.case,
        "observable": first.observable or "whole sample",
        "lane": first.lane,
        "regime": first.regime,
        "status": str(first.status),
        "failing": sum(not v.passed for v in mine),
        "verdicts": len(mine),
        "told": _told(first),
        "sample": report.shrunk.get(first.sample, first.sample),
        "bundle": f"{folder}/failures/{first.case}",
    }


def _told(verdict: Verdict) -> str:
    if verdict.status is Status.FAIL and verdict.expected is not None:
        told = f"expected {number(verdict.expected)}, got {number(verdict.got)}, "
        told += f"headroom {headroom(verdict.headroom)}"
        return one_line(f"{told}; {verdict.reason}" if verdict.reason else told)
    reason = verdict.reason or ""
    # Of a traceback, what was raised; the lines before it name the files of this machine.
    raised = _RAISED.findall(reason) if reason.startswith("Traceback") else []
    return one_line(raised[-1] if raised else reason)


def markdown(record: Mapping[str, Any]) -> str:
    """Return the tables of a record."""
    peers = record["peers"]
    run = [peer for peer in peers if not peer["skipped"]]
    parts = [
        "# Peers",
        _first(record, run),
        "## What was run",
        render([_about(peer) for peer in peers], "markdown"),
        "## Headroom and ULP",
        _READ,
        render(_table(run, ("float64", "float32")), "markdown"),
        render(_table(run, ("bfloat16", "float16")), "markdown"),
        "## What each cannot do",
        render(_limits(run), "markdown"),
        "## What was found",
        _REPLAYED,
        render(_findings(run), "markdown") or "Nothing.",
        "## What is excused",
        render(_excused(run), "markdown") or "Nothing.",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _first(record: Mapping[str, Any], run: Sequence[Mapping[str, Any]]) -> str:
    wrong = sum(bool(peer["found"] or peer["refusals"]) for peer in run)
    there = record["environment"]
    versions = ", ".join(f"{name} {there[key]}" for name, key in _VERSIONS.items())
    return (
        f"{len(run)} other implementations of torch's recurrent layers are judged as any subject is; in "
        f"{wrong} of them something is found. Written by `tox run -e peers`: seed {record['seed']}, "
        f"{versions}, {there['cpu']}."
    )


def _about(peer: Mapping[str, Any]) -> dict[str, object]:
    if peer["skipped"]:
        return {
            "peer": peer["name"],
            "what": peer["told"],
            "versions": "",
            "samples per case": "",
            "verdict": f"skipped: {peer['skipped']}",
        }
    versions = ", ".join(f"{name} {version}" for name, version in peer["versions"].items())
    shown = {0: "shown", 3: "nothing compared"}.get(peer["exit_code"], "**not shown**")
    return {
        "peer": peer["name"],
        "what": peer["told"],
        "versions": versions,
        "samples per case": peer["samples"],
        "verdict": shown,
    }


def _table(peers: Iterable[Mapping[str, Any]], lanes: Sequence[str]) -> Rows:
    """Return a row per peer and case that was judged in some of the lanes."""
    rows: Rows = []
    for peer in peers:
        cells = {(cell["case"], cell["lane"], cell["check"]): cell for cell in peer["cells"]}
        for case in dict.fromkeys(case for case, lane, _ in cells if lane in lanes):
            found = {
                f"{lane} {check}": _cell(cells.get((case, lane, check)))
                for lane in lanes
                for check in ("forward", "backward")
            }
            rows.append({"peer": peer["name"], "case": case, **found})
    return rows


def _cell(cell: Mapping[str, Any] | None) -> str:
    if cell is None or not set(cell["counts"]) - {"SKIP"}:
        return "–"
    counts = {name: count for name, count in cell["counts"].items() if name not in {"PASS", "SKIP"}}
    numbers = f"{cell['headroom']} · {cell['max_ulp']} ulp" if cell["headroom"] else ""
    told = ", ".join(f"{count} {name}" for name, count in counts.items())
    bold = "**" if set(counts) & set(map(str, _WRONG)) else ""
    return " · ".join(filter(None, (numbers, f"{bold}{told}{bold}" if told else "")))


def _limits(peers: Iterable[Mapping[str, Any]]) -> Rows:
    return [
        {
            "peer": peer["name"],
            "judged": peer["limits"] or "everything",
            "declines": "; ".join(f"{why} ({count} samples)" for why, count in peer["declined"].items()),
            "declares": peer["declared"],
        }
        for peer in peers
    ]


def _findings(peers: Iterable[Mapping[str, Any]]) -> Rows:
    rows: Rows = []
    for peer in peers:
        for each in peer["found"][:_SHOWN]:
            where = " · ".join(filter(None, (each["case"], each["observable"], each["lane"], each["regime"])))
            told = each["told"] if len(each["told"]) <= _LONGEST else f"{each['told'][:_LONGEST]} …"
            how_many = f"{each['failing']} of {each['verdicts']} verdicts"
            rows.append(_found(peer, where, f"{each['status']}: {told}", how_many, f"`{each['sample']}`"))
        more = peer["found"][_SHOWN:]
        if more:
            rows.append(_found(peer, ", ".join(each["case"] for each in more), "fail, too", "", ""))
        rows += [_found(peer, line, "", "", "") for line in peer["refusals"]]
    return rows


def _found(peer: Mapping[str, Any], where: str, told: str, failing: str, sample: str) -> dict[str, object]:
    return {"peer": peer["name"], "where": where, "what": told, "failing": failing, "smallest sample": sample}


def _excused(peers: Iterable[Mapping[str, Any]]) -> Rows:
    return [{"peer": peer["name"], **row} for peer in peers for row in peer["excused"]]
