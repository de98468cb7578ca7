"""An implementation that runs in a process of its own, as any other to those that judge it.

Made by running.subject; subjects.host has the process. A task is sent as what it is made of, and its arrays
follow from that; arrays come back, or what the subject raised.

An answer to a task goes one of three ways from here:

- the task was announced with others of its sample: they are sent in one message when the first is asked for,
  run there one after the other, and each waits here for its turn;
- it was not announced, such as one that failed and is run again: it is sent alone;
- the process ended on it: `Ended` is raised where its turn comes, and what was announced behind it is sent
  again, each alone, where it is asked for.
"""

from __future__ import annotations

from collections import defaultdict, deque
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
    from collections.abc import Sequence

    from conformance.subjects.host import Process
    from conformance.subjects.protocol import Task, Trace
    from conformance.subjects.wire import Message

    _Key = tuple[str, str, str, str | None]


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
        self._announced: list[Task] = []
        self._sent = False
        self._waiting: dict[_Key, deque[Message | Ended]] = defaultdict(deque)
        self._held: tuple[Task, Message] | None = None

    @property
    def printed(self) -> str:
        """What the subject printed while it last ran."""
        return self._process.printed

    def announce(self, tasks: Sequence[Task]) -> None:
        """Say which tasks of one sample will be asked for, in this order; others may come between."""
        while self._sent and self._announced:
            # It was not asked for in the end.
            self._next()
        self._waiting.clear()
        self._announced, self._sent = list(tasks), False

    def unsupported(self, task: Task) -> str | None:
        """Return why this task cannot be run, or None; see `Implementation.unsupported`."""
        if not self._declines:
            return None
        answer = self._answer(task, reason=True)
        match answer.header:
            case {"reason": str(reason)}:
                return printable(reason, raised.MESSAGE)
            case {"no reason": told}:
                raise self._raised(told)
        self._held = task, answer
        return None

    def run(self, task: Task) -> Trace:
        """Run forward and backward there; see `Implementation.run`.

        Raises:
            Exception: as the subject raised it, of the same class as far as it is known here.
            Unused: the subject's layer cannot be used in this way.
            Ended: there is no answer.
        """
        held, self._held = self._held, None
        answer = held[1] if held and held[0] is task else self._answer(task, reason=False)
        match answer.header:
            case {"unused": str(why)}:
                raise Unused(printable(why, raised.MESSAGE))
            case {"error": told}:
                raise self._raised(told)
            case {"reason": _} | {"no reason": _}:
                raise self._garbage("it is the answer to another question")
        return {printable(name, 200): _value(value) for name, value in answer.arrays.items()}

    def close(self) -> None:
        """End the process."""
        self._process.close()

    def _answer(self, task: Task, *, reason: bool) -> Message:
        """Return the answer to a task, or to the question why it cannot be run."""
        key = _key(task)
        while self._announced and not self._waiting[key]:
            asked = _key(self._announced[0])
            self._waiting[asked].append(self._next())
        answer = self._waiting[key].popleft() if self._waiting[key] else self._alone(task, reason=reason)
        if isinstance(answer, Ended):
            self.deaths += 1
            raise answer
        return answer

    def _next(self) -> Message | Ended:
        """Return the answer to the next task that was announced."""
        try:
            if not self._sent:
                question = _question(self._announced, reason=self._declines)
                self._process.send(question, answers=len(self._announced))
                self._sent = True
            answer = self._process.answer()
        except (Ended, UsageError, UnsendableError) as error:
            # What was announced behind it has no answer, and is asked for again.
            self._announced.clear()
            return _death(error)
        self._announced.pop(0)
        return answer

    def _alone(self, task: Task, *, reason: bool) -> Message | Ended:
        try:
            return self._process.ask(_question([task], reason=reason), task.stored)
        except (Ended, UsageError, UnsendableError) as error:
            return _death(error)

    def _raised(self, told: object) -> Exception:
        """Return what the subject raised."""
        try:
            return raised.again(told)
        except ValueError as wrong:
            return self._garbage(str(wrong))

    def _garbage(self, why: str) -> Ended:
        self.deaths += 1
        return self._process.garbage(why)


def _death(error: Exception) -> Ended:
    """Return how the process has ended; one that cannot be started anew could be at first."""
    return error if isinstance(error, Ended) else Ended(str(error))


def _key(task: Task) -> _Key:
    """Return what tells the tasks of one sample apart; those with stored arrays are not announced."""
    bad_call = None if task.bad_call is None else task.bad_call.label
    return task.sample.text, task.dtype, task.carrier, bad_call


def _question(tasks: Sequence[Task], *, reason: bool) -> dict[str, Any]:
    """Return what tasks of one sample are made of there; their arrays follow from that, bit for bit.

    Args:
        tasks: the tasks.
        reason: ask first why the subject cannot run each.
    """
    case, sample = tasks[0].case, tasks[0].sample
    if CASES.get(case.name) is not case:
        raise ValueError(f"{case.name}: only a case that is listed can be judged in another process")
    return {
        "do": "run",
        "reason": reason,
        "case": case.name,
        "sample": [sample.seed, sample.draw, sample.shape_class, sample.regime],
        "config": [list(pair) for pair in sample.config],
        "redraw": sample.redraw,
        "tasks": [
            [
                task.dtype,
                task.carrier,
                task.sample.use,
                None if task.bad_call is None else case.bad_calls.index(task.bad_call),
            ]
            for task in tasks
        ],
    }


def _value(value: Any) -> Any:
    """Return an array, or something that is of a type of that name."""
    return type(printable(value.kind, 200), (), {})() if isinstance(value, Foreign) else value
