"""Implementations that return no trace: one raises an exception, the other supports no task."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.subjects.protocol import Task, Trace


class Raising:
    """Raises an exception for every task."""

    name = "raising"

    def unsupported(self, task: Task) -> str | None:
        """Support every task."""
        del task
        return None

    def run(self, task: Task) -> Trace:
        """Raise."""
        raise ArithmeticError(f"no idea how to do {task.case.name}")


class Refusing:
    """Supports no task."""

    name = "refusing"

    def unsupported(self, task: Task) -> str | None:
        """Return the reason for not supporting a task."""
        return f"{task.case.name} is not for {self.name}"

    def run(self, task: Task) -> Trace:
        """Fail the test, because an unsupported task must not be run."""
        raise AssertionError(f"{task.sample.text} was run although it was refused")
