"""Progress on standard error: a bar on a terminal, a few plain lines elsewhere.

Made by the commands that judge many samples; `run`, the self-test and the calibration call it.
"""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from conformance.judging.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from rich.progress import ProgressColumn

    from conformance.judging.verdict import Verdict

# Without a terminal there is a line after each tenth of the work.
_LINES = 10
# A narrower terminal has no room for the bar and the case, and a case's name has as much as numbers leave it.
_WIDE, _NUMBERS = 60, 50
# The time left, where it is not known.
_UNKNOWN = "--:--"
# Seconds at the beginning that do not count, and how many have to follow before there is a rate.
_LEAST = 1.0


class _Pace:
    """How many pieces of work are done per second, over the whole run: some take a hundred times as long.

    What several processes did at the beginning, or an earlier run which this one resumes, comes at once, a
    thousand pieces in a second. So the rate is of what is done after the first second.
    """

    def __init__(self) -> None:
        self._done = self._before = 0
        self._began = self._since = 0.0

    def rate(self, now: float, done: int) -> float:
        """Return the rate; 0 where too little time has passed to know one.

        Args:
            now: the time in seconds.
            done: how many pieces are done; of fewer than before, other work has begun.
        """
        if done <= self._done or not self._done:
            self._began = now
        self._done = done
        if now - self._began <= _LEAST:
            self._since, self._before = now, done
        seconds = now - self._since
        return (done - self._before) / seconds if seconds >= _LEAST else 0.0


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


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
            TextColumn("{task.fields[rate]}", markup=False),
            TextColumn("{task.fields[left]}", style="progress.remaining", markup=False),
            TextColumn("{task.fields[wrong]}", style="red", markup=False),
        ]
        case = TextColumn("{task.description}", markup=False)
        self._room = width - _NUMBERS
        self._bar = Bar(
            *([BarColumn(bar_width=None), *numbers, case] if width >= _WIDE else numbers),
            console=self._console,
            disable=verbosity < 0 or not live,
            transient=True,
        )
        self._bar.add_task("drawing", total=None, wrong="", rate="", left=_UNKNOWN)
        (self._task,) = self._bar.tasks
        self._case, self._wrong, self._tenths = "", 0, 0
        self._pace = _Pace()
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
        pace = self._pace.rate(self._console.get_time(), done)
        rate, seconds = (f"{pace:.1f}/s", (total - done) / pace) if pace else ("", 0.0)
        left = _clock(seconds) if pace else _UNKNOWN
        self._bar.update(
            self._task.id, completed=done, total=total, description=shown, wrong=wrong, rate=rate, left=left
        )
        if self._plain and (_LINES * done // total > self._tenths or done == total):
            self._tenths = _LINES * done // total
            told = f"{ceil(seconds)} s left" if seconds else ""
            self._say(", ".join(filter(None, [f"{done}/{total} {case}", rate, told, wrong])))
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
