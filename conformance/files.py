"""A file of Python as a module: its name, where it looks for what it imports, and what helps where it fails.

Called by the registry for `path.py:attribute`, and by running.source. A file is run as `python path.py` runs
it: what stands next to it can be imported, from whichever directory the command is started.
"""

from __future__ import annotations

import hashlib
import re
import sys
import traceback
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.errors import UsageError
from conformance.paths import found_at
from conformance.processes import looked_in, own_path

if TYPE_CHECKING:
    from types import ModuleType

_INIT = "__init__.py"

# The names of the modules that are such files.
_ran: set[str] = set()


def home(path: Path) -> Path:
    """Return the folder in which a file's imports are looked for: its own, or the one that has its package.

    In a package names such as `types.py` are common, which would be taken for those of libraries.
    """
    folder = path.parent
    while (folder / _INIT).is_file() and folder != folder.parent:
        folder = folder.parent
    return folder


def run_file(path: Path, *, beside: bool = True) -> ModuleType:
    """Return a file as a module, which is run if this process has not run it yet.

    Args:
        path: the file, absolute and resolved.
        beside: look for modules in its `home`, too, from now on: first while the file runs, unless it has a
            library's name.

    Raises:
        UsageError: there is no such file.
        Exception: as the file raises it.
    """
    if not path.is_file():
        found = found_at(path)
        raise UsageError(f"there is no file {path}" + ("" if found == "none" else f", but {found}"))
    if not beside:
        return _run(path)
    # A file that plugs in a library may have its name, and imports it.
    with looked_in(home(path), first=not _found_elsewhere(path)):
        _forget_others(home(path))
        return _run(path)


def _run(path: Path) -> ModuleType:
    # The path is part of the name, so that two files of one name are two modules, each imported once.
    unique = f"conformance_file_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}_{_word(path.stem)}"
    for name in (path.stem, unique):
        if name in sys.modules and _same(getattr(sys.modules[name], "__file__", None), path):
            return sys.modules[name]
    # The own name, if an import of that finds this file, is also understood by a process that is started here
    # and reads a pickle. The other one can be pickled too, as it has no dot, and read in this process.
    name = path.stem if _free(path) else unique
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    loaded = module_from_spec(spec)
    # Before it runs, as Python does it: a dataclass looks its module up.
    sys.modules[name] = loaded
    _ran.add(name)
    try:
        spec.loader.exec_module(loaded)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return sys.modules[name]


def _forget_others(folder: Path) -> None:
    """Forget modules that files of other folders import, where this one has some of the same names.

    Python keeps one module of a name: a second implementation would silently compute with the first one's.
    """
    others = {*sys.path} - {*own_path(), str(folder), str(Path.cwd())}
    for name in [each for each in sys.modules if "." not in each and each not in _ran] if others else ():
        file = Path(getattr(sys.modules[name], "__file__", None) or _INIT)
        where = file.parent.parent if file.name == _INIT else file.parent
        if str(where) not in others:
            continue
        spec = PathFinder.find_spec(name, [str(folder)])
        if spec is not None and spec.origin is not None:
            for each in [each for each in sys.modules if f"{each}.".startswith(f"{name}.")]:
                del sys.modules[each]


def _found_elsewhere(path: Path) -> bool:
    """Whether an import of the own name of a file would find something else, if the file were not there."""
    spec = PathFinder.find_spec(path.stem, own_path())
    return spec is not None and spec.origin is not None and not _same(spec.origin, path)


def _word(text: str) -> str:
    return re.sub(r"\W", "_", text)


def _same(file: str | None, path: Path) -> bool:
    return file is not None and Path(file).resolve() == path


def _free(path: Path) -> bool:
    """Whether the own name of a file has no dot, is that of no module yet, and is found to be this file."""
    name = path.stem
    if name != _word(name) or name in sys.modules:
        return False
    spec = find_spec(name)
    return spec is not None and _same(spec.origin, path)


def advice(error: Exception, module: str, attribute: str, *, beside: bool = True) -> str:
    """Return what to do about what a module or a file raised while it was imported, if that is known.

    Args:
        error: what was raised.
        module: its name, or the path of the file.
        attribute: what was asked for.
        beside: whether modules were looked for next to the file.
    """
    if not isinstance(error, ImportError):
        return ""
    path = Path(module).resolve() if module.endswith(".py") else None
    if "attempted relative import with no known parent" in str(error):
        raising = Path(traceback.extract_tb(error.__traceback__)[-1].filename).resolve()
        own = raising == path if path else raising.stem == module.rpartition(".")[2]
        return _with_package(raising, attribute) if own else ""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    if path:
        return _nearby(path, error.name.partition(".")[0], beside)
    if f"{module}.".startswith(f"{error.name}."):
        places = f"the current directory, {Path.cwd()}, and on PYTHONPATH"
        return f"; it was looked for in {places}, and a file is given as path.py:{attribute}"
    return ""


def _with_package(path: Path, attribute: str) -> str:
    """Return how a file is given that imports from its own package."""
    root = home(path)
    if root == path.parent:  # a package without __init__.py
        root = root.parent
    looked = str(root) in own_path() or root == Path.cwd()
    where = "" if looked else f", in {root} or with PYTHONPATH={root}"
    name = ".".join(path.with_suffix("").relative_to(root).parts)
    return f"; a relative import needs the package: give {name}:{attribute}{where}"


def _nearby(path: Path, name: str, beside: bool) -> str:
    """Return where a module is that a file did not find: next to it, or in a folder further up."""
    for folder in path.parents:
        spec = PathFinder.find_spec(name, [str(folder)])
        # Any folder would be a package without __init__.py.
        if spec is None or spec.origin is None:
            continue
        if str(folder) in sys.path:
            break
        found = f"; {name} is in {folder}, which is not looked in"
        if folder == home(path) and not beside:
            return f"{found} as it has the reference: move {path.name} and what it imports to another folder"
        inside = beside and folder.is_relative_to(home(path))
        package = ".".join(folder.relative_to(home(path)).parts) if inside else ""
        other = f", or import {package}.{name}" if package else ""
        return f"{found}: set PYTHONPATH={folder}{other}"
    return ""
