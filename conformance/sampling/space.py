"""A case's space, declared once: from it come the seeded sweep and the Hypothesis strategy.

The sweep takes raw words and integer arithmetic, never Hypothesis's engine, which adapts to failures: so
every subject and every branch is judged by the same samples.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import count, islice
from math import ceil, log
from typing import TYPE_CHECKING

from conformance.sampling.flags import Turns, covering, impossible, take
from conformance.sampling.sample import Sample, Scalar, raw_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hypothesis.strategies import SearchStrategy

# The batch size of an input that has no batch axis.
UNBATCHED = -1

_SMALL = {"batch": (1, 2, 3, 4, 5), "length": (1, 2, 3, 4, 5, 6), "feature": (1, 2, 3, 4, 5, 6)}

# The values of a size, by shape class and kind of size. Smallest first: shrinking goes that way.
# Every long one has more than 64 steps, so that a back-propagation cut there shows.
_CLASSES: Mapping[str, Mapping[str, Sequence[int]]] = {
    "small": {"batch": (2, 3, 4, 5), "length": (2, 3, 4, 5, 6), "feature": (2, 3, 4, 5, 6)},
    "one": {"batch": (1,), "length": (1,), "feature": (1,)},
    "empty": _SMALL | {"batch": (0,)},
    # Around the widths of vector instructions, and of blocks. Steps follow each other, one by one.
    "pow2": {
        "batch": (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17),
        "length": (3, 4, 5, 7, 8, 9),
        "feature": (3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65),
    },
    "long": {"batch": (1, 2, 3), "length": (65, 72, 80, 81), "feature": (2, 3, 4, 5)},
    "wide": {"batch": (2, 3, 4), "length": (2, 3), "feature": (48, 64, 80, 96)},
    "unbatched": _SMALL | {"batch": (UNBATCHED,)},
    # Where a sum over the wrong axis has the right shape.
    "square": {"batch": (3,), "length": (3,), "feature": (3,)},
    "strided": {"batch": (2, 3, 4, 5), "length": (2, 3, 4, 5), "feature": (2, 3, 4, 5, 6)},
    "zero": {"batch": (2, 3, 4), "length": (2, 3, 4), "feature": (0,), "outer": (2, 3, 4, 5)},
    # The sizes of a sample but for one, which is large: several large ones at once cost a minute.
    "large": {"batch": (2, 3), "length": (2, 3, 4), "feature": (2, 3, 4, 5)},
}
# A product's outer sizes are drawn like features, except in `zero`, where a product sums over no elements.
# `several` is a batch of at least three rows, in classes that have such.
CLASSES: Mapping[str, Mapping[str, Sequence[int]]] = {
    name: {"outer": kinds["feature"], "several": [n for n in kinds["batch"] if n > 2], **kinds}
    for name, kinds in _CLASSES.items()
}

# The one large size of a sample of the class `large`, by its kind: beyond blocks and buffers of 128 or 256.
LARGE: Mapping[str, int] = {"batch": 300, "several": 300, "length": 140, "feature": 130, "outer": 130}

REGIMES: Mapping[str, str] = {
    "normal": "values of order one",
    "remembering": "forget biases (of a GRU, update biases) of 3 to 5, so that long paths carry gradient",
    "saturated": "data times 16, so that gates are nearly 0 or 1",
    "steep": "data times 1024, where float32's exp overflows and nothing else does",
    "cancelling": "operands that nearly cancel",
    "tiny": "data near the smallest float32 numbers, denormals included",
    "huge": "data whose products leave float32's range",
    "integer": "small whole numbers, on which sums and products are exact",
    "nonfinite": "an inf, a -inf and a NaN among values of order one; parameters are finite",
    "offset": "data of mean 1000, far above their spread",
    "ties": "data from four numbers, so that many are equal",
    "zeros": "vectors of zeros along every axis of the data; probabilities of exactly 0 and 1",
}

# The words of so many draws are made at once; a multiple of 4.
_DRAWS = 64

# Classes whose arrays may have no elements: only shape and dtype can be compared.
HOLLOW = frozenset({"empty", "zero"})
# Classes whose arrays have few elements or none: most wrong implementations look right there, so every value
# of a flag must be drawn in the other classes too.
BARE = HOLLOW | {"one"}


def least(share: float, risk: float = 0.05) -> int:
    """Return the least n with (1 - share)ⁿ ≤ risk: that n samples all miss a mistake shown by a share."""
    return ceil(log(risk) / log(1 - share))


# How many samples of a class and of a regime a run of all cases must have judged before it shows anything:
# enough to meet a mistake that shows in one sample of twenty there, and nowhere else. Fewer operations have
# the classes and regimes of sequences, of products and of statistics; a mistake there has to show in one
# sample of ten.
_EVERYWHERE, _FEW = least(1 / 20), least(1 / 10)
MINIMUMS: Mapping[str, int] = {
    name: _FEW
    if name in {"long", "unbatched", "remembering", "square", "offset", "ties", "zeros"}
    else _EVERYWHERE
    for name in (*CLASSES, *REGIMES)
}


@dataclass(frozen=True)
class Space:
    """Which configurations a case can be drawn in.

    Attributes:
        sizes: each size's kind: `batch`, `several`, `length`, `feature` or `outer`.
        classes: shape classes, names of `CLASSES`.
        regimes: regimes, names of `REGIMES`.
        flags: other settings and the values that they take.
        without: pairs of class and regime that are not drawn: they cost time and show nothing more.
        large: the sizes that are large in the class `large`, one at a time, and how large: each of them in
            every round of draws. None, the default, draws one sample a round, in which the sizes take turns
            to be as large as `LARGE` says.
        plain: the path that most people use: flags with their value or values, and sizes with the least that
            they have there. A third of the draws that can lie on it do; see `on_plain_path`.
        settle: from drawn settings to those among them that have to be others, e.g. one layer where many
            steps would cost too much. Every sample is drawn settled, so that its text states the settings
            that are run.
    """

    sizes: Mapping[str, str]
    classes: tuple[str, ...] = ("small", "one", "empty", "pow2", "wide", "strided")
    regimes: tuple[str, ...] = ("normal", "saturated")
    flags: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    without: tuple[tuple[str, str], ...] = ()
    large: Mapping[str, int] | None = None
    plain: Mapping[str, Scalar | tuple[Scalar, ...]] = field(default_factory=dict)
    settle: Callable[[Mapping[str, Scalar]], Mapping[str, Scalar]] = dict

    def settled(self, config: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """Return settings as they are run, in the same order; settled ones stay as they are."""
        return {**config, **self.settle(config)}

    def fits(self, config: Mapping[str, Scalar]) -> bool:
        """Whether settings are run as they are."""
        return all(config[name] == value for name, value in self.settle(config).items())

    def covering(self, key: str) -> list[dict[str, Scalar]]:
        """Return rows of flags that show every pair of values; see `flags.covering`."""
        return covering(key, self.flags, self.settle, self._smallest)

    @property
    def impossible(self) -> set[frozenset[tuple[str, Scalar]]]:
        """The pairs of flag values that are never run, because `settle` changes one of the two."""
        return impossible(self.flags, self.settle, self._smallest)

    @cached_property
    def plain_sizes(self) -> dict[str, int]:
        """The least sizes of the plain path."""
        return {name: int(_values(value)[0]) for name, value in self.plain.items() if name in self.sizes}

    @cached_property
    def plain_flags(self) -> dict[str, tuple[Scalar, ...]]:
        """The values of every flag on the plain path."""
        plain = {name: _values(value) for name, value in self.plain.items() if name in self.flags}
        return dict(self.flags) | plain

    @property
    def _smallest(self) -> dict[str, Scalar]:
        return {name: CLASSES["small"][kind][0] for name, kind in self.sizes.items()}

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The pairs of shape class and regime in the order of drawing: classes alternate fastest.

        The class `large` ends the round, as the most expensive: in one regime, once for each declared size.
        """
        every = [(shape_class, regime) for regime in self.regimes for shape_class in self.classes]
        larges = [("large", "normal" if "normal" in self.regimes else self.regimes[0])]
        # A case of single numbers has no size that could be large.
        larges *= len(self.large or ()) or bool(self.sizes) if "large" in self.classes else 0
        return [pair for pair in every if pair not in self.without and pair[0] != "large"] + larges

    @property
    def combinations(self) -> int:
        """How many draws a round has: the least number that shows each pair of shape class and regime."""
        return len(self.pairs)

    @property
    def larges(self) -> dict[str, int]:
        """The sizes that the class `large` makes large, one at a time, and how large."""
        by_kind = {name: LARGE[kind] for name, kind in self.sizes.items()}
        return dict(by_kind if self.large is None else self.large)

    def choices(self, shape_class: str) -> dict[str, tuple[Scalar, ...]]:
        """The values of each size and flag in a shape class, smallest first."""
        kinds = CLASSES[shape_class]
        return {name: tuple(kinds[kind]) for name, kind in self.sizes.items()} | dict(self.flags)


