"""Implementations that are wrong for bad calls only: another exception, another message, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from conformance.subjects import pytorch

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.subjects.protocol import Task, Trace


class OddError(Exception):
    """An exception class that torch does not raise."""


class Complaining:
    """torch, except for bad calls.

    Args:
        name: the name in reports.
        complain: takes torch's exception, and raises another or returns a trace.
    """

    def __init__(self, name: str, complain: Callable[[Exception], Trace]) -> None:
        self.name = name
        self._complain = complain
        self._right = pytorch.make()

    def unsupported(self, task: Task) -> str | None:
        """Support what torch supports."""
        return self._right.unsupported(task)

    def run(self, task: Task) -> Trace:
        """Run torch; replace the exceptions of bad calls."""
        if task.bad_call is None:
            return self._right.run(task)
        try:
            return self._right.run(task)
        except Exception as error:  # noqa: BLE001 - any exception of torch is replaced
            return self._complain(error)


def _other_class(error: Exception) -> Trace:
    raise OddError(str(error))


def _nothing_named(error: Exception) -> Trace:
    raise type(error)("bad argument")


wrong_class = Complaining("wrong class", _other_class)
nothing_named = Complaining("nothing named", _nothing_named)
accepting = Complaining("accepting", lambda _: {"output": np.zeros(1)})
