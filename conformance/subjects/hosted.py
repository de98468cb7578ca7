"""An implementation that runs in a process of its own, as any other to those that judge it.

Made by running.subject; subjects.host has the process. A task is sent as what it is made of, and its arrays
follow from that; arrays come back, or what the subject raised.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from conformance.cases import CASES
from conformance.cases._call import Unused
from conformance.errors import UsageError
from conformance.subjects import raised
from conformance.subjects.declarations import declared
from conformance.subjects.host import UnsendableError
from conformance.subjects.protocol import Ended
from conformance.subjects.supports import Supports
from conformance.subjects.wire import Foreign, printable

if TYPE_CHECKING:
    from conformance.subjects.host import Process
    from conformance.subjects.protocol import Task, Trace
    from conformance.subjects.wire import Message


class Hosted:
    """An implementation that runs in a process of its own.

    Args:
        process: the process; it is started.

    Attributes:
        name: the name that the subject has there.
        uses: the uses in which the subject can be called.
        supports: the limits that it declares.
        excuses, accuracy, nan_conventions: the differences that it declares.
        deaths: how often the process has ended instead of answering.
        printed: what the subject printed while it last ran.

    Raises:
        UsageError: the subject cannot be imported.
        UnsendableError: it is an object that cannot be read in another process.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        process.start()
        self.name: str = process.hello["name"]
        self.uses: frozenset[str] = process.hello["uses"]
        try:
            stated = declared(SimpleNamespace(**process.hello["declarations"]))
            self.supports = Supports(**process.hello["supports"])
        except (TypeError, UsageError) as error:
            raise UsageError(f"implementation {self.name!r}: {error}") from error
        self.excuses, self.accuracy = stated.excuses, stated.accuracy
        self.nan_conventions = stated.nan_conventions
        self._declines = process.hello.get("declines") is not False
        self.deaths = 0

    @property
    def printed(self) -> str:
        """What the subject printed while it last ran."""
        return self._process.printed

    def unsupported(self, task: Task) -> str | None:
        """Return why this task cannot be run, or None; see `Implementation.unsupported`."""
        if not self._declines:
            return None
        match self._ask("unsupported", task).header:
            case {"reason": None}:
                return None
            case {"reason": str(reason)}:
                return printable(reason, raised.MESSAGE)
        raise self._garbage("it gives no reason")

    def run(self, task: Task) -> Trace:
        """Run forward and backward there; see `Implementation.run`.

        Raises:
            Exception: as the subject raised it, of the same class as far as it is known here.
            Unused: the subject's layer cannot be used in this way.
            Ended: there is no answer.
        """
        answer = self._ask("run", task)
        return {printable(name, 200): _value(value) for name, value in answer.arrays.items()}

    def close(self) -> None:
        """End the process."""
        self._process.close()

    def _ask(self, what: str, task: Task) -> Message:
        try:
            answer = self._process.ask({"do": what, **_task(task)}, task.stored)
        except Ended:
            self.deaths += 1
            raise
        except (UsageError, UnsendableError) as error:
            # It was imported once, and is not when it is started anew.
            self.deaths += 1
            raise Ended(str(error)) from None
        match answer.header:
            case {"unused": str(why)}:
                raise Unused(printable(why, raised.MESSAGE))
            case {"error": told}:
                try:
                    exception = raised.again(told)
                except ValueError as wrong:
                    raise self._garbage(str(wrong)) from None
                raise exception
        return answer

    def _garbage(self, why: str) -> Ended:
        self.deaths += 1
        return self._process.garbage(why)


def _task(task: Task) -> dict[str, Any]:
    """Return what a task is made of there; its arrays follow from that, bit for bit."""
    case, sample = task.case, task.sample
    if CASES.get(case.name) is not case:
        raise ValueError(f"{case.name}: only a case that is listed can be judged in another process")
    return {
        "case": case.name,
        "sample": [sample.seed, sample.draw, sample.shape_class, sample.regime],
        "config": [list(pair) for pair in sample.config],
        "redraw": sample.redraw,
        "use": sample.use,
        "dtype": task.dtype,
        "carrier": task.carrier,
        "bad_call": None if task.bad_call is None else case.bad_calls.index(task.bad_call),
    }


def _value(value: Any) -> Any:
    """Return an array, or something that is of a type of that name."""
    return type(printable(value.kind, 200), (), {})() if isinstance(value, Foreign) else value
