"""Writes a record into a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report.markdown import markdown

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.report.record import Report


def write(report: Report, folder: Path) -> None:
    """Write `parity.json` and `parity.md`; the folder is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("parity.json", report.to_json()), ("parity.md", markdown(report))):
        (folder / name).write_text(text, encoding="utf-8")
