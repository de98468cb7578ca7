"""Implementations by name, `fault:NAME`, `cmd:PROGRAM`, `module:attribute` and `path.py:attribute`.

Called by running and by the command line, in each process that judges.
"""

from __future__ import annotations

import importlib
import os
import traceback
from contextlib import suppress
from inspect import Parameter, signature
from operator import attrgetter
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from conformance import files
from conformance.errors import UsageError, unknown
from conformance.files import advice, run_file
from conformance.processes import look_here
from conformance.subjects import mytorch, pytorch
from conformance.subjects.command import COMMAND, Command
from conformance.subjects.peers import PEERS
from conformance.subjects.protocol import Implementation

if TYPE_CHECKING:
    from collections.abc import Callable

IMPLEMENTATIONS: dict[str, Callable[[], Implementation]] = {"mytorch": mytorch.make, "torch": pytorch.make}

_FAULT = "fault:"

# The files through which an import goes before it comes to the user's.
_IMPORTING = {__file__, files.__file__, importlib.__file__}

# The kinds of parameters that stand for any number of arguments, and for none.
_NEED_NO_ARGUMENT = {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD}

# What makes an implementation of a bare function, by the number of its arguments.
_WRAPPED = {
    2: "a program of a namespace and tensors is given as TorchLike(NAME, MODULE, {{CASE: {0}}})",
    3: "a function of a case, settings and arrays is given as Functional(NAME, {0})",
}


def find_implementation(spec: str | Implementation) -> Implementation:
    """Return the implementation that a name or one of the forms above means, or the one given.

    For the last two the current directory is first on the path, if it was not on it, and stays there: what
    a subject imports later is its own too. For a file, its folder comes before that.

    Raises:
        UsageError: there is no such implementation, or it cannot be imported; the message lists the known
            ones, what was raised, what the attribute lacks, or what installs the framework of a peer. Or what
            was given is not one.
    """
    if not isinstance(spec, str):
        return _given(spec)
    if spec in IMPLEMENTATIONS:
        return IMPLEMENTATIONS[spec]()
    if spec in PEERS:
        return PEERS[spec].made()
    if spec.startswith(COMMAND):
        return Command(spec.removeprefix(COMMAND))
    module, colon, attribute = spec.rpartition(":")
    if spec.startswith(_FAULT):
        # Making their list takes as long as all else that is imported.
        from conformance.faults import faulty, find_faults

        (fault,) = find_faults([attribute])
        return faulty(fault)
    if not (module and colon and attribute):
        file = spec.removesuffix(":")
        hint = f"; expected {file}:ATTRIBUTE" if file.endswith(".py") else ""
        listed = "`conformance list implementations` shows those there are, such as mytorch"
        forms = f"{listed}. Or fault:NAME, cmd:PROGRAM, module:attribute, path.py:attribute{hint}"
        raise unknown("implementation", spec, (*IMPLEMENTATIONS, *PEERS), forms)
    return _plugged_in(spec, module, attribute)


def absolute(spec: str) -> str:
    """Return a name or form as any directory finds it: with the path of `path.py:attribute` absolute."""
    file, attribute = _file_in(spec)
    return f"{file.resolve()}:{attribute}" if file else spec


def spelled(spec: str) -> str:
    """Return a name or form as reports have it: of `path.py:attribute`, the path without `./` and `..`.

    A relative path stays one, so that a baseline is of every machine's checkout.

    Example:
        >>> from conformance.registry import spelled
        >>> spelled("./kernels/../mine.py:subject")
        'mine.py:subject'
    """
    file, attribute = _file_in(spec)
    if file is None:
        return spec
    short = Path(os.path.normpath(file))
    # Behind a link to a folder, `..` leads elsewhere.
    return f"{(short if short.resolve() == file.resolve() else file).as_posix()}:{attribute}"


def _file_in(spec: str) -> tuple[Path | None, str]:
    """Return the file and the attribute of `path.py:attribute`; None where it is another form, or a name."""
    module, _, attribute = spec.rpartition(":")
    other = not module.endswith(".py") or spec.startswith((COMMAND, _FAULT))
    return None if other else Path(module), attribute


def _given(spec: object) -> Implementation:
    """Return an implementation that was given itself."""
    if isinstance(spec, type):
        raise UsageError(f"implementation: expected an instance, got the class {spec.__qualname__}")
    if not isinstance(spec, Implementation):
        raise UsageError(f"implementation: expected a name or an Implementation, got {_what(spec)}")
    return spec


def _what(found: object) -> str:
    """Return what was found instead of an Implementation, and what it lacks."""
    lacking = ", ".join(name for name in ("name", "unsupported", "run") if not hasattr(found, name))
    return "None" if found is None else f"an object of {type(found).__qualname__} without {lacking}"


def _imported(module: str, *, beside: bool = True) -> ModuleType:
    """Import a module by its name, or a file by its path, which may import what is next to it."""
    if not module.endswith(".py"):
        return importlib.import_module(module)
    return run_file(Path(module).resolve(), beside=beside)


