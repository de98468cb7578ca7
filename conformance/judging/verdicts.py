"""The verdicts of a run, of which memory holds a bounded number: the others are in a temporary file.

Made by running.run, running.merge and the reader of a report, and held by the report. The tables are made in
passes over them, and count what they need instead of keeping verdicts.
"""

from __future__ import annotations

import pickle
import tempfile
import weakref
import zlib
from collections.abc import Sequence
from dataclasses import fields
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, BinaryIO, overload

from conformance.judging.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# So many verdicts stay in memory, about 1 kB each: all of a default run of all cases, which has 87,000, as
# reading one back takes 8 µs in each of some twenty passes.
HELD = 98_304

# So many are written and read back together. Of larger blocks a verdict is little smaller: 11 to 38 bytes.
BLOCK = 1024

_NAMES = tuple(field.name for field in fields(Verdict))
_VALUES = attrgetter(*_NAMES)
_SAMPLE = attrgetter("sample")


def by_sample(verdicts: Iterable[Verdict]) -> Iterator[list[Verdict]]:
    """Yield the verdicts on each sample together: those of a run stand next to each other.

    So samples can be counted without keeping their names, of which there may be a million.
    """
    return (list(found) for _, found in groupby(verdicts, _SAMPLE))


class Verdicts(Sequence[Verdict]):
    """A sequence of verdicts that grows at its end.

    Those that are read back from the file are other objects than those that were added, and equal to them.

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
        self._limit = HELD if held is None else held
        self._first: list[Verdict] = []
        self._last: list[Verdict] = []
        # Where each block in the file ends.
        self._ends = [0]
        self._file: BinaryIO | None = None
        self._read: tuple[int, list[Verdict]] = (-1, [])
        self.extend(verdicts)

    def extend(self, verdicts: Iterable[Verdict]) -> None:
        """Add verdicts at the end.

        Raises:
            OSError: the temporary file cannot be written, as on a full disk.
        """
        for verdict in verdicts:
            if len(self._first) < self._limit:
                self._first.append(verdict)
                continue
            self._last.append(verdict)
            if len(self._last) == BLOCK:
                self._write()

    def __len__(self) -> int:
        return len(self._first) + BLOCK * (len(self._ends) - 1) + len(self._last)

    def __iter__(self) -> Iterator[Verdict]:
        yield from self._first
        for number in range(len(self._ends) - 1):
            yield from self._block(number)
        yield from self._last

    @overload
    def __getitem__(self, index: int) -> Verdict: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Verdict, ...]: ...
    def __getitem__(self, index: int | slice) -> Verdict | tuple[Verdict, ...]:
        if isinstance(index, slice):
            return tuple(self[place] for place in range(*index.indices(len(self))))
        place = range(len(self))[index]
        if place < len(self._first):
            return self._first[place]
        number, place = divmod(place - len(self._first), BLOCK)
        return self._last[place] if number == len(self._ends) - 1 else self._block(number)[place]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(self) != len(other):
            return NotImplemented if not isinstance(other, Sequence) else False
        return all(mine == its for mine, its in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment] # it grows

    def __reduce__(self) -> tuple[Any, ...]:
        return Verdicts, (list(self), self._limit)

    def __repr__(self) -> str:
        return f"<{len(self):,} verdicts>"

    def _write(self) -> None:
        # By columns, in which values repeat, a block is half as large as by rows.
        block = zlib.compress(pickle.dumps(list(zip(*map(_VALUES, self._last), strict=True))), 1)
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="conformance-")  # noqa: SIM115 - open as long as it is used
                weakref.finalize(self, self._file.close)
            self._file.seek(self._ends[-1])
            self._file.write(block)
        except OSError as error:
            raise OSError(error.errno, error.strerror, tempfile.gettempdir()) from error
        self._ends.append(self._ends[-1] + len(block))
        self._last.clear()

    def _block(self, number: int) -> list[Verdict]:
        """Read a block; one that was read last is not read again."""
        if self._read[0] == number:
            return self._read[1]
        assert self._file is not None  # noqa: S101 - there are blocks
        start, end = self._ends[number : number + 2]
        self._file.seek(start)
        columns = pickle.loads(zlib.decompress(self._file.read(end - start)))  # noqa: S301 - written above
        found = []
        for row in zip(*columns, strict=True):
            # As `pickle` does: what was checked once is not checked again.
            verdict = object.__new__(Verdict)
            vars(verdict).update(zip(_NAMES, row, strict=True))
            found.append(verdict)
        self._read = number, found
        return found
