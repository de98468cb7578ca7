"""`python -m conformance.running.host_main`: the process of a subject.

Started by subjects.host, which asks it over standard input and reads the answers from standard output
(running.serving). A question says what to `do`:

- `load`: import the subject, by its `spec` or from the array `pickled`; the answer is its `name`,
  its `uses` and what it declares, or `usage` or `unsendable`, which say why not;
- `run`: run the `tasks` of one sample; each has an answer, which is the arrays. `reason` says why the subject
  cannot run it, if that is asked; `unused` why a layer cannot be used in some way; `error` and `no reason`
  what the subject raised instead (subjects.raised).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.cases import CASES
from conformance.cases._call import Unused
from conformance.errors import UsageError
from conformance.registry import find_implementation
from conformance.running.serving import serve
from conformance.sampling.sample import Sample
from conformance.sampling.space import draw
from conformance.subjects import raised
from conformance.subjects.command import Command
from conformance.subjects.declarations import declared
from conformance.subjects.protocol import Implementation, Task
from conformance.subjects.supports import supports_of
from conformance.subjects.task_directory import asked
from conformance.subjects.torchlike import TorchLike
from conformance.subjects.wire import encode, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.sampling.values import Array
    from conformance.subjects.wire import Message

    # The header and the arrays of an answer.
    _Answer = tuple[dict[str, Any], dict[str, Any]]


class _Subject:
    """The subject, and the answers to questions about it."""

    def __init__(self) -> None:
        self._subject: Any = None

    def load(self, question: Mapping[str, Any], arrays: Mapping[str, Array]) -> _Answer:
        """Import the subject."""
        spec = question.get("spec")
        try:
            self._subject = (
                find_implementation(spec) if spec else _implementation(arrays["pickled"].tobytes())
            )
            # The first sample would import it, and would take that time.
            if isinstance(self._subject, TorchLike):
                _ = self._subject.namespace
            elif isinstance(self._subject, Command):
                asked(_some_task())
            name = str(self._subject.name)
            uses = [use for use in getattr(self._subject, "uses", None) or () if isinstance(use, str)]
            declares = {
                "declarations": asdict(declared(self._subject)),
                "supports": asdict(supports_of(self._subject)),
                # One that runs every task need not be asked about each.
                "declines": getattr(type(self._subject), "unsupported", None) is not TorchLike.unsupported,
            }
        except _UnreadableError as error:
            return {"unsendable": str(error)}, {}
        except UsageError as error:
            return {"usage": str(error)}, {}
        except BaseException as error:  # noqa: BLE001 - a module may end the process that imports it
            what = f"{type(error).__name__}: {raised.text_of(error)}"
            return {"usage": f"implementation {spec or 'object'!r}: {what}"}, {}
        return {"name": printable(name, 200), "uses": uses, **declares}, {}

    def reason(self, task: Task) -> str | None:
        """Ask the subject why it cannot run a task."""
        reason: object = self._subject.unsupported(task)
        if reason is not None and not isinstance(reason, str):
            raise TypeError(f"unsupported: expected None or the reason, got {reason!r}")
        return reason if reason is None else printable(reason, raised.MESSAGE)

    def run(self, task: Task) -> _Answer:
        """Let the subject run a task."""
        try:
            # A warning that is shown once per place in the code is shown once in each task.
            with np.errstate(all="ignore"), warnings.catch_warnings():
                trace: object = self._subject.run(task)
        except Unused as unused:
            return {"unused": str(unused)}, {}
        if task.bad_call:
            # No more is asked of it than whether it raises.
            return {}, {}
        if not isinstance(trace, Mapping) or not all(isinstance(name, str) for name in trace):
            names = f" with the keys {list(trace)}" if isinstance(trace, Mapping) else ""
            raise TypeError(f"run: expected a mapping of arrays by name, got {type(trace).__name__}{names}")
        return {}, dict(trace)


def _tasks(question: Mapping[str, Any], arrays: Mapping[str, Array]) -> Iterator[Task]:
    """Yield the tasks that are asked about."""
    case = CASES[question["case"]]
    config = tuple((name, value) for name, value in question["config"])
    seed, draw, shape_class, regime = question["sample"]
    for dtype, carrier, use, number in question["tasks"]:
        sample = Sample(case.name, seed, draw, shape_class, regime, config, question["redraw"], use)
        bad_call = None if number is None else case.bad_calls[number]
        yield Task(case, sample, dtype, carrier, arrays, bad_call)


def _some_task() -> Task:
    case = CASES["relu"]
    return Task(case, draw(case.name, case.space, 0, 1)[0], "float32")


class _UnreadableError(Exception):
    """An object that was sent cannot be read here."""


def _implementation(pickled: bytes) -> Implementation:
    # Written by the process of the judge, whose user gave it the object.
    import cloudpickle

    try:
        found: object = cloudpickle.loads(pickled)
    except BaseException as error:
        raise _UnreadableError(f"{type(error).__name__}: {raised.text_of(error)}") from error
    if not isinstance(found, Implementation):
        raise UsageError(f"implementation: expected an Implementation, got {found!r}")
    return found


def _answers(subject: _Subject, message: Message) -> Iterator[bytes]:
    """Yield the answers to a question; a subject may raise anything, where it is asked or turned to bytes."""
    question = message.header
    if question["do"] == "load":
        yield encode(message.number, *subject.load(question, message.arrays))
        return
    for number, task in enumerate(_tasks(question, message.arrays), message.number):
        raised_by = "no reason"
        try:
            why = subject.reason(task) if question["reason"] else None
            raised_by = "error"
            answer = encode(number, *subject.run(task) if why is None else ({"reason": why}, {}))
        except BaseException as error:  # noqa: BLE001 - see above
            answer = encode(number, {raised_by: raised.told(error)})
        yield answer


def main() -> None:
    """Answer questions until there are no more."""
    serve(partial(_answers, _Subject()))


if __name__ == "__main__":
    main()
