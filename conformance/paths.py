"""Paths that a caller gave: what is there, in words, and errors that name the argument and the path.

`reading` is put around whatever reads a file that the caller names; `check_target` and `made_folder` are
called before the work of which the result is written there.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NOTHING = {errno.ENOENT, errno.ENOTDIR}
_FILE, _FOLDER, _OTHER = "a file", "a folder", "neither a file nor a folder"


def found_at(path: Path) -> str:
    """Return what is at a path, in words: `none` where there is nothing."""
    try:
        there = path.stat()
    except OSError as error:
        if error.errno not in _NOTHING:
            return f"the error {error.strerror!r}"
        return "a link to nothing" if path.is_symlink() else "none"
    except ValueError as error:  # a NUL in the name
        return f"a name that no file can have: {error}"
    if stat.S_ISDIR(there.st_mode):
        return _FOLDER
    if not stat.S_ISREG(there.st_mode):
        return _OTHER
    return _FILE if there.st_size else "an empty file"


@contextmanager
def reading(what: str, path: Path, expected: str, says: str = "") -> Iterator[None]:
    """Let what reads a file say which argument and which file its errors are about.

    Args:
        what: the argument that names the file.
        path: the file. A pipe is read too.
        expected: what should be there, as `a baseline.json`.
        says: the word and a colon with which errors of the content begin, instead of which the argument and
            the file are named; by default the argument.

    Raises:
        UsageError: there is no file, it cannot be read, or what reads it raised this error.
    """
    told = _named(what, path)
    found = found_at(path)
    if found not in {_FILE, _OTHER}:
        raise UsageError(f"{told}expected {expected}, got {found}")
    try:
        yield
    except UnicodeDecodeError as error:
        raise UsageError(f"{told}expected {expected}, got a file that is not text: {error}") from error
    except UsageError as error:
        # One inside another has named the file.
        raise UsageError(told + str(error).removeprefix(told).removeprefix(f"{says or what}: ")) from error
    except OSError as error:
        # Of another file, such as a temporary one, something else is wrong.
        if str(error.filename) != str(path):
            raise
        raise UsageError(f"{told}expected {expected}, got the error {error.strerror!r}") from error


def check_folder(what: str, folder: Path, file: str, expected: str) -> None:
    """Check that a folder is there, and that it has a file, before anything in it is read.

    Args:
        what: the argument that names the folder.
        folder: the folder.
        file: the name of the file, by which such a folder is known.
        expected: what the folder should be.

    Raises:
        UsageError: it is not there, is not a folder, or lacks the file.
    """
    found = found_at(folder)
    if found == _FOLDER and found_at(folder / file) in {"none", _FOLDER}:
        found = f"a folder without {file}"
    elif found == _FOLDER:
        return
    raise UsageError(f"{_named(what, folder)}expected {expected}, got {found}")


def check_target(what: str, path: Path) -> None:
    """Check that a file can be written, as far as that is known before; folders that lack will be made.

    Raises:
        UsageError: there is a folder of its name, or a file where one of its folders should be.
    """
    found = found_at(path)
    if found == _FOLDER or (found := _below_a_file(path)):
        raise UsageError(f"{_named(what, path)}expected a file to write, got {found}")


def made_folder(what: str, folder: Path) -> None:
    """Make a folder that is written to, if it is not there.

    Raises:
        UsageError: something else is there, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_writable(what, folder, error) from error


def not_writable(what: str, folder: Path, error: OSError) -> UsageError:
    """Return the error about a folder that cannot be made or written to."""
    got = found_at(folder)
    if got in {"none", _FOLDER}:
        got = _below_a_file(folder) or f"the error {error.strerror!r}"
    return UsageError(f"{_named(what, folder)}expected a folder that can be written to, got {got}")


def _below_a_file(path: Path) -> str:
    """Return which file is where a folder would have to be; empty if none is."""
    above = next(each for each in path.absolute().parents if os.path.lexists(each))
    return "" if above.is_dir() else f"one in {str(above)!r}, which is not a folder"


def _named(what: str, path: Path) -> str:
    return f"{what} {str(path)!r}: "
