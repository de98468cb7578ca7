"""The task directory: one task as files, for a program in any language, and the answer that it leaves there.

Called by subjects.command, which runs a program on each task, and by running.export and running.answers, for
programs that run elsewhere. docs/task_directory.md describes the files for those who write such a program.
"""

from __future__ import annotations

import builtins
import json
from dataclasses import dataclass, fields
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.cases._call import Unused
from conformance.errors import UsageError
from conformance.subjects.protocol import Task

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conformance.sampling.values import Array
    from conformance.subjects.protocol import Trace

LAYOUT_VERSION = 1

TASK, INPUTS, OUTPUTS = "task.json", "inputs.safetensors", "outputs.safetensors"
UNSUPPORTED, ERROR = "unsupported.txt", "error.json"

# The dtypes of arrays in files, and as NumPy calls them. It has no BF16, which would pass for another dtype.
DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BOOL": "bool"} | {
    f"{kind[0].upper()}{size}": f"{kind}{size}" for kind in ("int", "uint") for size in (8, 16, 32, 64)
}

# How much of a program's words is told.
_TOLD = 2000
# An answer may be larger than what is asked for by this factor, and so many bytes for the names.
_LARGER, _NAMES = 4, 2**20


class ProgramError(Exception):
    """A program failed, or left an answer that cannot be read; it becomes an ERROR verdict."""


@dataclass(frozen=True)
class Asked:
    """The arrays that a task asks for: their names and forms, but no values of outputs.

    Attributes:
        outputs: by the names of the reference, the shape and the dtype of each output and gradient.
        cotangents: by output, the cotangent to go back from; an output without one has no gradient.
    """

    outputs: Mapping[str, tuple[tuple[int, ...], str]]
    cotangents: Trace

    @property
    def bytes(self) -> int:
        """The size of the arrays that are asked for."""
        return sum(prod(shape) * np.dtype(dtype).itemsize for shape, dtype in self.outputs.values())


class _Noted(Task):
    """A task that notes which cotangents a run of it takes."""

    @cached_property
    def noted(self) -> dict[str, Array]:
        return {}

    def cotangent(self, output: str, shape: tuple[int, ...]) -> Array:
        self.noted[output] = super().cotangent(output, shape)
        return self.noted[output].copy()


def asked(task: Task) -> Asked:
    """Return what a task asks for; of a run of the reference, only names, shapes and dtypes are kept."""
    from conformance.subjects import pytorch

    if task.bad_call:
        return Asked({}, {})
    noted = _Noted(**{each.name: getattr(task, each.name) for each in fields(task)})
    trace = pytorch.make().run(noted)
    return Asked({name: (array.shape, str(array.dtype)) for name, array in trace.items()}, noted.noted)


def write_task(folder: Path, task: Task, wanted: Asked) -> None:
    """Write a task into an empty folder: a table of names and shapes, and the arrays.

    Raises:
        TypeError: a setting cannot be written as JSON.
        UsageError: an array has a dtype that the format lacks; the message names the case and the array.
    """
    arrays = task.inputs()
    about = {
        "layout_version": LAYOUT_VERSION,
        "case": task.case.name,
        "sample": task.sample.text,
        "dtype": task.dtype,
        "use": task.sample.use or None,
        "bad_call": task.bad_call.label if task.bad_call else None,
        "config": task.config,
        "inputs": {
            name: {**_form(array.shape, array.dtype), "gradient": f"grad.{name}" in wanted.outputs}
            for name, array in arrays.items()
        },
        "outputs": {
            name: {**_form(shape, dtype), "cotangent": name in wanted.cotangents}
            for name, (shape, dtype) in wanted.outputs.items()
        },
    }
    given = arrays | {f"cotangent.{name}": array for name, array in wanted.cotangents.items()}
    (folder / TASK).write_text(_readable(about), encoding="utf-8")
    try:
        write_arrays(folder / INPUTS, given)
    except ValueError as error:
        raise UsageError(f"{task.case.name}: cannot be written as a task directory: {error}") from error


def _form(shape: tuple[int, ...], dtype: object) -> dict[str, Any]:
    return {"shape": list(shape), "dtype": str(dtype)}


