"""Compares random draws with the reference's: by bounds, moments, and tests of two samples.

Called by judging.judge for the observables of a case that have a law; one finding per test comes out, a
statistic with its critical value. A correct subject, which draws from a stream of its own, exceeds any of the
critical values of a default run with a probability of at most FALSE_ALARMS, and a verdict repeats because the
seeds follow from the sample.
"""

from __future__ import annotations

from functools import cache
from math import ceil, log, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conformance.cases import CASES
from conformance.cases._law import DRAWS, Continuous, Discrete
from conformance.judging import critical_values
from conformance.sampling.space import draw

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from conformance.cases._law import Law
    from conformance.cases.case import Case
    from conformance.sampling.values import Array

# Of all tests of a default run together.
FALSE_ALARMS = 1e-4
# The critical values of moments and neighbours hold for infinitely many draws. For finitely many, one tail
# beyond z = 5.4 standard deviations is up to 1.8 times as heavy, and the other as much lighter: exp(± z³ s /
# (6 √n)) at n = 90,000 (Cramér) for products of neighbours of the most skewed draws, a mask at p = 0.1, whose
# skewness is s = 7.1. Chi-square of few counts is heavier by up to 1.6 (simulated, at 36 draws per cell).
_MARGIN = 2.0
# A subject's draws may be this many times as coarse as the reference's: 2 bits.
_COARSER = 4.0


class Finding(NamedTuple):
    """The result of one test of one observable.

    Attributes:
        test: its name, as in the law's `tests`; `bounds` and `values` are exact.
        statistic: how far the draws are from what was expected.
        critical: the largest statistic that is accepted.
        expected: the reference's value of what is tested.
        got: the subject's.
    """

    test: str
    statistic: float
    critical: float
    expected: float
    got: float

    @property
    def headroom(self) -> float:
        """The critical value over the statistic; below 1, the draws are wrong."""
        if np.isnan(self.statistic):
            return 0.0
        return self.critical / self.statistic if self.statistic else np.inf

    def __str__(self) -> str:
        return (
            f"{self.test}: expected {self.expected:.5g}, got {self.got:.5g}; statistic {self.statistic:.3g}, "
            f"at most {self.critical:.3g} accepted"
        )


@cache
def share() -> float:
    """Return the probability of a false alarm that each test has: equal parts of that of a default run."""
    return FALSE_ALARMS / (_MARGIN * count_tests(CASES.values()))


def count_tests(cases: Iterable[Case]) -> int:
    """Count the tests of a default run, as the laws of the cases' samples name them."""
    return sum(
        len(law.tests)
        for case in cases
        if case.distribution
        for sample in draw(case.name, case.space, 0, case.default_samples)
        for law in case.distribution(sample.settings).values()
    )


def findings(law: Law, reference: Array, drawn: Array, share: float) -> list[Finding]:
    """Test draws by their law, against the reference's.

    Draws go one of three ways from here, by the kind of their law. Each begins with an exact finding; where
    that is wrong, the statistics mean nothing and are left out.

    Args:
        law: what is known of them.
        reference: the reference's draws.
        drawn: the subject's draws, of the same shape.
        share: the probability of a false alarm of each test.
    """
    if isinstance(law, Continuous):
        exact, rest = _bounds(law, reference, drawn), _continuous
    elif isinstance(law, Discrete):
        exact, rest = _values(law, reference, drawn), _discrete
    else:
        exact, rest = _orders(reference, drawn), _permutations
    if exact.statistic:
        return [exact]
    # The moments of numbers near the end of the dtype overflow: inf or NaN, which no critical value accepts.
    with np.errstate(all="ignore"):
        return [exact, *rest(law, reference, drawn, share)]


def _bounds(law: Continuous, reference: Array, drawn: Array) -> Finding:
    # A bound is rounded to the dtype of the draws, and so is the product that reaches it.
    slack = 2 * float(np.finfo(drawn.dtype).eps)
    low, high = law.low - slack * abs(law.low), law.high + slack * abs(law.high)
    inside = (drawn >= low) & ((drawn < law.high) if law.open else (drawn <= high)) & np.isfinite(drawn)
    outside = int(np.count_nonzero(~inside))
    at = int(np.argmin(inside))
    worst = float(drawn.flat[at]) if outside else float(drawn.max())
    return Finding("bounds", float(outside), 0.0, float(reference.max()), worst)


