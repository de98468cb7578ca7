"""Writes the kill matrix, the result of a self-test, into files.

Called by the `selftest` command. `kill_matrix.json` and `kill_matrix.md` are small enough to commit. Two
files of details hold how often each fault was seen per case, shape class, regime and lane.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from conformance.faults import FAULTS
from conformance.faults.equivalents import EQUIVALENTS
from conformance.report.files import write_whole
from conformance.report.tables import render
from conformance.sampling.space import CLASSES, REGIMES
from conformance.subjects.protocol import LANES

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.running.kill_matrix import KillMatrix

# The fields of kill_matrix.json that are relied on from outside.
_FIELDS = ("schema_version", "constants_sha256", "seeds")
_FAULT_FIELDS = ("name", "family", "killed", "killed_by", "equivalent", "missed_at")

_CRITERIA = (
    "The same outputs and gradients of the same samples, judged by criteria that others use. A fault counts "
    "as caught if any sample shows it. A false alarm is a sample and lane on which a criterion calls the "
    "correct program wrong; faults on that sample and lane are then not caught by it. Only this suite "
    "judges residuals (relations between calls, dropout by its own mask), which are zero but for rounding, "
    "so the other criteria have fewer faults and runs."
)
_FAULTS = (
    "Each fault with the share of runs that show it, where a run is one sample in one lane, and the case and "
    "observable that showed it first. The last column is the share of seeds at which it was caught in every "
    "case."
)


def write(matrix: KillMatrix, folder: Path) -> None:
    """Write the four files."""
    whole = matrix.to_json()
    files = {
        "kill_matrix.json": _dumps(_contract(whole)),
        "kill_matrix.md": markdown(matrix),
        "kill_matrix_details.json": _dumps(whole),
        "kill_matrix_details.md": details(matrix),
    }
    write_whole(folder, files)


def _dumps(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _contract(whole: dict[str, Any]) -> dict[str, Any]:
    faults = [{name: fault[name] for name in _FAULT_FIELDS} for fault in whole["faults"]]
    return {name: whole[name] for name in _FIELDS} | {"faults": faults}


def families(matrix: KillMatrix) -> list[dict[str, object]]:
    """Return one row per family: how many faults it has, how many were caught, and the rarest."""
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
                "seen in": f"{100 * sum(share.values()) / len(names):.0f} % of runs",
                "seen least": f"{rarest} ({100 * share[rarest]:.0f} %)",
            }
        )
    return rows


def _share(matrix: KillMatrix, name: str) -> float:
    cells = matrix.cells(name).values()
    return sum(killed for killed, _ in cells) / sum(count for _, count in cells)


def criteria(matrix: KillMatrix) -> list[dict[str, object]]:
    """Return one row per criterion: how many faults it catches, and how many false alarms it raises."""
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
    """Return one row per fault: how many runs show it, by shape class, by regime and by lane."""
    rows: list[dict[str, object]] = []
    for name in matrix.faults:
        killed: Counter[str] = Counter()
        tried: Counter[str] = Counter()
        for cell, (hits, count) in matrix.cells(name).items():
            for column in (cell.shape_class, cell.regime, cell.lane):
                killed[column] += hits
                tried[column] += count
        row: dict[str, object] = {column: f"{killed[column]}/{tried[column]}" for column in tried}
        rows.append({"fault": name, **row})
    used = [c for c in ("fault", *CLASSES, *REGIMES, *LANES) if any(c in row for row in rows)]
    return [{column: row.get(column, "") for column in used} for row in rows]


def faults(matrix: KillMatrix) -> dict[str, list[dict[str, object]]]:
    """Return by family one row per fault: its story, how often it is seen, and where first."""
    records = {record["name"]: record for record in matrix.to_json()["faults"]}
    seeds, missed_at = len(matrix.seeds), matrix.missed_at
    rows: dict[str, list[dict[str, object]]] = defaultdict(list)
    for name in matrix.faults:
        by = records[name]["killed_by"]
        cells = matrix.cells(name).values()
        rows[FAULTS[name].family].append(
            {
                "fault": f"`{name}`",
                "what is wrong": FAULTS[name].story,
                "seen in": f"{sum(hits for hits, _ in cells)} of {sum(count for _, count in cells)} runs",
                "first seen in": f"{by['sample'].partition(':')[0]}, {by['observable']}" if by else "none",
                "seeds": f"{seeds - len(missed_at.get(name, []))} of {seeds}",
            }
        )
    return rows


def markdown(matrix: KillMatrix) -> str:
    """Return the text of `kill_matrix.md`."""
    caught = "nearly every fault at every seed" if matrix.missed_at else "every fault is caught"
    word = {0: caught, 1: "NOT shown", 3: "nothing was tried"}[matrix.exit_code]
    alarms = len(matrix.false_alarms) + sum(len(other.false_alarms) for other in matrix.others)
    degenerate = len(matrix.degenerate) + sum(len(other.degenerate) for other in matrix.others)
    parts = [
        f"# Kill matrix: {word}",
        (
            f"{len(matrix.faults)} faults on the samples of seed {matrix.seed}{_further(matrix)}. The same "
            f"program without a fault is judged next to them, with {alarms} false alarms and {degenerate} "
            "degenerate samples."
        ),
        render(families(matrix), "markdown"),
        "## Against other criteria",
        _CRITERIA,
        render(criteria(matrix), "markdown"),
    ]
    if matrix.survivors:
        parts += ["## Survivors", "\n".join(f"- `{fault}` in {case}" for fault, case in matrix.survivors)]
    missed = [f"- `{fault}` in {case}, seed {o.seed}" for o in matrix.others for fault, case in o.missed]
    if missed:
        parts += ["## Missed at further seeds", "\n".join(missed)]
    if EQUIVALENTS:
        proofs = [f"- `{fault}` in {case}: {proof}" for (fault, case), proof in EQUIVALENTS.items()]
        parts += ["## Equivalent to the correct program, with the proof", "\n".join(proofs)]
    parts += ["## Faults by family", _FAULTS]
    for family, rows in faults(matrix).items():
        parts += [f"### {family}", render(rows, "markdown")]
    return "\n\n".join(parts) + "\n"


def _further(matrix: KillMatrix) -> str:
    """Return in words at which further seeds the faults were judged too."""
    return f", and on those of seeds {matrix.seeds[1]} to {matrix.seeds[-1]}" if matrix.others else ""


def details(matrix: KillMatrix) -> str:
    """Return the text of `kill_matrix_details.md`."""
    parts = [
        "# Kill matrix by shape class, regime and lane",
        "In how many runs each fault is seen, of how many; a run is one sample in one lane.",
        render(places(matrix), "markdown"),
    ]
    return "\n\n".join(parts) + "\n"