def draw(case: str, space: Space, seed: int, count: int) -> list[Sample]:
    """Draw the first samples of the stream of one case."""
    return list(islice(stream(case, space, seed), count))


def stream(case: str, space: Space, seed: int) -> Iterator[Sample]:
    """Draw the samples of one case, one by one and without end.

    They depend on nothing but these arguments and the schema version.

    A draw goes through five steps from here:

    1. Its number gives the pair of shape class and regime: every `space.combinations` draws hold each once.
    2. Words that follow from seed, case and number choose each size among those of the class.
    3. In the class `large`, one size is large instead: of n such sizes, every n draws make each large once.
    4. `_flags` chooses the flags: those of the plain path in a third of the draws that can lie on it; else
       those of the first row of a covering design that can be run; else each value in turn.
    5. `space.settled` replaces settings that cannot be run as drawn.
    """
    pairs = space.pairs
    # Of each class the values of each size.
    tables = {name: [CLASSES[name][kind] for kind in space.sizes.values()] for name in space.classes}
    words = _words(f"{case}|{seed}|sizes", len(space.sizes))
    larges = list(space.larges.items())
    turns, rows = Turns(f"{case}|{seed}"), space.covering(f"{case}|{seed}")
    for number, own in enumerate(words):
        shape_class, regime = pairs[number % len(pairs)]
        config: dict[str, Scalar] = {
            name: values[word % len(values)]
            for name, values, word in zip(space.sizes, tables[shape_class], own, strict=True)
        }
        if shape_class == "large":
            config |= [turns.next("large", larges)]
        config |= _flags(space, shape_class, config, turns, rows)
        yield Sample(case, seed, number, shape_class, regime, tuple(space.settled(config).items()))


