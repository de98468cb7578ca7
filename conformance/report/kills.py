"""`kill_matrix.json` and `kill_matrix.md`: what the self-test found, for machines and for people."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from conformance.faults import FAULTS
from conformance.faults.equivalents import EQUIVALENTS
from conformance.report.tables import render
from conformance.sampling.space import CLASSES, REGIMES
from conformance.subjects.protocol import LANES

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.running.selftest import KillMatrix


_CONTROL = "the same text without a fault is judged beside them"
_CRITERIA = (
    "The same outputs and gradients of the same samples, under what others use. A fault is caught if any "
    "sample shows it. A false alarm is a sample and lane on which the correct text is called wrong; what is "
    "called wrong there too is not caught by it. The others are not asked about residuals (relations between "
    "calls, dropout by its own mask), which are zero but for rounding, so that their counts are smaller."
)


def write(matrix: KillMatrix, folder: Path) -> None:
    """Write both files; the folder is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(matrix.to_json(), indent=1, ensure_ascii=False) + "\n"
    (folder / "kill_matrix.json").write_text(text, encoding="utf-8")
    (folder / "kill_matrix.md").write_text(markdown(matrix), encoding="utf-8")


def families(matrix: KillMatrix) -> list[dict[str, object]]:
    """Return a row a family: how many faults, how many were caught, by which samples least often."""
    rows: list[dict[str, object]] = []
    survivors = {fault for fault, _ in matrix.survivors}
    for family in dict.fromkeys(FAULTS[name].family for name in matrix.faults):
        names = [name for name in matrix.faults if FAULTS[name].family == family]
        share = {name: _share(matrix, name) for name in names}
        rarest = min(names, key=lambda name: share[name])
        rows.append(
            {
                "family": family,
                "faults": len(names),
                "caught": sum(name not in survivors for name in names),
                "seen by": f"{100 * sum(share.values()) / len(names):.0f} % of samples",
                "rarest": f"{rarest} ({100 * share[rarest]:.0f} %)",
            }
        )
    return rows


def _share(matrix: KillMatrix, name: str) -> float:
    cells = matrix.cells(name).values()
    return sum(killed for killed, _ in cells) / sum(count for _, count in cells)


def criteria(matrix: KillMatrix) -> list[dict[str, object]]:
    """Return a row a criterion: what it catches, and how often it calls the correct text wrong."""
    return [
        {
            "criterion": name,
            "faults caught": f"{row['caught']} of {row['faults']}",
            "in float32 alone": row["caught_in_float32"],
            "false alarms": f"{row['false_alarms']} of {row['clean']} correct runs",
        }
        for name, row in matrix.criteria().items()
    ]


def places(matrix: KillMatrix) -> list[dict[str, object]]:
    """Return a row a fault: what saw it first, and how many samples show it, by class, regime and lane."""
    rows: list[dict[str, object]] = []
    records = {record["name"]: record for record in matrix.to_json()["faults"]}
    for name in matrix.faults:
        killed: Counter[str] = Counter()
        tried: Counter[str] = Counter()
        for cell, (hits, count) in matrix.cells(name).items():
            for column in (cell.shape_class, cell.regime, cell.lane):
                killed[column] += hits
                tried[column] += count
        by = records[name]["killed_by"]
        row: dict[str, object] = {"fault": name, "first seen in": by["observable"] if by else "–"}
        rows.append(row | {column: f"{killed[column]}/{tried[column]}" for column in tried})
    columns = ("fault", "first seen in", *CLASSES, *REGIMES, *LANES)
    used = [column for column in columns if any(column in row for row in rows)]
    return [{column: row.get(column, "") for column in used} for row in rows]


def markdown(matrix: KillMatrix) -> str:
    """Return the matrix in markdown."""
    word = {0: "every fault is caught", 1: "NOT shown", 3: "nothing was tried"}[matrix.exit_code]
    stories: dict[str, list[str]] = defaultdict(list)
    for name in matrix.faults:
        stories[FAULTS[name].family].append(f"- `{name}`: {FAULTS[name].story}")
    parts = [
        f"# Kill matrix: {word}",
        (
            f"{len(matrix.faults)} faults on the samples of seed {matrix.seed}; {_CONTROL}: "
            f"{len(matrix.false_alarms)} false alarms."
        ),
        render(families(matrix), "markdown"),
        "## Against other criteria",
        _CRITERIA,
        render(criteria(matrix), "markdown"),
    ]
    if matrix.survivors:
        parts += ["## Survivors", "\n".join(f"- `{fault}` in {case}" for fault, case in matrix.survivors)]
    if EQUIVALENTS:
        proofs = [f"- `{fault}` in {case}: {proof}" for (fault, case), proof in EQUIVALENTS.items()]
        parts += ["## No faults, with the proof", "\n".join(proofs)]
    parts += [
        "## Every fault",
        "Of so many samples and lanes, how many show it: by shape class, by regime, then by lane.",
        render(places(matrix), "markdown"),
        "## What each is",
        *(f"### {family}\n\n" + "\n".join(lines) for family, lines in stories.items()),
    ]
    return "\n\n".join(parts) + "\n"
