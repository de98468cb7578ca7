"""Progress on standard error: a bar on a terminal, a few plain lines elsewhere.

Made by the commands that judge many samples; `run`, the self-test and the calibration call it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from conformance.judging.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from rich.progress import Task

    from conformance.judging.verdict import Verdict

# Without a terminal there is a line after each tenth of the work.
_LINES = 10
# A narrower terminal has no room for the bar and the case, and a case's name has as much as numbers leave it.
_WIDE, _NUMBERS = 60, 50
# Seconds over which the rate is taken: the whole run, as some cases take a hundred times as long as others.
_PERIOD = 10**6


class _Rate(ProgressColumn):
    """The rate, which is asked for where the bar is drawn: it takes as long as half a verdict."""

    def render(self, task: Task) -> Text:
        return Text(_rate(task))


def _rate(task: Task) -> str:
    return f"{task.speed:.1f}/s" if task.speed else ""


class Progress:
    """Shows how much work is done; a context manager, called after each piece of work.

    Args:
        verbosity: -1 shows nothing, 0 the rate, the time left and how much is wrong so far, and 1 also a line
            per case when it is done.
        console: where to write; by default standard error.
    """

    def __init__(self, verbosity: int = 0, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._verbosity = verbosity
        live = self._console.is_terminal and not self._console.is_dumb_terminal
        self._plain = verbosity == 0 and not live
        width = self._console.width
        numbers: list[ProgressColumn] = [
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[wrong]}", style="red", markup=False),
        ]
        case = TextColumn("{task.description}", markup=False)
        self._room = width - _NUMBERS
        self._bar = Bar(
            *([BarColumn(bar_width=None), *numbers, case] if width >= _WIDE else numbers),
            console=self._console,
            disable=verbosity < 0 or not live,
            transient=True,
            speed_estimate_period=_PERIOD,
        )
        self._bar.add_task("drawing", total=None, wrong="")
        (self._task,) = self._bar.tasks
        self._case, self._wrong, self._tenths = "", 0, 0
        self._counts: Counter[Status] = Counter()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, case: str, done: int, total: int, verdicts: Sequence[Verdict] = ()) -> None:
        """Show that one more piece of work is done.

        Args:
            case: the case that it belongs to.
            done: how many pieces are done.
            total: how many there are.
            verdicts: what was found, if that is judged.
        """
        if case != self._case:
            self._finish()
        self._case = case
        self._counts.update(verdict.status for verdict in verdicts)
        self._wrong += sum(not verdict.passed for verdict in verdicts)
        wrong = f"{self._wrong} wrong" if self._wrong else ""
        shown = case if len(case) <= self._room else f"…{case[-self._room :]}"
        self._bar.update(self._task.id, completed=done, total=total, description=shown, wrong=wrong)
        if self._plain and (_LINES * done // total > self._tenths or done == total):
            self._tenths = _LINES * done // total
            left = self._task.time_remaining
            seconds = f"{left:.0f} s left" if left else ""
            self._say(", ".join(filter(None, [f"{done}/{total} {case}", _rate(self._task), seconds, wrong])))
        if done == total:
            self._finish()

    def _finish(self) -> None:
        """Say how a case went, when all of its work is done."""
        if self._verbosity > 0 and self._case:
            counts = ", ".join(
                f"{self._counts[status]} {status}" for status in Status if self._counts[status]
            )
            self._say(f"{self._case}: {counts}" if counts else self._case)
        self._case = ""
        self._counts.clear()

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)
