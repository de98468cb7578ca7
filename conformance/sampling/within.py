"""The samples of a stream that a subject supports: as many as for any other subject, of the same kinds.

Called by running.plan. Every sample that comes out is one of the stream of `space.draw`, so that it has the
same text and the same bits for every subject. They are not simply the first `count` that it supports: of each
kind there are as many as among the first `count` draws of all, where the stream holds as many. So each kind
is seen as often as by a subject that supports everything, to which this gives the first draws themselves.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.sampling.space import BARE, draw, on_plain_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from conformance.sampling.sample import Sample
    from conformance.sampling.space import Space

# A subject that supports less than one draw in so many is judged by fewer samples, and the report says so.
# One of one layer and one direction without packing supports one in eighteen of those off the plain path.
MOST = 50
# After as many draws, a class of which none is supported is given up. One of which one draw in eighteen is
# supported has one among them at all but two seeds of a thousand.
_SOME = 12


class Within(NamedTuple):
    """Samples that a subject supports.

    Attributes:
        samples: the samples, in the order of the stream.
        outside: how many of the samples by which any other subject is judged it does not support.
    """

    samples: list[Sample]
    outside: int


def draw_within(
    case: str, space: Space, seed: int, count: int, supported: Callable[[Sample], bool]
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
        supported: whether a sample is supported.
    """
    first = draw(case, space, seed, count)
    outside = sum(not supported(sample) for sample in first)
    if not outside:
        return Within(first, 0)

    quota = Counter(_kind(space, sample) for sample in first)
    for times in (_SOME, MOST):
        fitting = [each for each in draw(case, space, seed, times * count) if supported(each)]
        left = quota.copy()
        taken = _taken(space, _showing_pairs(space, fitting), left)
        taken |= _taken(space, [each for each in fitting if each not in taken], left)
        classes = {sample.shape_class for sample in fitting}
        # A class of which nothing is supported, such as that of empty batches, would never be filled.
        if len(fitting) >= count and not any(name in classes for name, _, _ in +left):
            break
    others = [each for each in fitting if each not in taken]
    chosen = [*taken, *others[: count - len(taken)]]
    return Within(sorted(chosen, key=lambda sample: sample.draw), outside)


def _kind(space: Space, sample: Sample) -> tuple[str, str, bool]:
    return sample.shape_class, sample.regime, on_plain_path(space, sample)


def _showing_pairs(space: Space, samples: Sequence[Sample]) -> Iterator[Sample]:
    """Yield the samples that show a pair of flag values which none before them shows."""
    shown: set[Any] = set()
    for sample in samples:
        settings = sample.settings
        pairs = set(combinations([(name, settings[name]) for name in space.flags], 2))
        # Of one element or none, most flags show nothing.
        if sample.shape_class not in BARE and pairs - shown:
            shown |= pairs
            yield sample


def _taken(
    space: Space, samples: Iterable[Sample], left: Counter[tuple[str, str, bool]]
) -> dict[Sample, None]:
    """Return the first samples of each kind, in order, and take them off the quotas that are left."""
    taken: dict[Sample, None] = {}
    for sample in samples:
        if left[kind := _kind(space, sample)]:
            left[kind] -= 1
            taken[sample] = None
    return taken
