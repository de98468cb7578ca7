"""Which samples were run twice, and where the two runs gave other bits.

Called by `record`, `markdown` and the command line. Other bits within the tolerance are no failure: a subject
may add in an order that depends on its threads.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from conformance.judging.verdicts import by_sample

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.judging.verdict import Verdict

# How many cases are named.
_SHOWN = 10


class Repeated(NamedTuple):
    """The passing samples that were run more than once.

    Attributes:
        samples: how many.
        other_bits: how many of them gave other bits in another run, by case.
    """

    samples: int
    other_bits: dict[str, int]

    def __str__(self) -> str:
        if not self.other_bits:
            return f"{self.samples:,} passing samples were run twice and gave the same bits."
        cases = [f"{case} ({count})" for case, count in self.other_bits.items()]
        more = [f"{len(cases) - _SHOWN} more"] if len(cases) > _SHOWN else []
        return (
            f"{sum(self.other_bits.values()):,} of {self.samples:,} passing samples that were run twice gave "
            f"other bits within their tolerance: {', '.join(cases[:_SHOWN] + more)}."
        )


def repeated(verdicts: Iterable[Verdict]) -> Repeated:
    """Count the samples whose passing observables were compared bit for bit between runs."""
    samples, other_bits = 0, Counter[str]()
    for mine in by_sample(v for v in verdicts if v.agrees and v.repeatable is not None):
        samples += 1
        other_bits.update([mine[0].case] * (not all(verdict.repeatable for verdict in mine)))
    return Repeated(samples, dict(other_bits))