def _readable(about: Mapping[str, Any]) -> str:
    """Return JSON with one line per entry, and in the tables one per array."""
    entries = []
    for key, value in about.items():
        text = json.dumps(value)
        if key in {"inputs", "outputs"} and value:
            rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(form)}" for name, form in value.items())
            text = f"{{\n{rows}\n }}"
        entries.append(f' "{key}": {text}')
    return "{\n" + ",\n".join(entries) + "\n}\n"


def read_answer(folder: Path, expected_bytes: int) -> Trace:
    """Return the arrays that a program left for the task in a folder.

    Args:
        folder: the task directory.
        expected_bytes: the size of the arrays that were asked for; a file that is much larger is not read.

    Raises:
        Unused: the program says that it cannot run the task; the message is its reason.
        Exception: the exception that the program reports, of one of Python's own classes.
        ProgramError: there is no answer, or it cannot be read; the message names the file and what is wrong.
    """
    # An answer goes one of three ways from here: a reason not to run the task, an exception, or arrays.
    if (folder / UNSUPPORTED).exists():
        raise Unused(_reason(folder))
    if (folder / ERROR).exists():
        raise _reported(folder)
    path = folder / OUTPUTS
    if not path.is_file():
        raise ProgramError(f"there is no {OUTPUTS}")
    most, size = _LARGER * expected_bytes + _NAMES, path.stat().st_size
    if size > most:
        raise ProgramError(f"{OUTPUTS} has {size:,} bytes; expected at most {most:,}")
    try:
        return read_arrays(path)
    except (OSError, ValueError) as error:
        raise ProgramError(f"{OUTPUTS} cannot be read: {told(str(error))}") from error


def _reason(folder: Path) -> str:
    reason = told(_text(folder / UNSUPPORTED))
    if not reason:
        raise ProgramError(f"{UNSUPPORTED} is empty; expected the reason")
    return reason


def _reported(folder: Path) -> Exception:
    """Return the exception that `error.json` describes."""
    try:
        about = json.loads(_text(folder / ERROR))
        name, message = about["class"], told(about["message"])
        exception = getattr(builtins, name)(message)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProgramError(
            f'{ERROR}: expected {{"class": "RuntimeError", "message": "…"}}, with the name of an exception '
            f"of Python; {told(repr(error))}"
        ) from error
    if not isinstance(exception, Exception):
        raise ProgramError(f"{ERROR}: expected the name of an exception of Python, got {told(name)!r}")
    return exception


def _text(path: Path) -> str:
    """Return a text file, cut after what is told of it."""
    try:
        with path.open("rb") as file:
            return file.read(4 * _TOLD).decode(errors="backslashreplace")
    except OSError as error:
        raise ProgramError(f"{path.name} cannot be read: {error.strerror}") from error


def told(text: str) -> str:
    """Return the end of a program's words, where mistakes are named, without control characters."""
    text = text.strip()
    cut = text if len(text) <= _TOLD else "…" + text[-_TOLD:]
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode() for each in cut
    )


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write arrays by name as a safetensors file.

    Raises:
        ValueError: an array has a dtype that the format lacks.
    """
    import safetensors.numpy

    if odd := next((each for each in arrays.items() if each[1].dtype.name not in DTYPES.values()), None):
        raise ValueError(f"{odd[0]} is {odd[1].dtype}; expected one of {', '.join(DTYPES.values())}")
    # The library writes the memory of a view as it lies.
    dense = {name: np.array(array, order="C") for name, array in arrays.items()}
    path.write_bytes(safetensors.numpy.save(dense))


def read_arrays(path: Path) -> Trace:
    """Read a safetensors file; the arrays are in the order of their names.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not a safetensors file, is damaged, or holds a dtype that NumPy lacks; the message
            names the array then.
    """
    import safetensors

    try:
        parts = safetensors.deserialize(path.read_bytes())  # type: ignore[no-untyped-call]  # has no annotations
    except safetensors.SafetensorError as error:
        raise ValueError(f"expected a complete safetensors file: {error}") from error
    found: Trace = {}
    # The library gives them in another order each time.
    for name, about in sorted(parts, key=lambda part: part[0]):
        if not name.isprintable():
            raise ValueError(f"expected names of printable characters, got {name!r}")
        if about["dtype"] not in DTYPES:
            raise ValueError(f"{name} is {about['dtype']}; expected one of {', '.join(DTYPES)}")
        array = np.frombuffer(about["data"], np.dtype(DTYPES[about["dtype"]]).newbyteorder("<"))
        found[name] = array.reshape(about["shape"])
    return found
