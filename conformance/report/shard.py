"""What the report of a shard says beside its verdicts: which part of a run it is, and which pieces of work.

Held by `scope`; made by running.shards, and read by running.merge, which puts the shards of a run together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.spooled import Spooled
from conformance.text import safe_message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# How a piece of work ended: the subject was judged; its process ended; the sample could not be prepared; the
# piece was left out, because the samples before it ended the process.
JUDGED, ENDED, UNPREPARED, LEFT_OUT = STATES = ("judged", "ended", "unprepared", "left-out")

_PIECE = re.compile(rf"(\d+) (\d+) ({'|'.join(STATES)}) (.+)")


class Piece(NamedTuple):
    """One piece of work of a shard.

    Attributes:
        place: its place in the plan of the undivided run, counted from 0.
        verdicts: how many verdicts of the report are of it; those of the pieces follow each other.
        state: how it ended, one of `STATES`.
        name: what it is (`running.work`).
    """

    place: int
    verdicts: int
    state: str
    name: str

    def __str__(self) -> str:
        return f"{self.place} {self.verdicts} {self.state} {self.name}"

    @classmethod
    def parse(cls, text: str) -> Piece:
        """Read a piece back from its text.

        Raises:
            ValueError: it is not the text of one.
        """
        match = _PIECE.fullmatch(text)
        if match is None:
            raise ValueError(f"shard: pieces: expected PLACE VERDICTS STATE NAME, got {text!r}")
        place, verdicts, state, name = match.groups()
        return cls(int(place), int(verdicts), state, safe_message(name))


class Pieces(Spooled[Piece]):
    """The pieces of work of a shard, of which memory holds no more than a block: there may be a million.

    Example:
        >>> from conformance.report.shard import JUDGED, Piece, Pieces
        >>> found = Pieces([Piece(0, 4, JUDGED, "add:seed=1,draw=0"), Piece(3, 1, JUDGED, "add!")])
        >>> len(found), found[-1].place
        (2, 3)
    """

    @staticmethod
    def _row(value: Piece) -> Piece:
        return value

    @staticmethod
    def _made(row: Sequence[Any]) -> Piece:
        return Piece(*row)

    def __repr__(self) -> str:
        return f"<{len(self):,} pieces of work>"


@dataclass(frozen=True)
class Shard:
    """Which part of a run a report is of.

    Attributes:
        index: the number of the shard, counted from 1.
        count: how many shards the run is divided into.
        planned: how many pieces of work the undivided run has.
        lanes: those of its plain calls.
        minimums: those of the undivided run; no shard alone has to reach them.
        run: what all shards of a run have in common, by name: its arguments and the code that it judges.
        pieces: the pieces of work that were done, in the order of the plan.
    """

    index: int
    count: int
    planned: int
    lanes: tuple[str, ...]
    minimums: Mapping[str, int]
    run: Mapping[str, Any]
    pieces: Pieces

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    @property
    def words(self) -> str:
        """Which part it is, in words."""
        return f"shard {self} alone, {len(self.pieces):,} of {self.planned:,} pieces of work"

    def to_json(self) -> dict[str, Any]:
        """Return every field; the pieces as they are, of which the file has one text per line."""
        return self.__dict__ | {"lanes": list(self.lanes)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Shard:
        """Read what `to_json` returned, with the pieces or their texts.

        Raises:
            TypeError: a field is missing or unknown.
            ValueError: a piece is not one, or the shard is none of those that there are.
        """
        pieces = data["pieces"]
        if not isinstance(pieces, Pieces):
            pieces = Pieces(map(Piece.parse, pieces))
        # 2.0 is an integer of JSON, too.
        numbers = {name: int(data[name]) for name in ("index", "count", "planned")}
        if numbers["index"] > numbers["count"]:
            raise ValueError(f"shard: index: expected at most {numbers['count']}, got {numbers['index']}")
        return cls(**{**data, **numbers, "lanes": tuple(data["lanes"]), "pieces": pieces})
