"""An implementation that runs in the judge's own process, watched.

Made by running.subject: for the reference itself, for the self-test's faults, for debugging, and where there
can be no process of its own.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from conformance.errors import UsageError
from conformance.subjects import modes, raised
from conformance.subjects.protocol import NoAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.subjects.protocol import Implementation, Task, Trace


T = TypeVar("T")


class InProcess:
    """An implementation that may raise anything, but that may not alter what the reference depends on.

    All but `unsupported` and `run` is the subject's own.

    Args:
        subject: the subject.
    """

    def __init__(self, subject: Implementation) -> None:
        self._subject = subject

    def __getattr__(self, name: str) -> Any:
        return getattr(self._subject, name)

    def unsupported(self, task: Task) -> str | None:
        """Ask the subject; see `Implementation.unsupported`."""
        return watched(lambda: self._subject.unsupported(task))

    def run(self, task: Task) -> Trace:
        """Let the subject run; see `Implementation.run`.

        Raises:
            Exception: as the subject raised it; one that would end this process becomes an `Exception`.
            NoAnswer: the subject altered a mode of the reference, which is set back.
        """
        return watched(lambda: self._subject.run(task))


def watched(call: Callable[[], T]) -> T:
    """Call something of a subject's, and set back what it alters.

    Raises:
        Exception: as it was raised, or, if that is not an exception that can be judged, one of its name.
        NoAnswer: it altered a mode of the reference, or the working directory.
    """
    here = Path.cwd()
    try:
        result = call()
    except KeyboardInterrupt:
        # It is the user's.
        raise
    except BaseException as error:
        if found := _altered(here):
            raise NoAnswer(found) from error
        if _fit(error):
            raise
        raise raised.again(raised.told(error)) from None
    if found := _altered(here):
        raise NoAnswer(found)
    return result


def imported(spec: str, find: Callable[[str], Implementation]) -> InProcess:
    """Import a subject into this process.

    Raises:
        UsageError: it cannot be imported, ends the process, or alters a mode of the reference.
    """
    try:
        return InProcess(watched(lambda: find(spec)))
    except UsageError:
        raise
    except NoAnswer as error:
        raise UsageError(
            f"implementation {spec!r}: importing it {error}. It can be judged in a process of its own only"
        ) from None
    except Exception as error:
        raise UsageError(f"implementation {spec!r}: {type(error).__name__}: {error}") from error


def _altered(here: Path) -> str:
    """Return what was altered, in words, and set it back."""
    found = [f"altered the reference's {mode}" for mode in modes.altered()]
    if Path.cwd() != here:
        found.append(f"altered the working directory: {Path.cwd()}")
        os.chdir(here)
    return "; ".join(found)


def _fit(error: BaseException) -> bool:
    """Whether this is an exception, and one that has a message."""
    try:
        str(error)
    except BaseException:  # noqa: BLE001 - a subject may raise anything
        return False
    return isinstance(error, Exception)
