"""A digest of the files that verdicts depend on, by which the parts of a run know each other.

Asked by running.journal, running.merge and running.cluster: who interrupts a run to mend the subject must not
get verdicts of both in one report.
"""

from __future__ import annotations

import hashlib
import os
import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.files import home
from conformance.subjects.command import COMMAND, files_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.machinery import ModuleSpec

    from conformance.subjects.protocol import Implementation

# What a package reads, besides its modules.
_SUFFIXES = {".py", ".toml"}


def source_code(subject: str | Implementation, name: str = "") -> str:
    """Return a digest of the files that verdicts depend on: ours, and those of the subject.

    Of an installed package these are its files. Of a file, or a module in the current directory, they are
    also the other files and the packages beside it, and those of its own package, which it may import. Of a
    program they are those that its command names.

    Args:
        subject: the implementation or its name.
        name: the name that it has itself, where it is known.
    """
    module = subject.rpartition(":")[0] if isinstance(subject, str) else type(subject).__module__
    files = _of_subject(module)
    for own in ("conformance", "mytorch"):
        files |= _of_package(own, find_spec(own))
    # A `Command` of any module has the name by which the command line would call it.
    for command in {text for text in (subject, name) if isinstance(text, str) and text.startswith(COMMAND)}:
        files |= files_of(command.removeprefix(COMMAND))
    digests = []
    for file in files:
        # In pieces, as a program may be given a file that does not fit into memory.
        with file.open("rb") as opened:
            digests.append(hashlib.file_digest(opened, "sha256").digest())
    # In an order that does not depend on where the files are: shards run on several machines.
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()[:16]


def _of_subject(module: str) -> set[Path]:
    """Return the files of a subject's module, or of a path, and of what may be imported from beside it."""
    if module.endswith(".py"):
        path = Path(module).resolve()
        found = _readable([path]) | _beside(path) | _own_package(path) if path.is_file() else set()
    else:
        top = module.partition(".")[0]
        found = _of_package(top, _spec(top))
    here = Path.cwd().resolve()
    # What is not installed may import what is there, too.
    return found | _beside(here / "any") if any(file.is_relative_to(here) for file in found) else found


def _own_package(path: Path) -> set[Path]:
    """Return the files of the package that a file is in, if it is in one."""
    folder = home(path)
    inside = path.relative_to(folder).parts
    return _readable((folder / inside[0]).rglob("*.py")) if inside[1:] else set()


def _of_package(top: str, spec: ModuleSpec | None) -> set[Path]:
    """Return the files of a module or a package, without importing it; none if it has none."""
    if spec and spec.submodule_search_locations is not None:
        return _readable(
            file
            for place in spec.submodule_search_locations
            for file in Path(place).resolve().rglob("*")
            if file.suffix in _SUFFIXES
        )
    origin = spec.origin if spec else getattr(sys.modules.get(top), "__file__", None)
    return _readable([Path(origin).resolve()]) if origin else set()


def _spec(top: str) -> ModuleSpec | None:
    """Return where a module is found: in the current directory first, as by the process of a subject."""
    if not top:
        return None
    try:
        return PathFinder.find_spec(top, [str(Path.cwd())]) or find_spec(top)
    except ValueError:  # a script that was run has no spec
        return None


def _beside(path: Path) -> set[Path]:
    """Return the modules and the packages in the folder of a file."""
    modules = path.parent.glob("*.py")
    inside = (file for init in path.parent.glob("*/__init__.py") for file in init.parent.rglob("*.py"))
    return _readable([*modules, *inside])


def _readable(files: Iterable[Path]) -> set[Path]:
    return {file for file in files if file.is_file() and os.access(file, os.R_OK)}
