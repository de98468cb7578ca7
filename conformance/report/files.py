"""Writes the record of a run into a folder. Called by running.run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report.baseline import Baseline
from conformance.report.details import details
from conformance.report.markdown import markdown

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.report.record import Report


def write(report: Report, folder: Path) -> None:
    """Write the files of a run; the folder is made if it does not exist.

    `parity.json` holds every verdict. Three files follow from it: `parity.md`, the summary for people,
    `details.md`, the tables that are too long for it, and `baseline.json`, which a later run is compared
    with.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "parity.json": report.to_json(),
        "parity.md": markdown(report),
        "details.md": details(report),
        "baseline.json": Baseline.of(report).to_json(),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
