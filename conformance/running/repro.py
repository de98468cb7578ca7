"""Shows a failure from the arrays of its bundle, and runs the subject again where that is possible.

    python repro.py [module:attribute | path.py:attribute]

Needs Python and NumPy, nothing of conformance, and the module of the subject to run that: module:attribute or
path.py:attribute, by default the one that failed, if it was given by its name. A subject that itself needs
conformance is not run here, but by `conformance replay FOLDER`. Leaves with 0 if every observable is within
its tolerance, 1 if not, and 2 if the bundle is damaged or the arguments are others.
"""

# Copied into every bundle by running.bundle, with stored.py, which it then imports from there.

from __future__ import annotations

import importlib
import importlib.util
import platform
import sys
from importlib.machinery import PathFinder
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from conformance.running.stored import GIVEN, DamagedError, compare, observables, read

if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np

_USAGE = "python repro.py [module:attribute | path.py:attribute]"

# How many elements of an observable are shown.
_SHOWN = 10


def _show(
    arrays: dict[str, np.ndarray], answers: dict[str, dict[str, Any]], first: tuple[object, object]
) -> bool:
    """Print the comparison of the subject's arrays, and return whether any is wrong.

    Args:
        arrays: the bundle's.
        answers: the subject's, by lane and name.
        first: the lane and the name of the observable to begin with.
    """
    every = sorted(observables(arrays), key=lambda each: each != first)
    failed = False
    for lane, name in every:
        if lane not in answers:
            continue
        found = compare(arrays, lane, name, answers[lane].get(name))
        failed |= found.reason is not None
        drawn = f"tolerance/{lane}/{name}" not in arrays
        verdict = found.reason or ("drawn at random: not compared here" if drawn else "agrees")
        print(f"  {lane} {_plain(name)}: {verdict}")
        if found.rows:
            print(f"    {'position':<16} {'expected':<24} {'got':<24} {'error':<10} tolerance")
        for place, expected, got, error, tolerance in found.rows[:_SHOWN]:
            print(f"    {place!s:<16} {expected!r:<24} {got!r:<24} {error:<10.3g} {tolerance:.3g}")
        if len(found.rows) > _SHOWN:
            print(f"    and {len(found.rows) - _SHOWN} more, with smaller errors")
    for lane, answer in answers.items():
        for name in answer:
            if (lane, name) not in every:
                failed = True
                print(f"  {lane} {_plain(str(name))}: unexpected; the reference has no such array")
    return failed


class _Task:
    """What `Implementation.run` is given, without conformance: a sample, and its arrays in one dtype."""

    bad_call = None

    def __init__(self, text: str, arrays: dict[str, np.ndarray], lane: str) -> None:
        case, _, rest = text.partition(":")
        pairs = dict(pair.split("=", 1) for pair in rest.split(","))
        own = {name: _value(pairs.pop(name, default)) for name, default in _OF_SAMPLE.items()}
        own["shape_class"] = own.pop("class")
        self.config = {name: _value(value) for name, value in pairs.items()}
        self.case = SimpleNamespace(name=case)
        self.sample = SimpleNamespace(text=text, case=case, settings=self.config, **own)
        self.dtype = lane
        self._arrays = {
            name.removeprefix(f"{GIVEN}/"): array.astype(lane)
            for name, array in arrays.items()
            if name.startswith(f"{GIVEN}/")
        }
        names = {name.rpartition("/")[2] for _, name in observables(arrays)}
        self.differentiable = frozenset(name[5:] for name in names if name.startswith("grad."))

    def inputs(self) -> dict[str, np.ndarray]:
        return {name: a.copy() for name, a in self._arrays.items() if not name.startswith("cotangent.")}

    def cotangent(self, output: str, shape: tuple[int, ...]) -> np.ndarray:
        found = self._arrays[f"cotangent.{output}"]
        if found.shape != tuple(shape):
            raise ValueError(f"cotangent of {output}: expected shape {found.shape}, got {tuple(shape)}")
        return found.copy()


# What a sample's text says before its settings, and what it means not to say it.
_OF_SAMPLE = {"seed": "0", "draw": "0", "redraw": "0", "class": "", "regime": "", "use": ""}


