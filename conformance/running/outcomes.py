"""The outcomes of a run's work, taken in as they come, and which of its failures are looked into.

Called by running.run, which does the work, and by running.merge, for which shards have done it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from conformance.judging.unprepared import is_unprepared
from conformance.judging.verdict import Status, Verdict
from conformance.judging.verdicts import Verdicts
from conformance.report.shard import ENDED, JUDGED, LEFT_OUT, UNPREPARED, Piece
from conformance.running.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from conformance.running.work import Outcome, Work

    Progress = Callable[[str, int, int, list[Verdict]], None]


@dataclass
class Done:
    """The work that is done.

    Attributes:
        places: those in the plan of all pieces of work that are to be done.
        pieces: those that are done.
        verdicts: the verdicts, in the order planned.
        ended: the samples that ended the subject's process.
        patience: decides when the rest of a case is left out.
        stopped: how the run ended before all was done, if it did.
    """

    places: Sequence[int]
    pieces: list[Piece] = field(default_factory=list)
    verdicts: Verdicts = field(default_factory=Verdicts)
    ended: set[str] = field(default_factory=set)
    patience: Patience = field(default_factory=Patience)
    stopped: str | None = None
    _first: dict[str, Verdict] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """How much is done, in words."""
        return f"after {len(self.pieces)} of {len(self.places)} pieces of work"

    def extend(
        self, outcomes: Iterable[tuple[Work, Outcome]], progress: Progress | None, *, exit_first: bool
    ) -> None:
        """Take in outcomes as they come; with `exit_first` until one does not pass."""
        for work, found in outcomes:
            lost = work.case in self.patience.lost
            outcome = self.patience.seen(work, found)
            self.ended |= {verdict.sample for verdict in outcome.verdicts if outcome.ended}
            place = self.places[len(self.pieces)]
            self.pieces.append(Piece(place, len(outcome.verdicts), _state(outcome, lost=lost), work.name))
            self.verdicts.extend(outcome.verdicts)
            if outcome.prepared and (failed := _failed(outcome.verdicts)):
                self._first.setdefault(work.case, failed)
            if progress:
                progress(work.case, len(self.pieces), len(self.places), outcome.verdicts)
            passed = all(verdict.passed for verdict in outcome.verdicts)
            if exit_first and not passed and len(self.pieces) < len(self.places):
                self.stopped = f"STOPPED at the first failure, {self.told}"
                return

    @property
    def failures(self) -> list[Verdict]:
        """The first failing verdict about a sample of each case that has one; bad calls have no sample."""
        return list(self._first.values())

    def prepared(self) -> Iterator[Verdict]:
        """Yield the verdicts on samples that could be prepared."""
        verdicts = iter(self.verdicts)
        for piece in self.pieces:
            for verdict in islice(verdicts, piece.verdicts):
                if piece.state in {JUDGED, ENDED}:
                    yield verdict

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
