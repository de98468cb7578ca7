"""The outcomes of a run's work, taken in as they come, and which of its failures are looked into.

Called by running.run, which does the work, and by running.merge, for which shards have done it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.judging.verdict import Status, Verdict
from conformance.report.shard import ENDED, JUDGED, LEFT_OUT, UNPREPARED, Piece
from conformance.running.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from conformance.running.work import Outcome, Work

    Progress = Callable[[str, int, int, list[Verdict]], None]


@dataclass
class Done:
    """The work that is done.

    Attributes:
        todo: all pieces of work that are to be done, each with its place in the plan.
        pieces: those that are done.
        verdicts: the verdicts, in the order planned.
        prepared: those of samples that could be prepared.
        ended: the samples that ended the subject's process.
        patience: decides when the rest of a case is left out.
        stopped: how the run ended before all was done, if it did.
    """

    todo: Sequence[tuple[int, Work]]
    pieces: list[Piece] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    prepared: list[Verdict] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)
    patience: Patience = field(default_factory=Patience)
    stopped: str | None = None

    @property
    def work(self) -> list[Work]:
        """All pieces that are to be done."""
        return [piece for _, piece in self.todo]

    @property
    def told(self) -> str:
        """How much is done, in words."""
        return f"after {len(self.pieces)} of {len(self.todo)} pieces of work"

    def extend(
        self, outcomes: Iterable[tuple[Work, Outcome]], progress: Progress | None, *, exit_first: bool
    ) -> None:
        """Take in outcomes as they come; with `exit_first` until one does not pass."""
        for work, found in outcomes:
            lost = work.case in self.patience.lost
            outcome = self.patience.seen(work, found)
            self.ended |= {verdict.sample for verdict in outcome.verdicts if outcome.ended}
            place, _ = self.todo[len(self.pieces)]
            self.pieces.append(Piece(place, len(outcome.verdicts), _state(outcome, lost=lost), work.name))
            self.verdicts += outcome.verdicts
            self.prepared += outcome.verdicts if outcome.prepared else []
            if progress:
                progress(work.case, len(self.pieces), len(self.todo), outcome.verdicts)
            passed = all(verdict.passed for verdict in outcome.verdicts)
            if exit_first and not passed and len(self.pieces) < len(self.todo):
                self.stopped = f"STOPPED at the first failure, {self.told}"
                return

    @property
    def failures(self) -> list[Verdict]:
        """The first failing verdict about a sample of each case that has one; bad calls have no sample."""
        first: dict[str, Verdict] = {}
        for verdict in self.prepared:
            if verdict.status in {Status.FAIL, Status.ERROR} and verdict.check != "errors":
                first.setdefault(verdict.case, verdict)
        return list(first.values())

    def answering(self) -> list[Verdict]:
        """Return the failures for which the subject may be asked again.

        Each attempt at a sample that ends the subject's process may take as long as a sample may take.
        """
        return [verdict for verdict in self.failures if verdict.sample not in self.ended]


def _state(outcome: Outcome, *, lost: bool) -> str:
    if lost:
        return LEFT_OUT
    return ENDED if outcome.ended else JUDGED if outcome.prepared else UNPREPARED
