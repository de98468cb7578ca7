"""Random draws: each test catches what it is there for, correct ones pass as often as promised.

Everything here is drawn by NumPy alone; that the cases' draws pass is shown in test_draws.py.
"""

from __future__ import annotations

import warnings
from math import ceil, log, sqrt

import numpy as np
import pytest

from conformance.cases import CASES
from conformance.cases._law import DRAWS, NORMAL_DRAWS, ORDERS, PLACES, Continuous, Discrete, Permutations
from conformance.judging.critical_values import normal
from conformance.judging.distributions import FALSE_ALARMS, Finding, _places, count_tests, findings, share

UNIFORM = Continuous(0.0, 1.0, uniform=True, open=True)
NORMAL = Continuous()
BITS = Discrete((0.0, 1.0))
ORDER = Permutations()


def uniform(rng, size=DRAWS):
    return rng.random(size)


def gaussian(rng, size=DRAWS):
    return rng.standard_normal(size)


def bits(rng, size=DRAWS):
    return (rng.random(size) < 0.1).astype(np.float64)


def orders(rng, size=ORDERS):
    return rng.permuted(np.tile(np.arange(PLACES), (size, 1)), axis=1)


def failing(law, reference, drawn):
    """Return the names of the tests that fail, without any warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = findings(law, reference, drawn, share())
    return {each.test for each in found if each.headroom < 1}


# Law, correct draws, and a change → the tests that fail, which are all that do.
def shifted_mass(x):
    """Move two in a hundred from above the median to below: 0.02 in the distribution function, only there."""
    return np.where((x >= 0.5) & (x < 0.52), x - 0.02, x)


def correlated(x):
    """Keep the distribution, and correlate neighbours by 0.04."""
    y = x.copy()
    for i in range(1, len(y)):
        y[i] = 0.04 * y[i - 1] + sqrt(1 - 0.04**2) * x[i]
    return y


def twice(x):
    return np.repeat(x[::2], 2, axis=0)


def farther_one_last(x):
    """Order the last two by their distance from the middle, which changes no place's mean."""
    end = x[:, -2:]
    nearest = np.argsort(np.abs(end - (PLACES - 1) / 2), axis=1, kind="stable")
    return np.concatenate([x[:, :-2], np.take_along_axis(end, nearest, axis=1)], axis=1)


def rotations(x):
    return (x[:, :1] + np.arange(x.shape[1])) % x.shape[1]


def sticky(x):
    """Repeat the draw before in one of twenty."""
    y = x.copy()
    y[1:][np.arange(1, len(x)) % 20 == 0] = y[:-1][np.arange(1, len(x)) % 20 == 0]
    return y


def with_one(value):
    def change(x):
        return np.concatenate([x[:-1], [value]])

    return change


ALONE = {
    "beyond a bound": (UNIFORM, uniform, with_one(1.25), {"bounds"}),
    "the open end": (UNIFORM, uniform, with_one(1.0), {"bounds"}),
    "NaN": (UNIFORM, uniform, with_one(np.nan), {"bounds"}),
    "inf without bounds": (NORMAL, gaussian, with_one(np.inf), {"bounds"}),
    "0.02 of mass": (UNIFORM, uniform, shifted_mass, {"distribution function"}),
    "mean": (NORMAL, uniform, lambda x: x + 0.009, {"mean"}),
    "deviation": (NORMAL, gaussian, lambda x: x * 1.03, {"standard deviation"}),
    "a coarse grid": (UNIFORM, uniform, lambda x: np.floor(x * 2**16) / 2**16, {"equal numbers"}),
    "the upper end": (UNIFORM, uniform, lambda x: x * 0.9995, {"gap above"}),
    "the lower end": (UNIFORM, uniform, lambda x: 1 - (1 - x) * 0.9995, {"gap below"}),
    "neighbours": (NORMAL, gaussian, correlated, {"neighbours on axis 0"}),
    "another value": (BITS, bits, with_one(0.5), {"values"}),
    "NaN among values": (BITS, bits, with_one(np.nan), {"values"}),
    "rate": (BITS, bits, lambda x: np.where(np.arange(len(x)) % 45 == 0, 1.0, x), {"counts"}),
    "neighbouring values": (BITS, bits, sticky, {"neighbours on axis 0"}),
    "an order with gaps": (ORDER, orders, lambda x: np.minimum(x, PLACES - 2), {"values"}),
    "places": (ORDER, orders, farther_one_last, {"places"}),
    "rotations": (ORDER, orders, rotations, {"first two"}),
    "each order twice": (ORDER, orders, twice, {"neighbouring orders"}),
}


@pytest.mark.parametrize("name", ALONE)
def test_each_test_catches_what_no_other_does(name):
    law, draw, change, expected = ALONE[name]
    rng = np.random.default_rng(7)
    reference, drawn = draw(rng), draw(rng)
    assert failing(law, reference, drawn) == set()
    assert failing(law, reference, change(drawn)) == expected


def test_only_the_kurtosis_shows_a_sum_of_twelve():
    rng = np.random.default_rng(7)
    drawn = sum(rng.random(NORMAL_DRAWS) for _ in range(12)) - 6
    assert failing(NORMAL, rng.standard_normal(NORMAL_DRAWS), drawn) == {"kurtosis"}


def test_every_test_is_caught_alone():
    named = {test for law in (UNIFORM, NORMAL, BITS, ORDER) for test in law.tests}
    caught = {test for *_, expected in ALONE.values() for test in expected} | {"kurtosis"}
    assert caught == named | {"bounds", "values"}


