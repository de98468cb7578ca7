"""Keeps a candidate from finding the reference where it is: its files cannot be opened in a process.

Called by checking.candidate_main before it imports the candidate.
"""

from __future__ import annotations

import os
import sys
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any


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

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], (str, bytes)):
            return
        try:
            found = os.stat(arguments[0])  # noqa: PTH116 - bytes are names, too, and each file pays for this
        except (OSError, ValueError):
            return
        if (found.st_dev, found.st_ino) in hidden:
            raise PermissionError("the reference's file cannot be read in the candidate's process")

    if hidden:
        # It cannot be taken away again.
        sys.addaudithook(refuse)
