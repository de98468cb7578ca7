"""Divides a run into shards: which pieces of work are whose, by a hash of what they are.

Called by running.run; running.merge puts the reports of all shards together. A piece is a shard's for every
machine and version of Python, and whatever else is asked of the run.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from conformance.errors import UsageError
from conformance.report.shard import Shard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.report.shard import Pieces
    from conformance.running.plan import Plan
    from conformance.running.work import Work

# The bitwise relations are measured by one shard: after the subject's process ended, nothing is measured.
BITS = "bitwise relations"

_PART = re.compile(r"([1-9]\d{0,5})/([1-9]\d{0,5})")


@dataclass(frozen=True)
class Part:
    """A part of a run.

    Attributes:
        index: the number of the shard, counted from 1.
        count: how many shards there are.
        divided: whether the run is divided at all; one shard of one has to be merged like any other.
    """

    index: int = 1
    count: int = 1
    divided: bool = True

    def takes(self, name: str) -> bool:
        """Whether the work of some name is this shard's."""
        if self.count == 1:
            return True
        digest = hashlib.sha256(name.encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index - 1

    def of(self, planned: Iterable[Work]) -> Iterator[tuple[int, Work]]:
        """Yield this shard's pieces of work, each after its place in the whole plan."""
        return (each for each in enumerate(planned) if self.takes(each[1].name))

    def marked(self, planned: Plan, run: Mapping[str, Any], pieces: Pieces) -> Plan:
        """Return a plan whose scope says that this part of it is done; of an undivided run as it is.

        Args:
            planned: the plan of the undivided run.
            run: what all shards have in common, by name.
            pieces: those that are done.
        """
        if not self.divided:
            return planned
        lanes = planned.cases[0].lanes if planned.cases else ()
        shard = Shard(self.index, self.count, len(planned), lanes, planned.minimums, run, pieces)
        return replace(planned, minimums={}, scope=replace(planned.scope, shard=shard))


# All of a run that is not divided.
WHOLE = Part(divided=False)


def part_of(shard: object) -> Part:
    """Return the part of a run that a text such as `2/8` names; None names all of it.

    Raises:
        UsageError: it names none.
    """
    if shard is None:
        return WHOLE
    match = _PART.fullmatch(shard) if isinstance(shard, str) else None
    if match is None or int(match[1]) > int(match[2]):
        raise UsageError(f"shard: expected K/N with 1 ≤ K ≤ N, such as 2/8, got {shard!r}")
    return Part(int(match[1]), int(match[2]))
