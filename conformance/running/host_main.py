"""`python -m conformance.running.host_main`: the process of a subject.

Started by subjects.host, which asks it over standard input and reads the answers from standard output. What
the subject itself prints goes to standard error, whatever it prints to. A question says what to `do`:

- `load`: import the subject, by its `spec` or from the array `pickled`; the answer is its `name`,
  its `uses` and what it declares, or `usage` or `unsendable`, which say why not;
- `unsupported`: the answer is the `reason` why the subject cannot run a task, or None;
- `run`: the answer is the arrays; `unused` says why a layer cannot be used in some way.

Where the subject raises anything, the answer is `error` (subjects.raised).
"""

from __future__ import annotations

import faulthandler
import os
import select
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.cases import CASES
from conformance.cases._call import Unused
from conformance.errors import UsageError
from conformance.registry import find_implementation
from conformance.sampling.sample import Sample
from conformance.subjects import raised
from conformance.subjects.declarations import declared
from conformance.subjects.protocol import Implementation, Task
from conformance.subjects.supports import supports_of
from conformance.subjects.torchlike import TorchLike
from conformance.subjects.wire import encode, printable, read

if TYPE_CHECKING:
    from conformance.sampling.values import Array

# Private memory that it may use, on Linux; beyond it there is no more to be had, which Python tells by a
# MemoryError. macOS does not keep the limit.
MOST_MEMORY = 4 * 2**30


class _Subject:
    """The subject, and the answers to questions about it."""

    def __init__(self) -> None:
        self._subject: Any = None
        self._asked: dict[str, Any] = {}
        self._task: Task | None = None

    def load(self, question: Mapping[str, Any], arrays: Mapping[str, Array]) -> tuple[Any, Any]:
        """Import the subject."""
        spec = question.get("spec")
        try:
            self._subject = (
                find_implementation(spec) if spec else _implementation(arrays["pickled"].tobytes())
            )
            if isinstance(self._subject, TorchLike):
                # The first sample would import it, and would take that time.
                _ = self._subject.namespace
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

    def unsupported(self, question: Mapping[str, Any], arrays: Mapping[str, Array]) -> tuple[Any, Any]:
        """Ask the subject why it cannot run a task."""
        reason: object = self._subject.unsupported(self._made(question, arrays))
        if reason is not None and not isinstance(reason, str):
            raise TypeError(f"unsupported: expected None or the reason, got {reason!r}")
        return {"reason": reason and printable(reason, raised.MESSAGE)}, {}

    def run(self, question: Mapping[str, Any], arrays: Mapping[str, Array]) -> tuple[Any, Any]:
        """Let the subject run a task."""
        task = self._made(question, arrays)
        try:
            with np.errstate(all="ignore"):
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

    def _made(self, question: Mapping[str, Any], arrays: Mapping[str, Array]) -> Task:
        """Return the task that is asked about; twice the same is made once."""
        if self._task is None or self._asked != question or arrays:
            case = CASES[question["case"]]
            config = tuple((name, value) for name, value in question["config"])
            seed, draw, shape_class, regime = question["sample"]
            redraw, use = question["redraw"], question["use"]
            sample = Sample(case.name, seed, draw, shape_class, regime, config, redraw, use)
            number = question["bad_call"]
            bad_call = None if number is None else case.bad_calls[number]
            self._task = Task(case, sample, question["dtype"], question["carrier"], arrays, bad_call)
            # Stored arrays are not part of the question.
            self._asked = {} if arrays else dict(question)
        return self._task


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


def _limit() -> None:
    """Limit memory, and leave no core file."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    most = MOST_MEMORY if hard == resource.RLIM_INFINITY else min(MOST_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _end_with_the_judge(file: int) -> None:
    """End this process where the judge ended, though the subject is still running."""
    poll = select.poll()
    poll.register(file, 0)  # tells of the end only
    poll.poll()
    os._exit(1)


def _answer(subject: _Subject, header: dict[str, Any], arrays: Mapping[str, Array], number: int) -> bytes:
    """Return the answer to a question; a subject may raise anything, where it is asked or turned to bytes."""
    # Ends the process even where the interpreter hangs, and tells where that was.
    faulthandler.dump_traceback_later(header.pop("seconds"), exit=True, file=2)
    what = header.pop("do")
    do = {"load": subject.load, "unsupported": subject.unsupported, "run": subject.run}[what]
    try:
        return encode(number, *do(header, arrays))
    except BaseException as error:  # noqa: BLE001 - see above
        return encode(number, {"error": raised.told(error)})
    finally:
        faulthandler.cancel_dump_traceback_later()


def main() -> None:
    """Answer questions until there are no more."""
    # The subject gets neither of the two: it may read what is not for it, and print between two answers.
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    _limit()
    faulthandler.enable()
    Thread(target=_end_with_the_judge, args=(questions.fileno(),), daemon=True).start()
    subject, own = _Subject(), os.getpid()
    while (message := read(questions)) is not None:
        answer = _answer(subject, message.header, message.arrays, message.number)
        if os.getpid() != own:
            os._exit(1)  # a copy of this process, which the subject made, answers nothing
        for stream in (sys.stdout, sys.stderr):
            with suppress(BaseException):
                stream.flush()
        answers.write(answer)
        answers.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