@pytest.mark.parametrize(
    ("law", "draw", "value"), [(UNIFORM, uniform, 0.5), (NORMAL, gaussian, 0.0), (BITS, bits, 1.0)]
)
def test_constant_draws_fail_without_a_warning(law, draw, value):
    reference = draw(np.random.default_rng(1))
    assert failing(law, reference, np.full_like(reference, value))


def test_draws_whose_moments_overflow_fail_without_a_warning():
    rng = np.random.default_rng(1)
    assert "standard deviation" in failing(NORMAL, gaussian(rng), gaussian(rng) * 1e300)


def test_an_axis_is_judged_by_its_neighbours():
    rng = np.random.default_rng(3)
    one = bits(rng, (1, 60, 50))
    law = Discrete((0.0, 1.0), axes=(0, 1, 2))
    same = np.broadcast_to(one, (30, 60, 50))
    assert "neighbours on axis 0" in failing(law, bits(rng, (30, 60, 50)), same)
    assert failing(law, bits(rng, (30, 60, 50)), bits(rng, (30, 60, 50))) == set()


# Level: how often correct draws exceed critical values.

SEEDS, LEVEL = 2000, 0.02
LEVELS = {
    "uniform": (UNIFORM, lambda rng: uniform(rng, 1000)),
    "uniform, float32": (UNIFORM, lambda rng: rng.random(1000, dtype=np.float32)),
    "normal": (NORMAL, lambda rng: gaussian(rng, 5000)),
    "mask": (Discrete((0.0, 1.0), axes=(0, 1)), lambda rng: bits(rng, (30, 100))),
    "sides": (Discrete((0.0, 1.0, 2.0, 3.0, 4.0, 5.0)), lambda rng: rng.integers(0, 6, 1000) * 1.0),
    "orders": (ORDER, lambda rng: orders(rng, 300)),
}
# Exact tests exceed as often as they may; these are bounds, which are exceeded less often.
CONSERVATIVE = {"distribution function", "equal numbers"}


@pytest.mark.parametrize("name", LEVELS)
def test_correct_draws_exceed_a_critical_value_as_often_as_its_share(name):
    law, draw = LEVELS[name]
    rng = np.random.default_rng(11)
    alarms = dict.fromkeys(law.tests, 0)
    for _ in range(SEEDS):
        for found in findings(law, draw(rng), draw(rng), LEVEL)[1:]:
            alarms[found.test] += found.headroom < 1
    # Four standard deviations of a count.
    spread = 4 * sqrt(SEEDS * LEVEL * (1 - LEVEL))
    for test, count in alarms.items():
        assert count <= SEEDS * LEVEL + spread, test
        assert count >= SEEDS * LEVEL - spread or test in CONSERVATIVE, test


def test_all_tests_together_keep_to_the_promise():
    count = count_tests(CASES.values())
    assert count > 300
    # A factor of two is left for the asymptotic formulas.
    assert share() * count == pytest.approx(FALSE_ALARMS / 2)


# Power: what is noticed, at the share of a run, by the number of draws of a case.


def test_the_draws_suffice_for_the_two_differences():
    # Of the largest distance, which varies with at most 1/2 / √n on each side; noticed in 99 of 100.
    power = normal(2 * 0.01)
    distance = sqrt(2) * (sqrt(-log(share() / 2) / 2) + power / 2)
    # Of the logarithm of a normal distribution's deviation, whose variance is 1/2 / n on each side.
    deviation = normal(share()) + power
    assert ceil((distance / 0.02) ** 2) <= DRAWS
    assert ceil((deviation / log(1.05)) ** 2) <= DRAWS


NOTICED = {
    "0.02 of a distribution function": (
        UNIFORM,
        lambda rng: rng.random(DRAWS, dtype=np.float32),
        shifted_mass,
    ),
    "5 % of a deviation": (
        NORMAL,
        lambda rng: rng.standard_normal(DRAWS, dtype=np.float32),
        lambda x: x * np.float32(1.05),
    ),
    "0.02 of a rate": (
        Discrete((0.0, 1.0)),
        lambda rng: (rng.random(DRAWS) < 0.5) * 1.0,
        lambda x: np.where(np.arange(DRAWS) % 25 == 0, 1.0, x),
    ),
}


@pytest.mark.parametrize("name", NOTICED)
def test_the_two_differences_are_noticed_in_nearly_all_seeds(name):
    law, draw, change = NOTICED[name]
    missed = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        missed += not failing(law, draw(rng), change(draw(rng)))
    assert missed <= 2


def test_a_finding_says_what_was_expected_and_what_came():
    text = str(Finding("mean", 7.0, 5.4, 0.5, 0.52))
    assert text == "mean: expected 0.5, got 0.52; statistic 7, at most 5.4 accepted"


def test_a_statistic_of_nan_has_no_headroom():
    assert Finding("mean", np.nan, 5.4, 0.5, np.nan).headroom == 0.0


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("digits", [0, 1, 6])
def test_places_are_those_that_are_found_by_searching(dtype, digits):
    rng = np.random.default_rng(digits)
    ordered, other = (np.sort(rng.standard_normal(500).round(digits).astype(dtype)) for _ in range(2))
    values = np.unique(other)
    below, upto = _places(ordered, values)
    assert (below == np.searchsorted(ordered, values, "left")).all()
    assert (upto == np.searchsorted(ordered, values, "right")).all()
