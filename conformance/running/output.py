"""The folder that a command writes to: made, checked and held before anything is judged.

Called by running.journal for a run, and by the commands `judge`, `selftest` and `calibrate`; running.bundle
writes its bundles by it, and removes what an earlier run left there.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, TextIO

from conformance.errors import UsageError
from conformance.paths import found_at, made_folder, not_writable
from conformance.text import safe_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_log = logging.getLogger(__name__)

# Holds the number of the process that writes to the folder, and is there as long as it does.
LOCK = "run.lock"

# The files of a bundle, as patterns; Python may have compiled its programs.
BUNDLE_FILES = (
    *("bundle.json", "arrays.npz", "repro.py", "stored.py", "replay.py"),
    *("__pycache__/repro.*.pyc", "__pycache__/stored.*.pyc", "__pycache__/replay.*.pyc"),
)

# The name of a folder in which a bundle is being written begins with this.
PART = ".part-"

# What the commands write into a folder: files, and the folder of the bundles.
FILES = (
    *("parity.json", "parity.html", "parity.md", "details.md", "baseline.json", "verdicts.jsonl"),
    *("kill_matrix.json", "kill_matrix.md", "kill_matrix_details.json", "kill_matrix_details.md"),
    *("calibration.json", "calibration.md", "constants.toml", "tolerances.md"),
)
FAILURES = "failures"

# On Windows other processes cannot read what is locked; the lock is on a byte behind all that is written.
_BEHIND = 1 << 20

# How many files that stay are named.
_NAMED = 3


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make a folder and hold it, so that no other process of conformance writes to it meanwhile.

    The lock is the operating system's, which ends with the process in any case.

    Raises:
        UsageError: the folder cannot be made or written to, another process holds it, or something there has
            the name of a report or of the bundles' folder and cannot be replaced by it.
    """
    made_folder("out", folder)
    try:
        file = _locked(folder)
    except OSError as error:
        raise not_writable("out", folder, error) from error
    with file:
        try:
            _check_names(folder)
            yield
        finally:
            # Before it is unlocked: whoever opens it next makes one of its own. Windows keeps it, empty.
            file.truncate(0)
            with suppress(OSError):
                (folder / LOCK).unlink()


def _check_names(folder: Path) -> None:
    """Raise UsageError where the reports could not be written at the end, when all is judged."""
    # A report is written under another name first, and put in the place of the last one.
    names = [each for name in FILES for each in (name, f"{name}.part")]
    for path in [folder / name for name in names] + [folder / FAILURES]:
        kind = "folder" if path.name == FAILURES else "file"
        if os.path.lexists(path) and not (path.is_dir() if kind == "folder" else path.is_file()):
            raise UsageError(f"out: expected {str(path)!r} to be a {kind} or not there, got {found_at(path)}")


def _locked(folder: Path) -> TextIO:
    """Open and lock the lock file, and write the number of this process into it."""
    path = folder / LOCK
    while True:
        file = path.open("a+", encoding="ascii", errors="replace")
        file.seek(0)
        holder = file.read().strip()
        if not _lock(file):
            file.close()
            other = f"process {holder}" if holder else "another process"
            raise UsageError(
                f"out: {other} is writing to {str(folder)!r}; wait for it or name another folder"
            )
        # The process that held it may have removed the file after it was opened here.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                break
        file.close()
    if holder:
        shown = safe_name(str(folder))
        _log.warning("conformance: takes %s over from process %s, which ended before its end", shown, holder)
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _lock(file: TextIO) -> bool:
    """Lock a file until it is closed; return whether nobody else had."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(_BEHIND)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


@contextmanager
def whole_bundle(folder: Path, name: str) -> Iterator[Path]:
    """Write a bundle whole or not at all: yield the folder for its files, which gets its name at the end.

    Args:
        folder: the folder of the bundles; made if it does not exist.
        name: the bundle's name. Where something has it that conformance did not write, a number follows it,
            and one line says so.

    Raises:
        OSError: a file cannot be written, as on a full disk; then there is no bundle.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = _free(folder, f"{PART}{name}")
    part.mkdir()
    try:
        yield part
        bundle = part.rename(_free(folder, name))
    except BaseException:
        _remove(part)
        raise
    if bundle.name != name:
        shown = safe_name(str(bundle))
        _log.warning("conformance: writes the bundle of %s to %s, because that name is taken", name, shown)


def _free(folder: Path, name: str) -> Path:
    """Return the path of a name in a folder, followed by the first free number if there is something."""
    path, numbers = folder / name, count(2)
    while os.path.lexists(path):
        path = folder / f"{name}-{next(numbers)}"
    return path


def remove_bundles(folder: Path) -> None:
    """Remove the bundles in a folder, also what a killed process left of one, and the folder if it is empty.

    Of a bundle only the files that conformance writes are removed. What else there is stays, and one line
    names it.
    """
    if not folder.is_dir():
        return
    for bundle in folder.iterdir():
        if _is_bundle(bundle):
            _remove(bundle)
    if stay := sorted(path.name for path in folder.iterdir()):
        more = ", …" if len(stay) > _NAMED else ""
        named = safe_name(", ".join(stay[:_NAMED]) + more)
        _log.warning("conformance: leaves %s in %s, which it did not write", named, safe_name(str(folder)))
    else:
        with suppress(OSError):  # where it is a link to a folder
            folder.rmdir()


def _remove(bundle: Path) -> None:
    for path in (path for pattern in BUNDLE_FILES for path in bundle.glob(pattern)):
        path.unlink()
    for emptied in (bundle / "__pycache__", bundle):
        with suppress(OSError):  # where it holds something else, or is not there
            emptied.rmdir()


def _is_bundle(folder: Path) -> bool:
    """Whether conformance wrote a folder, or began to."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    if folder.name.startswith(PART):
        return True
    try:
        about = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(about, dict) and {"bundle_version", "sample"} <= about.keys()
