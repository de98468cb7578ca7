"""Keeps a candidate from finding the reference where it is: its files cannot be opened in a process.

Called by checking.candidate_main before it imports the candidate.
"""

from __future__ import annotations

import os
import sys
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def hide(files: list[str], candidate: str) -> None:
    """Let nothing in this process open some files from now on, and take their folders off the path.

    It keeps a candidate from finding the reference where it is. What reads files without Python, such as a
    program that it starts, is not kept from it.

    Args:
        files: the paths.
        candidate: the form by which the candidate is found; `module:name` needs the path as it is.
    """
    hidden = set()
    for file in (each for path in files for each in (path, cache_from_source(path))):
        if Path(file).exists():
            found = Path(file).stat()
            hidden.add((found.st_dev, found.st_ino))
    if candidate.rpartition(":")[0].endswith(".py"):
        folders = {str(Path(path).resolve().parent) for path in files}
        sys.path[:] = [path for path in sys.path if str(Path(path).resolve()) not in folders]
        os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)

    if hidden:
        # It cannot be taken away again.
        sys.addaudithook(_refusal(frozenset(hidden)))


def _refusal(hidden: frozenset[tuple[int, int]]) -> Callable[[str, tuple[Any, ...]], None]:
    """Return an audit hook that refuses to open some files, by their devices and inodes."""
    # Kept here, because a candidate may replace what `os` holds.
    stat, listdir, absolute, fspath = os.stat, os.listdir, os.path.isabs, os.fspath
    listing = False

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal listing
        if event != "open" or listing or isinstance(arguments[0], int):
            return
        name = fspath(arguments[0])
        folders: list[int | None] = [None]
        if not absolute(name):
            # It may lie in a folder that is open, which the event does not tell (`dir_fd`).
            listing = True
            try:
                folders += [int(each) for each in listdir("/dev/fd")]
            except OSError:
                pass
            finally:
                listing = False
        for folder in folders:
            try:
                found = stat(name, dir_fd=folder)
            except (OSError, ValueError):
                continue
            if (found.st_dev, found.st_ino) in hidden:
                raise PermissionError("the reference's file cannot be read in the candidate's process")

    return refuse