def _continuous(law: Law, reference: Array, drawn: Array, share: float) -> Iterator[Finding]:
    assert isinstance(law, Continuous)  # noqa: S101 - chosen by `findings`
    limit = critical_values.normal(share)
    for (name, expected, variance), (_, got, other) in zip(_moments(reference), _moments(drawn), strict=True):
        # Standard deviations by their ratio, all others by their difference.
        ratio = name == "standard deviation" and got > 0
        away = log(got / expected) if ratio else got - expected
        yield Finding(name, _score(away, variance + other), limit, expected, got)
    # More draws than that are there for the kurtosis.
    rows = ceil(len(drawn) * DRAWS / drawn.size)
    first, second = np.sort(reference[:rows], axis=None), np.sort(drawn[:rows], axis=None)
    yield _distance(first, second, share)
    yield _equal_numbers(first, second, share)
    if law.uniform:
        width = law.high - law.low
        critical = critical_values.uniform_gap(share, second.size)
        for name, end, value in (("gap below", first[0], second[0]), ("gap above", first[-1], second[-1])):
            bound = law.low if name == "gap below" else law.high
            yield Finding(name, abs(float(value) - bound) / width, critical, float(end), float(value))
    yield from _neighbours(drawn[:rows], law.axes, share)


def _distance(first: Array, second: Array, share: float) -> Finding:
    """Compare distribution functions: their largest distance is reached beside a step of the second one."""
    steps = np.flatnonzero(np.append(second[1:] != second[:-1], True))
    after = (steps + 1) / second.size
    before = np.append(0.0, after[:-1])
    below, upto = (counts / first.size for counts in _places(first, second[steps]))
    expected, got = np.append(below, upto), np.append(before, after)
    at = int(np.argmax(np.abs(expected - got)))
    critical = critical_values.kolmogorov_smirnov(share, first.size, second.size)
    distance = float(abs(expected[at] - got[at]))
    return Finding("distribution function", distance, critical, float(expected[at]), float(got[at]))


def _places(ordered: Array, values: Array) -> tuple[Array, Array]:
    """Return how many of some numbers are smaller than each of others, and how many are at most that.

    As `np.searchsorted` from both sides, in half of its time: both are in order, and are only merged. The
    values differ from each other, and none is NaN.
    """
    merged = np.argsort(np.concatenate((values, ordered)), kind="stable")
    below = np.flatnonzero(merged < values.size) - np.arange(values.size)
    upto = below.copy()
    equal = np.flatnonzero(ordered[np.minimum(below, ordered.size - 1)] == values)
    upto[equal] = np.searchsorted(ordered, values[equal], "right")
    return below, upto


def _tied(ordered: Array) -> int:
    return int(np.count_nonzero(ordered[1:] == ordered[:-1]))


def _moments(draws: Array) -> list[tuple[str, float, float]]:
    """Return the name, the value and the variance of each moment's estimate, by its influence function."""
    x = draws.astype(np.float64)
    mean, std = float(x.mean()), float(x.std())
    z = (x - mean) / std if std else np.zeros_like(x)
    square = z * z
    fourth = square * square
    kurtosis, skew = float(fourth.mean()), float((square * z).mean())
    influence = fourth - kurtosis - 2 * kurtosis * (square - 1) - 4 * skew * z
    return [
        ("mean", mean, std**2 / x.size),
        ("standard deviation", std, (kurtosis - 1) / 4 / x.size),
        ("kurtosis", kurtosis, float((influence * influence).mean()) / x.size),
    ]


def _score(away: float, variance: float) -> float:
    """Return a difference in its standard deviations; inf where nothing varies and something differs."""
    if not away:
        return 0.0
    return float(abs(away) / np.sqrt(variance)) if variance > 0 else np.inf


def _equal_numbers(first: Array, second: Array, share: float) -> Finding:
    """Compare how fine the draws are: on a coarse grid, many are equal."""
    expected, got = _tied(first), _tied(second)
    mean = _COARSER * critical_values.poisson_mean(share / 2, expected)
    return Finding("equal numbers", got, critical_values.poisson(share / 2, mean), expected, got)


