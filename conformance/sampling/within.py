"""The samples of a stream that a subject supports: as many as for any other subject, of the same kinds.

Called by running.plan. Every sample that comes out is one of the stream of `space.draw`, so that it has the
same text and the same bits for every subject. They are not simply the first `count` that it supports: of each
kind there are as many as among the first `count` draws of all, where the stream holds as many. So each kind
is seen as often as by a subject that supports everything, to which this gives the first draws themselves.

No sample is kept: what decides which are taken is counted in passes over the stream, which is drawn anew in
each.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations, islice
from typing import TYPE_CHECKING, Any

from conformance.sampling.space import BARE, on_plain_path, stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from conformance.sampling.sample import Sample
    from conformance.sampling.space import Space

    # Shape class, regime, and whether on the plain path.
    _Kind = tuple[str, str, bool]

# A subject that supports less than one draw in so many is judged by fewer samples, and the report says so.
# One of one layer and one direction without packing supports one in eighteen of those off the plain path.
MOST = 50
# After as many draws, a class of which none is supported is given up. One of which one draw in eighteen is
# supported has one among them at all but two seeds of a thousand.
_SOME = 12


@dataclass(frozen=True)
class Within:
    """Samples that a subject supports, in the order of the stream; each pass over them draws them anew.

    Attributes:
        count: how many there are.
        outside: how many of the samples by which any other subject is judged it does not support.
    """

    count: int = 0
    outside: int = 0
    _drawn: Callable[[], Iterable[Sample]] = tuple

    def __iter__(self) -> Iterator[Sample]:
        return islice(self._drawn(), self.count)


def draw_within(
    case: str, space: Space, seed: int, count: int, supported: Callable[[Sample], bool] | None = None
) -> Within:
    """Draw the first samples of a case that are supported, within the quotas of the first of all.

    Of each kind (shape class, regime, and whether on the plain path) the first `count` draws hold some
    number; that many supported draws of the kind are taken: first those that show a pair of flag values which
    none before them shows, then the first of the stream. Without this, a subject of one layer and one
    direction would meet little but the plain path. Where there are too few of a kind, the first supported
    draws of any kind fill up.

    Args:
        case: name of the case.
        space: its space.
        seed: the seed.
        count: how many samples; fewer come out where the first `MOST * count` draws hold no more.
        supported: whether a sample is supported; None where each is.
    """

    def first(number: int) -> Iterator[Sample]:
        return islice(stream(case, space, seed), number)

    def fitting(number: int) -> Iterator[Sample]:
        return filter(supported, first(number))

    outside = 0 if supported is None else count - sum(1 for _ in fitting(count))
    if not outside:
        return Within(count, 0, lambda: first(count))

    quota = Counter(_kind(space, sample) for sample in first(count))
    for times in (_SOME, MOST):
        found = _Found(space, fitting(times * count), quota)
        # A class of which nothing is supported, such as that of empty batches, would never be filled.
        if found.kinds.total() >= count and not found.lacking:
            break
    number = min(count, found.kinds.total())
    return Within(number, outside, lambda: found.taken(fitting(times * count), count))


class _Found:
    """What decides which of some supported samples are taken.

    Attributes:
        kinds: how many there are of each kind.
        lacking: whether there are too few of a kind, and some of its shape class.
    """

    def __init__(self, space: Space, samples: Iterable[Sample], quota: Counter[_Kind]) -> None:
        self._space, self._quota = space, quota
        self.kinds: Counter[_Kind] = Counter()
        # By number, those that show a pair of flag values, within the quotas.
        self._showing: set[int] = set()
        shown: set[Any] = set()
        left = quota.copy()
        for sample in samples:
            kind = _kind(space, sample)
            self.kinds[kind] += 1
            # Of one element or none, most flags show nothing.
            if sample.shape_class in BARE or not (new := _pairs(space, sample) - shown):
                continue
            shown |= new
            if left[kind]:
                left[kind] -= 1
                self._showing.add(sample.draw)
        self._left = left
        classes = {name for name, _, _ in self.kinds}
        self.lacking = any(name in classes for name, _, _ in quota - self.kinds)

    def taken(self, samples: Iterable[Sample], count: int) -> Iterator[Sample]:
        """Yield those of the same samples that are taken."""
        left = self._left.copy()
        spare = count - (self._quota & self.kinds).total()
        for sample in samples:
            kind = _kind(self._space, sample)
            if sample.draw in self._showing:
                yield sample
            elif left[kind]:
                left[kind] -= 1
                yield sample
            elif spare:
                spare -= 1
                yield sample


def _kind(space: Space, sample: Sample) -> _Kind:
    return sample.shape_class, sample.regime, on_plain_path(space, sample)


def _pairs(space: Space, sample: Sample) -> set[Any]:
    """Return the pairs of flag values that a sample shows."""
    settings = sample.settings
    return set(combinations([(name, settings[name]) for name in space.flags], 2))
