"""Which uses each sample of a run is judged in: each that fits a case in two samples, by drawn numbers.

Called by running.plan, by the pytest plugin and by the self-test; nothing here runs a case.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from conformance.cases._modules import is_module
from conformance.cases._uses import USES
from conformance.sampling.sample import raw_words
from conformance.sampling.space import BARE, draw, on_plain_path
from conformance.subjects.supports import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from conformance.cases._use import Use
    from conformance.cases.case import Case
    from conformance.sampling.sample import Sample, Scalar
    from conformance.sampling.space import Space
    from conformance.subjects.supports import Supports

    # The uses that a sample is judged in, each with its lane.
    Uses = tuple[tuple[str, str], ...]

    # Samples that may be judged in a use: in the first lane, and in the others.
    _Among = tuple[list[Sample], list[Sample]]

# Small arrays first, because a use costs as much as a plain call; then values of order one, because what a
# use can show does not depend on them.
_CLASSES = ("small", "strided", "square", "unbatched", "pow2")
_REGIMES = ("normal", "remembering", "saturated")
# Taken where a use fits in none of those: zeros and equals among the values hide what a use could show.
_OTHER_REGIMES = ("integer", "cancelling", "ties", "zeros", "tiny")
# How many samples in that order a use is judged in one of.
_AMONG = 6
# Of so many samples at a time is chosen among which.
_BLOCK = 512


def uses_of(
    case: Case, drawn: Sequence[Sample], lanes: Sequence[str], supports: Supports = EVERYTHING
) -> list[Uses]:
    """Return the uses that each drawn sample of a case is judged in; see `uses_by_draw`."""
    found = uses_by_draw(case, drawn, lanes, supports)
    return [found.get(sample.draw, ()) for sample in drawn]


def uses_by_draw(
    case: Case, drawn: Iterable[Sample], lanes: Sequence[str], supports: Supports = EVERYTHING
) -> dict[int, Uses]:
    """Return the uses that drawn samples of a case are judged in, by the number of the draw.

    Each use that applies to the case is judged in one sample per lane: in the first lane with the settings
    that most people use, in the next in another sample with any, others for each use. So one use meets few
    settings, and all uses together meet most. They follow from the samples and the names alone. Uses outside
    what the subject supports are left out. No more samples are kept than a use may be judged in.
    """
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    among: dict[str, _Among] = {}
    samples = iter(drawn)
    while block := list(islice(samples, _BLOCK)):
        # The first ones of all are among the first ones of any part.
        kept = {each.draw: each for sides in among.values() for side in sides for each in side}
        among = _among(case, [*kept.values(), *block], supports)
    for name, sides in among.items():
        words = raw_words(f"{case.name}|{sides[0][0].seed}|{name}", len(lanes))
        taken: list[int] = []
        for turn, lane in enumerate(lanes):
            if turn < USES[name].samples:
                chosen = [each.draw for each in sides[turn] if each.draw not in taken] or taken
                taken.append(chosen[int(words[turn]) % len(chosen)])
            found[taken[-1]].append((name, lane))
    return {draw: tuple(uses) for draw, uses in found.items()}


def _among(case: Case, drawn: Iterable[Sample], supports: Supports) -> dict[str, _Among]:
    """Return by use the samples of which it is judged in one: in the first lane, and in the others."""
    found = {}
    order = sorted(_showing(case, drawn), key=_rank)
    settings = {each.draw: each.settings for each in order}
    unusual = {each.draw: _unusual(case.space, each) for each in order}
    for name, use in USES.items():
        if not supports.has_use(name):
            continue
        fits = [each for each in order if use.why_unused(case, settings[each.draw]) is None]
        fitting = [each for each in fits if each.regime in _REGIMES] or fits
        if not fitting:
            continue
        usual = min(unusual[each.draw] for each in fitting)
        plainest = [each for each in fitting if unusual[each.draw] == usual]
        found[name] = plainest[: _AMONG // 2], fitting[:_AMONG]
    return found


def _showing(case: Case, drawn: Iterable[Sample]) -> list[Sample]:
    """Return those of some samples that a use can show something in."""
    return [sample for sample in drawn if _suits(sample) and _has_several(case.space, sample)]


def by_use(uses: Sequence[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Return the lanes of each use, so that one that has deviations of its own is prepared once for all."""
    return {use: tuple(lane for name, lane in uses if name == use) for use, _ in uses}


def _suits(sample: Sample) -> bool:
    """Whether a sample shows enough at little cost: its arrays are neither nearly empty nor large."""
    return sample.shape_class not in {*BARE, "large"} and sample.regime in (*_REGIMES, *_OTHER_REGIMES)


def _has_several(space: Space, sample: Sample) -> bool:
    """Whether any size is above 1: of one number, a use shows hardly anything."""
    sizes = [int(sample.settings[name]) for name in space.sizes]
    return not sizes or max(sizes) > 1


def _unusual(space: Space, sample: Sample) -> int:
    """Return how many flags have another value than their first; 0 on the plain path of a space."""
    if on_plain_path(space, sample):
        return 0
    return sum(sample.settings[name] != values[0] for name, values in space.flags.items())


def _rank(sample: Sample) -> tuple[int, int, int]:
    classes = {name: place for place, name in enumerate(_CLASSES)}
    where = classes.get(sample.shape_class, len(classes))
    return where // 2, (*_REGIMES, *_OTHER_REGIMES).index(sample.regime), sample.draw


def use_table(cases: Iterable[Case], seed: int = 1) -> dict[str, dict[str, str | None]]:
    """Return by use and case why a default run does not judge the use there; None where it does."""
    table: dict[str, dict[str, str | None]] = {name: {} for name in USES}
    chosen = list(cases)
    for case in chosen:
        drawn = draw(case.name, case.space, seed, case.default_samples)
        showing = [sample.settings for sample in _showing(case, drawn)]
        nearest = _nearest(case, drawn)
        for name, use in USES.items():
            # As `uses_of`: in which of the samples makes no difference.
            judged = any(use.why_unused(case, settings) is None for settings in showing)
            table[name][case.name] = None if judged else _why_not(use, case, nearest)
    return table


def _nearest(case: Case, drawn: Sequence[Sample]) -> list[Mapping[str, Scalar]]:
    """Return the settings of the samples that come nearest to being judged in uses.

    A sample that calls a module comes nearer than one that calls the function of the same case, which lacks
    what a module has whatever the module would do.
    """
    modules = [sample for sample in drawn if is_module(case, sample.settings)] or drawn
    return [sample.settings for sample in modules if _suits(sample)] or [each.settings for each in modules]


def _why_not(use: Use, case: Case, nearest: Sequence[Mapping[str, Scalar]]) -> str:
    """Return why no sample of a case is judged in a use: the reason of most of those that come nearest."""
    reasons = Counter(use.why_unused(case, settings) for settings in nearest)
    why = reasons.most_common(1)[0][0] if reasons else None
    return why or "no sample has values and sizes to see it by"