def _neighbours(drawn: Array, axes: Sequence[int], share: float) -> Iterator[Finding]:
    """Test along each axis that neighbours are not correlated; equal draws are."""
    centred = drawn.astype(np.float64) - float(drawn.mean(dtype=np.float64))
    critical, variance = critical_values.normal(share), float(centred.var())
    for axis in axes:
        moved = np.moveaxis(centred, axis, 0)
        count = moved[1:].size
        correlation = float(np.vdot(moved[1:], moved[:-1])) / count / variance if variance else 1.0
        yield Finding(
            f"neighbours on axis {axis}", abs(correlation) * sqrt(count), critical, 0.0, correlation
        )


def _positions(law: Discrete, draws: Array) -> tuple[Array, Array]:
    """Return the position of each draw in the list of values, and whether it is that value to five digits."""
    values = np.array(law.values)
    # A number that is not in the list is next to one; NaN is next to none.
    positions = np.searchsorted((values[1:] + values[:-1]) / 2, draws)
    return positions, np.abs(draws - values[positions]) <= 1e-5 * np.abs(values[positions])


def _values(law: Discrete, reference: Array, drawn: Array) -> Finding:
    _, known = _positions(law, drawn)
    wrong = int(np.count_nonzero(~known))
    at = int(np.argmin(known))
    return Finding("values", float(wrong), 0.0, float(reference.flat[at]), float(drawn.flat[at]))


def _discrete(law: Law, reference: Array, drawn: Array, share: float) -> Iterator[Finding]:
    assert isinstance(law, Discrete)  # noqa: S101 - chosen by `findings`
    (first, _), (second, _) = _positions(law, reference), _positions(law, drawn)
    yield _counts("counts", first, second, share)
    yield from _neighbours(second, law.axes, share)


def _counts(name: str, first: Array, second: Array, share: float) -> Finding:
    """Compare how often each whole number was drawn: chi-square, of two samples of one size."""
    size = int(max(first.max(), second.max())) + 1
    one, two = np.bincount(first.ravel(), minlength=size), np.bincount(second.ravel(), minlength=size)
    both = one + two
    used = both > 0
    apart = np.square(one - two)[used] / both[used]
    freedom = int(used.sum()) - 1
    at = int(np.flatnonzero(used)[np.argmax(apart)])
    critical = critical_values.chi_square(share, freedom) if freedom else 0.0
    return Finding(name, float(apart.sum()), critical, one[at] / first.size, two[at] / second.size)


def _orders(reference: Array, drawn: Array) -> Finding:
    wrong = (np.sort(drawn, axis=1) != np.arange(drawn.shape[1])).any(axis=1)
    at = int(np.argmax(wrong))
    return Finding("values", float(wrong.sum()), 0.0, float(reference[at].sum()), float(drawn[at].sum()))


def _permutations(law: Law, reference: Array, drawn: Array, share: float) -> Iterator[Finding]:
    """Test that all orders are drawn equally often: against that law itself, which is known."""
    del law, reference
    places = drawn.shape[1]
    cells = drawn * places + np.arange(places)
    # The table of samples and places has fixed sums. (places - 1)² of its cells are free, and the variance
    # of each is places / (places - 1) times that of a free count.
    yield _evenly("places", cells, places**2, share, freedom=(places - 1) ** 2)
    pairs = drawn[:, 0] * (places - 1) + drawn[:, 1] - (drawn[:, 1] > drawn[:, 0])
    yield _evenly("first two", pairs, places * (places - 1), share, freedom=places * (places - 1) - 1)
    centred = drawn - (places - 1) / 2
    products = (centred[1:] * centred[:-1]).sum(axis=1)
    score = _score(float(products.sum()), float(np.square(products).sum()))
    correlation = float(products.mean()) / float(np.square(centred[0]).sum())
    yield Finding("neighbouring orders", score, critical_values.normal(share), 0.0, correlation)


def _evenly(name: str, drawn: Array, size: int, share: float, freedom: int) -> Finding:
    """Test that whole numbers below `size` were drawn equally often: chi-square."""
    counts = np.bincount(drawn.ravel(), minlength=size)
    apart = np.square(counts - drawn.size / size) / (drawn.size / size)
    at = int(np.argmax(apart))
    # The mean of the statistic is size - 1 for free counts, and size - √size for a table of fixed sums.
    statistic = float(apart.sum()) * (1 if freedom == size - 1 else 1 - size**-0.5)
    critical = critical_values.chi_square(share, freedom)
    return Finding(name, statistic, critical, 1 / size, counts[at] / drawn.size)
