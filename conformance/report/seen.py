"""How much of each case a subject saw: samples judged, the plain path, and what was skipped for which reason.

Called by `tables`, `markdown` and the command line.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.cases import CASES
from conformance.judging.verdict import Status
from conformance.report.coverage import is_judged
from conformance.sampling.sample import Sample
from conformance.sampling.space import on_plain_path
from conformance.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conformance.judging.verdict import Verdict


@dataclass
class Seen:
    """How much of one case was seen, in the plain call.

    Attributes:
        case: the case's name.
        drawn: the samples that were drawn.
        judged: those of them in which something was compared.
        plain: those drawn that lie on the plain path; empty where the case's space names none.
        skipped: how many samples were skipped for each reason.
    """

    case: str
    drawn: set[str] = field(default_factory=set)
    judged: set[str] = field(default_factory=set)
    plain: set[str] = field(default_factory=set)
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def samples(self) -> str:
        """How many of the drawn samples were judged."""
        return f"{len(self.judged)} of {len(self.drawn)}"

    @property
    def plain_path(self) -> str:
        """How many of the drawn samples on the plain path were judged; empty where there is none."""
        return f"{len(self.plain & self.judged)} of {len(self.plain)}" if self.plain else ""

    def __str__(self) -> str:
        """Return a line about what was skipped."""
        plain = f", {self.plain_path} on the plain path" if self.plain else ""
        line = f"{self.case}: {self.samples} samples judged{plain}"
        if self.skipped:
            ((why, count),) = self.skipped.most_common(1)
            line += f"; {sum(self.skipped.values())} skipped, {count} of them because: {one_line(why)}"
        return line


def seen(verdicts: Iterable[Verdict]) -> dict[str, Seen]:
    """Return by case how much of it a run saw; bad calls and uses are counted elsewhere."""
    found: dict[str, Seen] = {}
    skipped: dict[str, dict[str, str]] = defaultdict(dict)
    for verdict in verdicts:
        if not verdict.lane or verdict.use:
            continue
        if verdict.case not in found:
            found[verdict.case] = Seen(verdict.case)
        mine = found[verdict.case]
        mine.drawn.add(verdict.sample)
        if verdict.status is Status.SKIP:
            skipped[verdict.case].setdefault(verdict.sample, str(verdict.reason))
        if is_judged(verdict):
            mine.judged.add(verdict.sample)
    for case, mine in found.items():
        mine.skipped.update(why for sample, why in skipped[case].items() if sample not in mine.judged)
        if case in CASES and CASES[case].space.plain:
            space = CASES[case].space
            mine.plain = {text for text in mine.drawn if on_plain_path(space, Sample.parse(text))}
    return found


def partly(found: Mapping[str, Seen]) -> list[Seen]:
    """Return the cases of which samples were skipped."""
    return [each for each in found.values() if each.skipped]
