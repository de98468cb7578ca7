"""`Altered`: torch, whose trace is changed before it is returned.

The other modules of this folder make wrong implementations of it, for tests/conformance/judging.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.subjects import pytorch

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.subjects.protocol import Task, Trace


class Altered:
    """torch with a changed trace.

    Args:
        name: the name in reports.
        alter: from a task and its correct trace to the trace that is returned.
    """

    def __init__(self, name: str, alter: Callable[[Task, Trace], Trace]) -> None:
        self.name = name
        self._alter = alter
        self._right = pytorch.make()

    def unsupported(self, task: Task) -> str | None:
        """Support what torch supports."""
        return self._right.unsupported(task)

    def run(self, task: Task) -> Trace:
        """Run torch, then change its trace."""
        return self._alter(task, self._right.run(task))
