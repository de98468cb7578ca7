"""The outcomes of a run's work, taken in as they come, and which of its failures are looked into.

Called by running.run, which does the work, and by running.merge, for which shards have done it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.judging.unprepared import is_unprepared
from conformance.judging.verdict import Status, Verdict
from conformance.judging.verdicts import Verdicts
from conformance.report.shard import ENDED, JUDGED, LEFT_OUT, UNPREPARED, Piece, Pieces
from conformance.running.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from conformance.running.work import Outcome, Work

    Progress = Callable[[str, int, int, list[Verdict]], None]


@dataclass
class Done:
    """The work that is done.

    Attributes:
        planned: how many pieces of work are to be done.
        pieces: those that are done, of a shard; of an undivided run nobody asks for them.
        count: how many are done.
        verdicts: the verdicts, in the order planned.
        ended: the samples that ended the subject's process.
        patience: decides when the rest of a case is left out.
        stopped: how the run ended before all was done, if it did.
    """

    planned: int
    pieces: Pieces | None = None
    count: int = 0
    verdicts: Verdicts = field(default_factory=Verdicts)
    ended: set[str] = field(default_factory=set)
    patience: Patience = field(default_factory=Patience)
    stopped: str | None = None
    _first: dict[str, Verdict] = field(default_factory=dict)
    # The places of the verdicts on samples that could not be prepared, or were left out.
    _unprepared: set[int] = field(default_factory=set)

    @property
    def told(self) -> str:
        """How much is done, in words."""
        return f"after {self.count} of {self.planned} pieces of work"

    def extend(
        self, outcomes: Iterable[tuple[int, Work, Outcome]], progress: Progress | None, *, exit_first: bool
    ) -> None:
        """Take in outcomes as they come, each with the work and its place in the plan.

        Args:
            outcomes: the outcomes.
            progress: called after each.
            exit_first: end after one that does not pass.
        """
        for place, work, found in outcomes:
            lost = work.case in self.patience.lost
            outcome = self.patience.seen(work, found)
            self.ended |= {verdict.sample for verdict in outcome.verdicts if outcome.ended}
            self.count += 1
            if self.pieces is not None:
                state = _state(outcome, lost=lost)
                self.pieces.extend([Piece(place, len(outcome.verdicts), state, work.name)])
            if not outcome.prepared:
                self._unprepared |= {*range(len(self.verdicts), len(self.verdicts) + len(outcome.verdicts))}
            self.verdicts.extend(outcome.verdicts)
            if outcome.prepared and (failed := _failed(outcome.verdicts)):
                self._first.setdefault(work.case, failed)
            if progress:
                progress(work.case, self.count, self.planned, outcome.verdicts)
            passed = all(verdict.passed for verdict in outcome.verdicts)
            if exit_first and not passed and self.count < self.planned:
                self.stopped = f"STOPPED at the first failure, {self.told}"
                return

    @property
    def failures(self) -> list[Verdict]:
        """The first failing verdict about a sample of each case that has one; bad calls have no sample."""
        return list(self._first.values())

    def prepared(self) -> Iterator[Verdict]:
        """Return the verdicts on samples that could be prepared."""
        return (each for place, each in enumerate(self.verdicts) if place not in self._unprepared)

    def answering(self) -> list[Verdict]:
        """Return the failures for which the subject may be asked again.

        Each attempt at a sample that ends the subject's process may take as long as a sample may take.
        """
        return [verdict for verdict in self.failures if verdict.sample not in self.ended]


def _failed(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Return the first failing verdict about a sample that was prepared, in the use that it is of."""
    wrong = (v for v in verdicts if v.status in {Status.FAIL, Status.ERROR} and v.check != "errors")
    return next((v for v in wrong if not is_unprepared(v)), None)


def _state(outcome: Outcome, *, lost: bool) -> str:
    if lost:
        return LEFT_OUT
    return ENDED if outcome.ended else JUDGED if outcome.prepared else UNPREPARED