def _value(text: str) -> Any:
    if text in {"true", "false"}:
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _run(spec: str, text: str, arrays: dict[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """Run a subject in each lane, and return its arrays by lane and name.

    Raises:
        Exception: anything: the subject cannot be imported without conformance, or cannot be run.
    """
    # With asyncio, which it imports: a sixth of the time of `import conformance`, which has this file too.
    from unittest.mock import patch

    module, colon, attribute = spec.rpartition(":")
    if not colon or module == "fault":
        raise ImportError("it is not of the form module:attribute or path.py:attribute")
    # A subject that needs conformance is run by `conformance replay`, which gives it a whole task; by None an
    # import is refused.
    with patch.dict(sys.modules, {"conformance": None}), patch.object(sys, "path", ["", *sys.path]):
        subject = _found(module, attribute)
        lanes = dict.fromkeys(lane for lane, _ in observables(arrays))
        return {lane: dict(subject.run(_Task(text, arrays, lane))) for lane in lanes}


def _found(module: str, attribute: str) -> Any:
    """Return a subject; what makes one is called."""
    if module.endswith(".py"):
        path = Path(module).resolve()
        found = importlib.util.spec_from_file_location(path.stem, path)
        if found is None or found.loader is None:
            raise ImportError(f"{path} is not a Python file")
        loaded = importlib.util.module_from_spec(found)
        _look_beside(path, loaded)
        found.loader.exec_module(loaded)
    else:
        loaded = importlib.import_module(module)
    subject = attrgetter(attribute)(loaded)
    return subject() if isinstance(subject, type) or not hasattr(subject, "run") else subject


def _look_beside(path: Path, loaded: ModuleType) -> None:
    """Let a file find itself, and what is next to it.

    Not in a package, whose names may be those of libraries. A file that plugs in a library may have its
    name, and imports it.
    """
    there = PathFinder.find_spec(path.stem, [each for each in sys.path if each])
    library = there is not None and there.origin is not None and Path(there.origin).resolve() != path
    if not path.with_name("__init__.py").exists():
        sys.path.insert(len(sys.path) if library else 0, str(path.parent))
    if not library:
        sys.modules.setdefault(path.stem, loaded)


def _plain(text: object) -> str:
    """Return a text in ASCII without control characters, which any terminal can show; line breaks stay."""
    return "".join(
        c if c == "\n" or (c.isascii() and c.isprintable()) else c.encode("unicode_escape").decode()
        for c in str(text)
    )


def _now() -> dict[str, str]:
    """Return the versions here, by their names in bundle.json."""
    from importlib import metadata

    found = {"python": platform.python_version()}
    for name in ("numpy", "torch"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _head(about: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Print what failed, under which versions, and on which inputs."""
    failure, here = about["failure"], _now()
    what = failure.get("observable") or "whole sample"
    print(_plain(f"{failure.get('status')} {what} in {failure.get('lane')}"))
    reason = _plain(failure.get("reason")).replace("\n", "\n" + 18 * " ")
    for name, text in (
        ("implementation", _plain(about["implementation"])),
        ("sample", _plain(about["sample"])),
        ("reason", reason),
        ("written", "with, and where that differs, what is here:"),
    ):
        print(f"  {name:<16}{text}")
    for name, value in about["environment"].items():
        differs = name in here and here[name] != value
        print(_plain(f"    {name}: {value}" + (f"; here {here[name]}" if differs else "")))
    print("  inputs")
    for name, array in arrays.items():
        if name.startswith(f"{GIVEN}/"):
            print(f"    {_plain(name.removeprefix(f'{GIVEN}/'))}: {array.dtype} {array.shape}")


def main(folder: Path, arguments: list[str]) -> int:
    """Show the failure of a bundle and return the exit code; see the top of this file."""
    if wrong := arguments[1:] or [each for each in arguments if ":" not in each or each.startswith("-")]:
        print(_plain(f"usage: {_USAGE}; got {wrong[0]!r}"), file=sys.stderr)
        return 2
    try:
        about, arrays = read(folder)
    except DamagedError as error:
        told = _plain(" ".join(str(error).split()))
        print(f"repro: bundle {str(folder)!a}: {told}", file=sys.stderr)
        return 2
    _head(about, arrays)
    first = about["failure"].get("lane"), about["failure"].get("observable")
    stored: dict[str, dict[str, Any]] = {}
    for name, array in arrays.items():
        if name.startswith("got/"):
            _, lane, observable = name.split("/", 2)
            stored.setdefault(lane, {})[observable] = array
    print("\nThe stored arrays, compared again; nothing is run:")
    failed = _show(arrays, stored, first)
    if not stored:
        failed = True
        print("  the subject's are not there: it raised an exception, or returned no arrays")
    if about["given_as"] and not arguments:
        told = f"{about['implementation']} was given as {about['given_as']}, so name it to run it"
        print(_plain(f"\n{told}: {_USAGE}"))
        print("Where conformance is installed: conformance replay FOLDER --implementation module:attribute")
        return int(failed)
    spec = arguments[0] if arguments else about["implementation"]
    try:
        answers = _run(spec, about["sample"], arrays)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a subject may raise anything
        print(_plain(f"\n{spec} cannot be run here, without conformance: {type(error).__name__}: {error}"))
        print("Where conformance is installed, `conformance replay` runs it on this folder.")
        return int(failed)
    print(_plain(f"\n{spec}, run now on the stored inputs:"))
    return int(_show(arrays, answers, first))


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent, sys.argv[1:]))
