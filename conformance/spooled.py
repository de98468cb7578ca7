"""A sequence that grows at its end, of which memory holds a bounded number; the others are in a file.

The verdicts of a run are one (judging.verdicts), and the pieces of work of a shard (report.shard). What is
made of them is made in passes that keep nothing.
"""

from __future__ import annotations

import pickle
import tempfile
import weakref
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# So many values are written and read back together. Of larger blocks a verdict is little smaller: 11 to 38
# bytes.
BLOCK = 1024

T = TypeVar("T")


class Spooled(Sequence[T], Generic[T]):
    """A sequence that is spooled to a file; a class of it says of what, by `_row` and `_made`.

    Values that are read back from the file are other objects than those that were added, and equal to them.

    Args:
        values: the first ones.
        held: how many stay in memory; so do a block that is filled and one that is read.
    """

    def __init__(self, values: Iterable[T] = (), held: int = 0) -> None:
        self._limit = held
        self._first: list[T] = []
        self._last: list[T] = []
        # Where each block in the file ends.
        self._ends = [0]
        self._file: BinaryIO | None = None
        self._read: tuple[int, list[T]] = (-1, [])
        self.extend(values)

    @staticmethod
    def _row(value: T) -> Sequence[Any]:
        """Return what is written of a value."""
        raise NotImplementedError

    @staticmethod
    def _made(row: Sequence[Any]) -> T:
        """Return the value of which a row was written."""
        raise NotImplementedError

    def extend(self, values: Iterable[T]) -> None:
        """Add values at the end.

        Raises:
            OSError: the temporary file cannot be written, as on a full disk.
        """
        for value in values:
            if len(self._first) < self._limit:
                self._first.append(value)
                continue
            self._last.append(value)
            if len(self._last) == BLOCK:
                self._write()

    def __len__(self) -> int:
        return len(self._first) + BLOCK * (len(self._ends) - 1) + len(self._last)

    def __iter__(self) -> Iterator[T]:
        yield from self._first
        for number in range(len(self._ends) - 1):
            yield from self._block(number)
        yield from self._last

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
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
        return type(self), (list(self), self._limit)

    def _write(self) -> None:
        # By columns, in which values repeat, a block is half as large as by rows.
        block = zlib.compress(pickle.dumps(list(zip(*map(self._row, self._last), strict=True))), 1)
        try:
            if self._file is None:
                # Without a buffer, of which a full disk would be found when it is read, or the file closed.
                self._file = tempfile.TemporaryFile("w+b", 0, prefix="conformance-")  # noqa: SIM115 - open as long as it is used
                weakref.finalize(self, self._file.close)
            self._file.seek(self._ends[-1])
            left = memoryview(block)
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise OSError(error.errno, error.strerror, tempfile.gettempdir()) from error
        self._ends.append(self._ends[-1] + len(block))
        self._last.clear()

    def _block(self, number: int) -> list[T]:
        """Read a block; one that was read last is not read again."""
        if self._read[0] == number:
            return self._read[1]
        assert self._file is not None  # noqa: S101 - there are blocks
        start, end = self._ends[number : number + 2]
        self._file.seek(start)
        columns = pickle.loads(zlib.decompress(self._file.read(end - start)))  # noqa: S301 - written above
        found = list(map(self._made, zip(*columns, strict=True)))
        self._read = number, found
        return found
