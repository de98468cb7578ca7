"""The verdicts of a run, of which memory holds a bounded number: the others are in a temporary file.

Made by running.run, running.merge and the reader of a report, and held by the report. The tables are made in
passes over them, and count what they need instead of keeping verdicts.
"""

from __future__ import annotations

from dataclasses import fields
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from conformance.judging.verdict import Verdict
from conformance.spooled import Spooled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# So many verdicts stay in memory, about 1 kB each: all of a default run of all cases, which has 87,000, as
# reading one back takes 8 µs in each of some twenty passes.
HELD = 98_304

_NAMES = tuple(field.name for field in fields(Verdict))
_VALUES = attrgetter(*_NAMES)
_SAMPLE = attrgetter("sample")


def by_sample(verdicts: Iterable[Verdict]) -> Iterator[list[Verdict]]:
    """Yield the verdicts on each sample together: those of a run stand next to each other.

    So samples can be counted without keeping their names, of which there may be a million.
    """
    return (list(found) for _, found in groupby(verdicts, _SAMPLE))


class Verdicts(Spooled[Verdict]):
    """A sequence of verdicts that grows at its end.

    Args:
        verdicts: the first ones.
        held: how many stay in memory, `HELD` by default; so do a block that is filled and one that is read.

    Example:
        >>> from conformance.judging.verdict import Status, Verdict
        >>> from conformance.judging.verdicts import Verdicts
        >>> found = Verdicts()
        >>> found.extend([Verdict("add", "add:0", "forward", "float64", "output", Status.PASS)])
        >>> len(found), found[-1].case
        (1, 'add')
    """

    def __init__(self, verdicts: Iterable[Verdict] = (), held: int | None = None) -> None:
        super().__init__(verdicts, HELD if held is None else held)

    @staticmethod
    def _row(value: Verdict) -> tuple[Any, ...]:
        return _VALUES(value)

    @staticmethod
    def _made(row: Sequence[Any]) -> Verdict:
        # As `pickle` does: what was checked once is not checked again.
        verdict = object.__new__(Verdict)
        vars(verdict).update(zip(_NAMES, row, strict=True))
        return verdict

    def __repr__(self) -> str:
        return f"<{len(self):,} verdicts>"
