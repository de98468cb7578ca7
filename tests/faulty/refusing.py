"""Implementations that do not answer: by an exception, or by declaring that they cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.subjects.protocol import Task, Trace


class Raising:
    """Raises, whatever it is asked."""

    name = "raising"

    def unsupported(self, task: Task) -> str | None:
        """Claim to be able to do everything."""
        del task
        return None

    def run(self, task: Task) -> Trace:
        """Raise."""
        raise ArithmeticError(f"no idea how to do {task.case.name}")


class Refusing:
    """Declares that it can do nothing."""

    name = "refusing"

    def unsupported(self, task: Task) -> str | None:
        """Refuse, with a reason."""
        return f"{task.case.name} is not for {self.name}"

    def run(self, task: Task) -> Trace:
        """Fail, because what was refused must not be run."""
        raise AssertionError(f"{task.sample.text} was run although it was refused")
