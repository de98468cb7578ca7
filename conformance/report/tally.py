"""How verdicts ended, counted as they come: the rows of the tables, which hold no verdict but the nearest.

Called by the tables of a run, the page and JUnit, which keep one tally per row of theirs.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.judging.verdict import Status
from conformance.report.sight import Sight

if TYPE_CHECKING:
    from conformance.judging.verdict import Verdict

_WRONG = frozenset({Status.FAIL, Status.ERROR, Status.EMPTY})


@dataclass
class Tally:
    """How some verdicts ended.

    Attributes:
        counts: how many ended how.
        elements: how many numbers were compared.
        nearest: the verdict with the least headroom; None where nothing was measured.
        least: the least headroom, by lane.
        least_passed: the least headroom of those that are PASS.
        max_ulp: the largest error in units of the last place.
        reasons: why some were not judged, with how many: the reasons of SKIP and EXCUSED.
        sight: which wrong answers would have agreed.
    """

    counts: Counter[Status] = field(default_factory=Counter)
    elements: int = 0
    nearest: Verdict | None = None
    least: dict[str | None, float] = field(default_factory=dict)
    least_passed: float | None = None
    max_ulp: float | None = None
    reasons: dict[str, int] = field(default_factory=dict)
    sight: Sight = field(default_factory=Sight)

    def add(self, verdict: Verdict) -> None:
        """Count a verdict."""
        self.counts[verdict.status] += 1
        self.elements += verdict.elements
        if verdict.headroom is not None:
            self._measure(verdict, verdict.headroom)
        if verdict.max_ulp is not None:
            self.max_ulp = verdict.max_ulp if self.max_ulp is None else max(self.max_ulp, verdict.max_ulp)
        if verdict.status in {Status.SKIP, Status.EXCUSED}:
            why = str(verdict.reason)
            self.reasons[why] = self.reasons.get(why, 0) + 1
        self.sight.add(verdict)

    def _measure(self, verdict: Verdict, headroom: float) -> None:
        if self.nearest is None or self.nearest.headroom is None or headroom < self.nearest.headroom:
            self.nearest = verdict
        self.least[verdict.lane] = min(self.least.get(verdict.lane, headroom), headroom)
        if verdict.status is Status.PASS:
            self.least_passed = headroom if self.least_passed is None else min(self.least_passed, headroom)

    @property
    def total(self) -> int:
        """How many verdicts there are."""
        return self.counts.total()

    @property
    def headroom(self) -> float | None:
        """The least headroom of all; None where nothing was measured."""
        return None if self.nearest is None else self.nearest.headroom

    @property
    def wrong(self) -> Counter[Status]:
        """How many did not pass, by how they ended."""
        return Counter({status: n for status, n in self.counts.items() if status in _WRONG})