def _words(text: str, each: int) -> Iterator[list[int]]:
    """Yield the words of a stream, so many for each draw."""
    for block in count():
        words = raw_words(text, _DRAWS * each, block * _DRAWS * each).tolist()
        yield from (words[place * each : (place + 1) * each] for place in range(_DRAWS))


def _flags(
    space: Space, shape_class: str, sizes: dict[str, Scalar], turns: Turns, rows: list[dict[str, Scalar]]
) -> dict[str, Scalar]:
    """Return the flags of a draw of given sizes; a row that it uses is taken out of `rows`."""
    if shape_class in BARE:
        # Drawn freely, one of seven forms was missing from 42 draws at one seed in a hundred; in turn over
        # all classes, one of three forms was drawn of one element or none only.
        return turns.each(space.flags, "bare")
    may = space.plain and shape_class != "large" and _large_enough(space, sizes)
    # In turn in each class, so that every class has its share.
    if may and turns.next(f"{shape_class}|plain", (True, False, False)):
        return turns.each(space.plain_flags, "plain")
    return take(rows, lambda row: space.fits({**sizes, **row})) or turns.each(space.flags)


def on_plain_path(space: Space, sample: Sample) -> bool:
    """Whether a sample lies on its space's plain path, with enough elements to tell right from wrong."""
    config = sample.settings
    flags = (config[name] in _values(value) for name, value in space.plain.items() if name in space.flags)
    named = bool(space.plain) and sample.shape_class not in BARE
    return named and _large_enough(space, config) and all(flags)


def _large_enough(space: Space, config: Mapping[str, Scalar]) -> bool:
    return all(int(config[name]) >= size for name, size in space.plain_sizes.items())


def _values(value: Scalar | tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    return value if isinstance(value, tuple) else (value,)


def draw_sized(
    case: str, space: Space, seed: int, count: int, sizes: Mapping[str, int], regime: str
) -> list[Sample]:
    """Draw samples of given sizes, by their kind; flags take their values in turn.

    Their shape class is `small`, as only the sizes follow from a class.
    """
    fixed = {name: sizes[kind] for name, kind in space.sizes.items()}
    turns = Turns(f"{case}|{seed}")
    configs = [space.settled({**fixed, **turns.each(space.flags)}) for _ in range(count)]
    return [
        Sample(case, seed, number, "small", regime, tuple(config.items()))
        for number, config in enumerate(configs)
    ]


def strategy(
    case: str, space: Space, *, seed: int = 0, shape_class: str | None = None, regime: str | None = None
) -> SearchStrategy[Sample]:
    """Return the same space as a Hypothesis strategy, which shrinks towards the first choice of everything.

    Args:
        case: name of the case.
        space: its space.
        seed: goes into every sample's text, and so into its values.
        shape_class: only this class; by default any.
        regime: only this regime; by default any.
    """
    from hypothesis import strategies as st

    def of_class(name: str, regimes: list[str]) -> SearchStrategy[Sample]:
        choices = [
            st.tuples(st.just(key), st.sampled_from(values)) for key, values in space.choices(name).items()
        ]
        if name == "large":
            # The last value of a name counts, at its first place.
            choices.append(st.sampled_from(list(space.larges.items())))
        settings = st.tuples(*choices).map(lambda drawn: tuple(space.settled(dict(drawn)).items()))
        return st.builds(
            Sample,
            st.just(case),
            st.just(seed),
            st.just(0),
            st.just(name),
            st.sampled_from(regimes),
            settings,
        )

    pairs = dict.fromkeys(space.pairs)
    paired = {
        name: [own for other, own in pairs if other == name and regime in {None, own}]
        for name in space.classes
        if shape_class in {None, name}
    }
    return st.one_of(*(of_class(name, regimes) for name, regimes in paired.items() if regimes))
