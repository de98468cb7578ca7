"""How a subject is run: in a process of its own, or, where that cannot be, in the judge's.

Made once per run by running.run, running.replay and the pytest plugin, and sent to each process that judges,
where `opened` returns an implementation. A process keeps the subject that it opened last.
"""

from __future__ import annotations

import atexit
import os
import shlex
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.errors import UsageError, flag
from conformance.processes import own_path
from conformance.registry import find_implementation, spelled
from conformance.subjects.host import Limits, Process, UnsendableError
from conformance.subjects.hosted import Hosted
from conformance.subjects.in_process import InProcess, imported
from conformance.subjects.protocol import Ended

if TYPE_CHECKING:
    from types import ModuleType

    from conformance.subjects.protocol import Implementation, Task, Trace

# The reference itself, and the self-test's faults, which are ours.
_OURS = ("torch", "fault:")


@dataclass(frozen=True)
class Subject:
    """A subject, and how it is run.

    Attributes:
        name: as the report names it.
        spec: by what it is imported; None for an object.
        pickled: the object, for another process; empty where it cannot be sent.
        limits: of its process; None where it has none of its own.
        note: why it has none, where there should be one.
        live: the object itself, where it was given.
    """

    name: str
    spec: str | None
    pickled: bytes = b""
    limits: Limits | None = None
    note: str = ""
    live: Any = field(default=None, compare=False, repr=False)

    @property
    def in_process(self) -> str:
        """The line about a subject that runs in the judge's process; empty where it has one of its own."""
        return f"IN PROCESS {self.name} ran {self.note}" if self.note else ""

    def __getstate__(self) -> dict[str, Any]:
        # What can be sent pickled is never read by a process that judges.
        return {**self.__dict__, "live": None if self.limits and self.pickled else self.live}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


def find_subject(
    implementation: str | Implementation | Subject,
    *,
    in_process: bool = False,
    time_limit: float = 60.0,
    host_command: str = "",
) -> Subject:
    """Return how a subject is run.

    Args:
        implementation: a name, a form that the registry knows, or an object.
        in_process: run it in the judge's process.
        time_limit: how many seconds one answer may take.
        host_command: what starts the process of the subject, with its arguments.

    Raises:
        UsageError: an argument is none of these.
    """
    if isinstance(implementation, Subject):
        return implementation
    flag("in_process", in_process)
    limits = limits_of(time_limit, host_command)
    if isinstance(implementation, str):
        if not implementation:
            find_implementation(implementation)
        implementation = spelled(implementation)
        subject = Subject(implementation, implementation, limits=limits)
        if implementation == _OURS[0] or implementation.startswith(_OURS[1]):
            return replace(subject, limits=None)
    else:
        subject = _of_object(implementation, limits)
    if in_process:
        return replace(subject, limits=None, note="in the judge's process, as asked for")
    if sys.platform == "win32":
        return replace(subject, limits=None, note="in the judge's process, as always on Windows")
    return subject


def limits_of(time_limit: float, host_command: str) -> Limits:
    """Return the limits of a subject's process.

    Args:
        time_limit: how many seconds one answer may take.
        host_command: what starts the process, with its arguments.

    Raises:
        UsageError: an argument is not that.
    """
    if not _is_command(host_command):
        raise UsageError(f"host command: expected a program with its arguments, got {host_command!r}")
    if not _is_seconds(time_limit):
        expected = "a positive number of seconds, below 1,000,000"
        raise UsageError(f"time limit: expected {expected}, got {time_limit!r}")
    return Limits(float(time_limit), host_command)


def _is_seconds(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 10**6


def _is_command(value: object) -> bool:
    try:
        return isinstance(value, str) and (not value or bool(shlex.split(value)))
    except ValueError:
        # A quotation mark without the other.
        return False


def _of_object(implementation: Implementation, limits: Limits) -> Subject:
    import cloudpickle

    try:
        name = str(find_implementation(implementation).name)
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        raise UsageError(f"implementation: its name raises {type(error).__name__}") from error
    subject = Subject(name, None, live=implementation)
    module = sys.modules.get(type(implementation).__module__)
    whole = module is not None and not _importable(module)
    try:
        if whole:
            cloudpickle.register_pickle_by_value(module)
        return replace(subject, pickled=cloudpickle.dumps(implementation), limits=limits)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - what an object does there is its own
        return replace(subject, note=_unsendable(error))
    finally:
        if whole:
            cloudpickle.unregister_pickle_by_value(module)


def _importable(module: ModuleType) -> bool:
    """Whether another process finds a module by its name, on the path that this one was started with.

    pytest, for one, imports test modules that it would not.
    """
    file = getattr(module, "__file__", None)
    # `__main__` is always sent whole.
    if module.__name__ == "__main__" or file is None:
        return True
    path = Path(file).absolute()
    names = module.__name__.split(".")
    # A file that was given by its path may have another name here.
    if names[-1] != (path.parent.name if path.stem == "__init__" else path.stem):
        return False
    root = path.parents[len(names) - (path.stem != "__init__")]
    return root in {Path(each).absolute() for each in own_path()}


def _unsendable(why: object) -> str:
    return f"in the judge's process, because it cannot be sent to another: {why}"


# The subject that this process opened last: of a run there is one. A copy of this process has none.
_opened: list[tuple[int, Subject, InProcess | Hosted]] = []


def opened(subject: Subject) -> InProcess | Hosted:
    """Return the implementation, in this process or in one that belongs to it.

    Raises:
        UsageError: it cannot be found or imported.
        UnsendableError: it is an object that its own process cannot read.
    """
    if not _opened or _opened[0][:2] != (os.getpid(), subject):
        close()
        _opened[:] = [(os.getpid(), subject, _open(subject))]
    return _opened[0][2]


def _open(subject: Subject) -> InProcess | Hosted:
    if subject.limits is not None:
        load = {"do": "load", "spec": subject.spec}
        return Hosted(Process(load, subject.pickled, subject.limits))
    return InProcess(subject.live) if subject.spec is None else imported(subject.spec, find_implementation)


def opened_here(subject: Subject) -> tuple[Subject, InProcess | Hosted]:
    """Open a subject before a run; an object that its own process cannot read is run in this one.

    Raises:
        UsageError: it cannot be found or imported.
    """
    try:
        return subject, opened(subject)
    except UnsendableError as error:
        subject = replace(subject, limits=None, pickled=b"", note=_unsendable(error))
        return subject, opened(subject)


class _Absent:
    """Stands for a subject that this process cannot have: it ends where it is asked, and says why."""

    def __init__(self, name: str, why: str) -> None:
        self.name, self._why, self.deaths = name, why, 0

    def unsupported(self, task: Task) -> str | None:
        del task
        self.deaths += 1
        raise Ended(self._why)

    def run(self, task: Task) -> Trace:
        del task
        raise Ended(self._why)


def opened_again(subject: Subject) -> Implementation:
    """Open a subject that was opened before the run, perhaps by another process.

    One that can be imported only once, or now and then, fails in the samples that it is asked for here, and
    the run goes on.
    """
    try:
        return opened(subject)
    except (UsageError, UnsendableError) as error:
        return _Absent(subject.name, str(error))


@atexit.register
def close() -> None:
    """End the process of the subject that this process opened last."""
    while _opened:
        process, _, implementation = _opened.pop()
        if process == os.getpid() and isinstance(implementation, Hosted):
            implementation.close()
