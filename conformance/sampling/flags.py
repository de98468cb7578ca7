"""The values of a space's flags, draw by draw: first every pair of values, then each value in turn.

Called by space.draw and space.draw_sized.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import shake_256
from itertools import combinations, count, product, repeat
from struct import unpack
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from conformance.sampling.sample import SCHEMA, Scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Row = dict[str, Scalar]
    Settle = Callable[[Mapping[str, Scalar]], Mapping[str, Scalar]]

T = TypeVar("T")


class Turns:
    """Gives values in turn, where each block of draws holds every value once, in an order drawn for a key."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._turns: dict[str, Iterator[Any]] = {}
        self._kinds: dict[str, dict[str, Iterator[Scalar]]] = {}

    def next(self, name: str, values: Sequence[T]) -> T:
        """Return the next value of a name; its values are those of its first call."""
        if name not in self._turns:
            self._turns[name] = _in_turn(f"{self._key}|{name}", values)
        value: T = next(self._turns[name])
        return value

    def each(self, flags: Mapping[str, Sequence[Scalar]], kind: str = "full") -> Row:
        """Return the next value of every flag; each kind of draws has turns and, by its first call, flags."""
        if kind not in self._kinds:
            self._kinds[kind] = {
                name: _in_turn(f"{self._key}|{kind}|{name}", values) for name, values in flags.items()
            }
        return {name: next(turn) for name, turn in self._kinds[kind].items()}


def _in_turn(key: str, values: Sequence[T]) -> Iterator[T]:
    if len(values) == 1:
        yield from repeat(values[0])
    for block in count():
        yield from [values[place] for place in _order(f"{key}|{block}", len(values))]


def take(rows: list[Row], fits: Callable[[Row], bool]) -> Row | None:
    """Take the first row that fits out of a list; None if none does."""
    for place, row in enumerate(rows):
        if fits(row):
            return rows.pop(place)
    return None


def covering(key: str, flags: Mapping[str, tuple[Scalar, ...]], settle: Settle, sizes: Row) -> list[Row]:
    """Return rows of flag values that show every pair of values that any row can show, drawn for a key.

    Each row is the one that shows most values which no row before it shows, and of those the one that shows
    most new pairs; the key decides between equals. So the first n rows show all n values of a flag, and the
    pairs are shown after few rows more than the two largest flags have pairs.

    Args:
        key: case and seed.
        flags: the values of each flag.
        settle: see `Space.settle`; a row that it would change at these sizes is not taken.
        sizes: small ones.
    """
    distinct = {name: tuple(dict.fromkeys(values)) for name, values in flags.items()}
    levels, shown, firsts = _candidates(tuple(distinct.items()), settle, tuple(sizes.items()))
    words = np.array(_words(f"{key}|covering", len(levels)), dtype=np.uint64)
    left, scores = shown.any(axis=1), firsts.copy()
    rows = []
    while left.any():
        equals = np.flatnonzero(scores == scores.max())
        best = equals[words[equals].argmin()]
        new = left & (shown[:, best] > 0)
        # Whole numbers, so that they are those that a new sum of what is left would give.
        scores -= shown[new].sum(axis=0)
        left &= ~new
        rows.append(_row(distinct, levels[best]))
    return rows


def impossible(
    flags: Mapping[str, tuple[Scalar, ...]], settle: Settle, sizes: Row
) -> set[frozenset[tuple[str, Scalar]]]:
    """Return the pairs of flag values that no row shows, because settling changes one of the two."""
    distinct = {name: tuple(dict.fromkeys(values)) for name, values in flags.items()}
    levels, *_ = _candidates(tuple(distinct.items()), settle, tuple(sizes.items()))
    shown = {frozenset(pair) for place in levels for pair in combinations(_row(distinct, place).items(), 2)}
    every = (((a, x), (b, y)) for a, b in combinations(distinct, 2) for x in distinct[a] for y in distinct[b])
    return {frozenset(pair) for pair in every} - shown


def _order(key: str, length: int) -> list[int]:
    """Return the numbers below a length, in an order that follows from the key.

    Straight from a hash, which is thirty times as fast as a bit generator of its own for each.
    """
    return sorted(range(length), key=_words(key, length).__getitem__)


def _words(key: str, number: int) -> tuple[int, ...]:
    """Return so many numbers of 64 bits that follow from the key."""
    return unpack(f">{number}Q", shake_256(f"{SCHEMA}|{key}".encode()).digest(8 * number))


def _row(flags: Mapping[str, tuple[Scalar, ...]], levels: NDArray[np.int64]) -> Row:
    return {name: values[level] for (name, values), level in zip(flags.items(), levels, strict=True)}


@lru_cache(maxsize=512)
def _candidates(
    flags: tuple[tuple[str, tuple[Scalar, ...]], ...], settle: Settle, sizes: tuple[tuple[str, Scalar], ...]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Return the rows that settling leaves as they are, as places of the values, and what each row shows.

    A row shows values and pairs of values, each of which has an array by row; a value weighs more than all
    pairs of a row. The last of the three holds the weight of all that each row shows.
    """
    counts = [len(values) for _, values in flags]
    found = []
    for levels in product(*map(range, counts)):
        config = dict(sizes) | {
            name: values[level] for (name, values), level in zip(flags, levels, strict=True)
        }
        if all(config[name] == value for name, value in settle(config).items()):
            found.append(levels)
    rows = np.array(found, dtype=np.int64).reshape(len(found), len(counts))
    values = [rows[:, [k]] == np.arange(n) for k, n in enumerate(counts)]
    pairs = [(a[:, :, None] & b[:, None, :]).reshape(len(rows), -1) for a, b in combinations(values, 2)]
    weight = np.float32(len(pairs) + 1)
    columns = [each * weight for each in values] + [each.astype(np.float32) for each in pairs]
    shown = np.concatenate([np.zeros((len(rows), 0), np.float32), *columns], 1).T.copy()
    return rows, shown, shown.sum(axis=0)
