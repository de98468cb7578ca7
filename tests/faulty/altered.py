"""A right implementation whose answers are altered on the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.subjects import pytorch

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.subjects.protocol import Task, Trace


class Altered:
    """torch, but for what `alter` makes of a task and its right trace.

    Args:
        name: how reports call it.
        alter: returns the trace that is given away.
    """

    def __init__(self, name: str, alter: Callable[[Task, Trace], Trace]) -> None:
        self.name = name
        self._alter = alter
        self._right = pytorch.make()

    def unsupported(self, task: Task) -> str | None:
        """Nothing is refused."""
        return self._right.unsupported(task)

    def run(self, task: Task) -> Trace:
        """Run torch, then alter."""
        return self._alter(task, self._right.run(task))
