"""Writes reports into a folder, and reads their text.

running.run calls `write` for the record of a run; kills and calibration write theirs by `write_whole`. The
commands that take a report or a baseline call `read_report` and `read_baseline`, and those that take the
name of a file to write `write_file`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.paths import check_target, reading
from conformance.processes import cycles_kept
from conformance.report.baseline import Baseline
from conformance.report.details import details
from conformance.report.markdown import markdown
from conformance.report.page import render_page
from conformance.report.parity_json import OtherFormError, by_lines
from conformance.report.record import Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def write(report: Report, folder: Path, baseline: Baseline | None = None) -> None:
    """Write the files of a run.

    `parity.json` holds every verdict. Four files follow from it: `parity.html`, the page for people,
    `parity.md`, the summary in text, `details.md`, the tables that are too long for it, and `baseline.json`,
    which a later run is compared with, and which is left as it was by a run that ended early, or whose
    subject ran in the judge's process, which it could mislead there. A shard has none either.

    Args:
        report: the record of the run.
        folder: where they are written.
        baseline: what the page compares the run with.
    """
    # Looking for them, among the objects of all verdicts, takes a fifth of the time; not to takes 10 MB.
    with cycles_kept():
        files: dict[str, str | Iterable[str]] = {
            "parity.json": report.json_pieces(),
            "parity.html": render_page(report, baseline),
            "parity.md": markdown(report),
            "details.md": details(report),
        }
        if not (report.stopped or report.in_process or report.scope.shard):
            files["baseline.json"] = Baseline.of(report).to_json()
        write_whole(folder, files)


def write_whole(folder: Path, files: Mapping[str, str | Iterable[str]]) -> None:
    """Write files, all whole or none at all; the folder is made if it does not exist.

    Args:
        folder: the folder.
        files: the texts by the file's name, each whole or in pieces, which are written as they come.

    Raises:
        OSError: a file cannot be written, as on a full disk; each is then what it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = {name: folder / f"{name}.part" for name in files}
    try:
        for name, text in files.items():
            # A message may hold what UTF-8 cannot write; half of a pair becomes \udc80, as in JSON.
            if isinstance(text, str):
                parts[name].write_text(text, encoding="utf-8", errors="backslashreplace")
                continue
            with parts[name].open("w", encoding="utf-8", errors="backslashreplace") as file:
                file.writelines(text)
        for name, part in parts.items():
            part.replace(folder / name)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def write_file(what: str, path: Path, text: str) -> None:
    """Write a file that a caller names, whole or not at all; its folder is made if it does not exist.

    Args:
        what: the argument that names it.
        path: the file.
        text: what it holds.

    Raises:
        UsageError: there is a folder of its name, or a file where its folder should be.
        OSError: it cannot be written, as on a full disk; it is then what it was.
    """
    check_target(what, path)
    write_whole(path.parent, {path.name: text})


def read_report(path: Path, held: int | None = None, what: str = "report") -> Report:
    """Return the record in a `parity.json`.

    Args:
        path: the file.
        held: how many of its verdicts stay in memory; None for as many as of a run.
        what: the argument that names the file, for messages.

    Raises:
        UsageError: the file cannot be read, holds no report, or one of another schema version.
    """
    with reading(what, path, "the parity.json that `run` wrote", "report"):
        try:
            with path.open(encoding="utf-8") as file:
                return Report.from_data(*by_lines(file), held)
        except OtherFormError:
            return Report.from_json(path.read_text(encoding="utf-8"))


def read_baseline(path: Path) -> Baseline:
    """Return the record in a `baseline.json`.

    Raises:
        UsageError: the file cannot be read, does not hold a baseline, or holds one of another schema version.
    """
    with reading("baseline", path, "a baseline.json"):
        return Baseline.from_json(path.read_text(encoding="utf-8"))
