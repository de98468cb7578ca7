"""Progress on standard error: a bar on a terminal, one line per case elsewhere.

Made by the commands that judge many samples; `run`, the self-test and the calibration call it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from conformance.judging.verdict import Verdict


class Progress:
    """Shows how much work is done; a context manager, called after each piece of work."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        self._bar = Bar(
            *columns, console=self._console, disable=not self._console.is_terminal, transient=True
        )
        self._task = self._bar.add_task("drawing", total=None)
        self._case, self._failed = "", 0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, case: str, done: int, total: int, verdicts: Sequence[Verdict] = ()) -> None:
        """Show that one more piece of work is done."""
        failed = sum(not verdict.passed for verdict in verdicts)
        if not self._console.is_terminal and (done == total or case != self._case):
            self._console.print(f"{done}/{total} {case}", highlight=False)
        self._case, self._failed = case, self._failed + failed
        wrong = f", {self._failed} wrong" if self._failed else ""
        self._bar.update(self._task, completed=done, total=total, description=f"{case}{wrong}")
