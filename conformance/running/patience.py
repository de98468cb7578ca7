"""When the rest of a case is left out: three of its samples in a row ended the subject's process.

Asked by running.run in the order of the plan, so that a report does not depend on the number of processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.cases import CASES
from conformance.judging.verdict import Status, Verdict
from conformance.running.work import Outcome, SampleWork

if TYPE_CHECKING:
    from conformance.running.work import Work

DEATHS = 3


class Patience:
    """Counts the samples in a row that ended the subject's process.

    Attributes:
        lost: the cases of which the rest is left out.
    """

    def __init__(self) -> None:
        self.lost: set[str] = set()
        self._told: set[str] = set()
        self._case, self._row = "", 0

    def seen(self, work: Work, outcome: Outcome) -> Outcome:
        """Return an outcome as it is, or, of what is left out, one verdict that says so, and then none."""
        if work.case in self.lost:
            verdicts = [] if work.case in self._told else [_left_out(work)]
            self._told.add(work.case)
            return Outcome(verdicts, prepared=False)
        self._row = self._row + 1 if outcome.ended and work.case == self._case else int(outcome.ended)
        self._case = work.case
        if self._row == DEATHS:
            self.lost.add(work.case)
        return outcome


def _left_out(work: Work) -> Verdict:
    reason = f"the rest of {work.case} is left out: {DEATHS} samples in a row ended the subject's process"
    if isinstance(work, SampleWork):
        training = CASES[work.case].training
        return Verdict.on(work.sample, work.lanes[0], None, Status.ERROR, training=training, reason=reason)
    return Verdict(work.case, f"{work.case}:", "errors", None, None, Status.ERROR, reason=reason)
