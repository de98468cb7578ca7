"""What one pass over the verdicts of a run finds: counts, names, and the verdicts that tables need whole.

Held by `record` for its properties and for the tables. Of many verdicts most are in a file, and each pass
reads them again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.judging.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.judging.verdict import Verdict


@dataclass
class Glance:
    """What is counted and kept of all verdicts.

    Attributes:
        counts: how many ended how.
        elements: how many numbers were compared.
        comparisons: how many verdicts compared any.
        agreements: of how many it is known which wrong answers would have agreed.
        lanes: those that occur, None among them.
        by_case: how many ended how, by case.
        shown: the cases of which numbers passed in the plain call.
        failures: the verdicts that did not pass.
        used: those about uses, of which there are as many for any number of samples.
    """

    counts: Counter[Status] = field(default_factory=Counter)
    elements: int = 0
    comparisons: int = 0
    agreements: int = 0
    lanes: set[str | None] = field(default_factory=set)
    by_case: dict[str, Counter[Status]] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    failures: list[Verdict] = field(default_factory=list)
    used: list[Verdict] = field(default_factory=list)

    @classmethod
    def at(cls, verdicts: Iterable[Verdict]) -> Glance:
        """Go through the verdicts of a run."""
        found = cls()
        for verdict in verdicts:
            found._add(verdict)
        for counts in found.by_case.values():
            found.counts.update(counts)
        return found

    def _add(self, verdict: Verdict) -> None:
        # Not by `setdefault`, which would make a counter for each verdict.
        if verdict.case not in self.by_case:
            self.by_case[verdict.case] = Counter()
        self.by_case[verdict.case][verdict.status] += 1
        self.elements += verdict.elements
        self.comparisons += bool(verdict.elements)
        self.agreements += verdict.would_pass is not None
        self.lanes.add(verdict.lane)
        if not verdict.passed:
            self.failures.append(verdict)
        if verdict.use:
            self.used.append(verdict)
        # Inputs that a use leaves unchanged pass whatever is computed of them.
        elif verdict.status is Status.PASS and verdict.elements:
            self.shown.add(verdict.case)

    def of_status(self, status: Status) -> Counter[str]:
        """Return in which cases verdicts ended with a status, and how many."""
        return Counter({case: counts[status] for case, counts in self.by_case.items() if counts[status]})