def _attribute(module: ModuleType, name: str) -> Any:
    """Return an attribute of an imported module or file; dots lead to attributes of attributes.

    Raises:
        UsageError: it has none of that name; the message lists those that look like implementations.
    """
    with suppress(AttributeError):
        return attrgetter(name)(module)
    alike = [each for each, value in vars(module).items() if _like_an_implementation(module, each, value)]
    file = getattr(module, "__file__", None)
    there_are = f"; these look like implementations: {', '.join(alike)}" if alike else ""
    raise UsageError(f"{file or module.__name__} has no attribute {name!r}{there_are}")


def _like_an_implementation(module: ModuleType, name: str, value: object) -> bool:
    """Whether a module's attribute is an Implementation, or a class or function of its own that makes one."""
    if name.startswith("_"):
        return False
    if not isinstance(value, (type, FunctionType)):
        return isinstance(value, Implementation)
    if value.__module__ != module.__name__ or (isinstance(value, type) and not hasattr(value, "run")):
        return False
    try:
        parameters = signature(value).parameters.values()
    except (TypeError, ValueError):
        return False
    return all(each.default is not each.empty or each.kind in _NEED_NO_ARGUMENT for each in parameters)


def _made(name: str, make: Callable[[], Any]) -> Any:
    """Call a class or a function without arguments.

    Raises:
        UsageError: it needs some.
    """
    try:
        signature(make).bind()
    except TypeError as error:
        told = f"{name} cannot be called without arguments: {error}"
        wrapped = None if isinstance(make, type) else _WRAPPED.get(len(signature(make).parameters))
        raise UsageError(told + (f"; {wrapped.format(name)}" if wrapped else "")) from error
    except ValueError:  # a built-in one that does not tell its arguments
        pass
    return make()


def _raised(error: Exception) -> str:
    """Return what was raised, with the last line that is neither Python's own nor ours, if any."""
    lines = [
        f" ({frame.filename}, line {frame.lineno})"
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename not in _IMPORTING and not frame.filename.startswith("<frozen")
    ]
    # A SyntaxError names the place itself; the file was not run.
    place = "" if isinstance(error, SyntaxError) or not lines else lines[-1]
    return f"{type(error).__name__}: {error}{place}"


def find_object(what: str, spec: str) -> Any:
    """Return what `module:attribute` or `path.py:attribute` names; of a class, what it makes.

    Args:
        what: what it should name, for the message.
        spec: one of the two forms.

    Raises:
        UsageError: there is none, it cannot be imported, or the class needs arguments.
    """
    found = find_attribute(what, spec)[1]
    try:
        return _made(spec.rpartition(":")[2], found) if isinstance(found, type) else found
    except UsageError as error:
        raise UsageError(f"{what} {spec!r}: {error}") from error
    except Exception as error:
        raise UsageError(f"{what} {spec!r}: {_raised(error)}") from error


def find_attribute(what: str, spec: str, *, here: bool = True, beside: bool = True) -> tuple[ModuleType, Any]:
    """Return a module and the attribute of it that `module:attribute` or `path.py:attribute` names, as it is.

    Args:
        what: what it should name, for the message.
        spec: one of the two forms; dots lead to attributes of attributes.
        here: put the current directory on the path, for modules that are imported by name.
        beside: put the folder of a file on the path.

    Raises:
        UsageError: there is none, or it cannot be imported.
    """
    name, _, attribute = spec.rpartition(":")
    if not (name and attribute):
        raise UsageError(f"{what} {spec!r}: expected module:attribute or path.py:attribute")
    if here:
        look_here()
    try:
        module = _imported(name, beside=beside)
        if name.endswith(".py") and not hasattr(module, attribute.partition(".")[0]):
            lacks = f"{name} has no attribute {attribute!r}{_own(module)}"
            raise UsageError(lacks)  # noqa: TRY301 - the spec is put in front of it below
        return module, attrgetter(attribute)(module)
    except UsageError as error:
        raise UsageError(f"{what} {spec!r}: {error}") from error
    except Exception as error:
        told = _raised(error) + advice(error, name, attribute, beside=beside)
        raise UsageError(f"{what} {spec!r}: {told}") from error


def _own(module: ModuleType) -> str:
    """Return the functions and classes that a file defines, for a message."""
    defined = (name for name, value in vars(module).items() if isinstance(value, (type, FunctionType)))
    own = [name for name in defined if getattr(vars(module)[name], "__module__", None) == module.__name__]
    return f"; it defines {', '.join(own)}" if own else ""


def _plugged_in(spec: str, module: str, attribute: str) -> Implementation:
    look_here()
    try:
        found = _attribute(_imported(module), attribute)
        # A class has the attributes of its instances, and would pass for an instance.
        made = isinstance(found, type) or not isinstance(found, Implementation)
        implementation = _made(attribute, found) if made and callable(found) else found
    except UsageError as error:
        raise UsageError(f"implementation {spec!r}: {error}") from error
    except Exception as error:
        # The module is not ours, and importing it may raise anything.
        told = _raised(error) + advice(error, module, attribute)
        raise UsageError(f"implementation {spec!r}: {told}") from error
    if not isinstance(implementation, Implementation):
        raise UsageError(f"implementation {spec!r}: expected an Implementation, got {_what(implementation)}")
    return implementation
