"""How much of each case a subject saw: samples judged, the plain path, and what was skipped for which reason.

Called by `tables`, `markdown` and the command line.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.cases import CASES
from conformance.errors import UsageError
from conformance.judging.verdict import Status
from conformance.judging.verdicts import by_sample
from conformance.report.coverage import is_judged
from conformance.sampling.sample import Sample
from conformance.sampling.space import on_plain_path
from conformance.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from conformance.judging.verdict import Verdict
    from conformance.sampling.sample import Scalar


@dataclass
class Seen:
    """How much of one case was seen, in the plain call.

    Attributes:
        case: the case's name.
        drawn: how many samples were drawn.
        judged: in how many of them something was compared.
        plain: how many of those drawn lie on the plain path; 0 where the case's space names none.
        plainly: how many of these were judged.
        skipped: how many samples were skipped for each reason.
        values: how often each shape class, each regime and each value of a setting was drawn, by its name.
    """

    case: str
    drawn: int = 0
    judged: int = 0
    plain: int = 0
    plainly: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    values: dict[str, Counter[Scalar]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, verdicts: Sequence[Verdict]) -> None:
        """Take in the verdicts on the next sample."""
        judged = any(map(is_judged, verdicts))
        self.drawn += 1
        self.judged += judged
        if not judged:
            self.skipped.update([str(v.reason) for v in verdicts if v.status is Status.SKIP][:1])
        if (sample := _parsed(verdicts[0].sample)) is None:
            return
        plain = _plain(sample)
        self.plain += plain
        self.plainly += plain and judged
        for name, value in (("shape class", sample.shape_class), ("regime", sample.regime), *sample.config):
            self.values[name][value] += 1

    @property
    def samples(self) -> str:
        """How many of the drawn samples were judged."""
        return f"{self.judged} of {self.drawn}"

    @property
    def plain_path(self) -> str:
        """How many of the drawn samples on the plain path were judged; empty where there is none."""
        return f"{self.plainly} of {self.plain}" if self.plain else ""

    def __str__(self) -> str:
        """Return a line about what was skipped."""
        plain = f", {self.plain_path} on the plain path" if self.plain else ""
        line = f"{self.case}: {self.samples} samples judged{plain}"
        if self.skipped:
            ((why, count),) = self.skipped.most_common(1)
            every = sum(self.skipped.values())
            some = f", {count} of them because" if count < every else ""
            line += f"; {every} skipped{some}: {one_line(why)}"
        return line


def seen(verdicts: Iterable[Verdict]) -> dict[str, Seen]:
    """Return by case how much of it a run saw; bad calls and uses are counted elsewhere."""
    found: dict[str, Seen] = {}
    for mine in by_sample(v for v in verdicts if v.lane and not v.use):
        case = mine[0].case
        if case not in found:
            found[case] = Seen(case)
        found[case].add(mine)
    return found


def is_plain(text: str) -> bool:
    """Whether the sample of a text lies on the plain path of its case."""
    sample = _parsed(text)
    return sample is not None and _plain(sample)


def _plain(sample: Sample) -> bool:
    return sample.case in CASES and on_plain_path(CASES[sample.case].space, sample)


def _parsed(text: str) -> Sample | None:
    """Return the sample of a text; None where that is of another version, or of another program."""
    try:
        return Sample.parse(text)
    except UsageError:
        return None


def partly(found: Mapping[str, Seen]) -> list[Seen]:
    """Return the cases of which samples were skipped."""
    return [each for each in found.values() if each.skipped]
