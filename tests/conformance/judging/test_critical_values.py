"""Critical values agree with published tables, and bounds are bounds."""

from __future__ import annotations

from math import exp, log

import pytest

from conformance.judging.critical_values import (
    chi_square,
    chi_square_tail,
    kolmogorov_smirnov,
    normal,
    poisson,
    poisson_mean,
    uniform_gap,
)

# A share of the size that a run has.
SHARE = 1e-7


@pytest.mark.parametrize(("share", "expected"), [(0.05, 1.959964), (0.01, 2.575829), (1e-4, 3.890592)])
def test_normal(share, expected):
    assert normal(share) == pytest.approx(expected, abs=1e-6)


# Abramowitz and Stegun 1964, table 26.8.
@pytest.mark.parametrize(
    ("share", "freedom", "expected"),
    [
        (0.05, 1, 3.84146),
        (0.05, 2, 5.99147),
        (0.05, 3, 7.81473),
        (0.05, 10, 18.3070),
        (0.001, 1, 10.828),
        (0.001, 5, 20.515),
        (0.001, 50, 86.661),
        (0.005, 100, 140.169),
    ],
)
def test_chi_square(share, freedom, expected):
    assert chi_square(share, freedom) == pytest.approx(expected, rel=5e-5)


def test_the_tail_of_chi_square_with_two_degrees_is_an_exponential():
    assert chi_square_tail(33.0, 2) == pytest.approx(exp(-33.0 / 2), rel=1e-12)


def test_chi_square_with_one_degree_is_the_square_of_a_normal_variable():
    assert chi_square(SHARE, 1) == pytest.approx(normal(SHARE) ** 2, rel=1e-12)


# Smirnov 1948: the limits of D √(nm / (n + m)).
@pytest.mark.parametrize(("share", "expected"), [(0.10, 1.2239), (0.05, 1.3581), (0.01, 1.6276)])
def test_kolmogorov_smirnov(share, expected):
    assert kolmogorov_smirnov(share, 1000, 1000) == pytest.approx(expected * 0.002**0.5, rel=1e-4)


def test_a_gap_is_exceeded_with_the_share():
    gap = uniform_gap(SHARE, 90_000)
    assert (1 - gap) ** 90_000 == pytest.approx(SHARE, rel=1e-6)


def _up_to(count, mean):
    """Return the probability that a Poisson variable is `count` or less."""
    term = total = exp(-mean)
    for k in range(1, count + 1):
        term *= mean / k
        total += term
    return total


@pytest.mark.parametrize("mean", [0.5, 3.0, 40.0, 300.0])
def test_a_poisson_variable_exceeds_the_bound_with_at_most_the_share(mean):
    # 1 - P loses digits at shares as small as a run's.
    for share in (1e-2, 1e-4, 1e-6):
        assert 1 - _up_to(int(poisson(share, mean)), mean) <= share
        # And not much less often: the bound is not more than twice the excess of a normal variable.
        assert poisson(share, mean) - mean < 2 * normal(share) * (mean + log(1 / share)) ** 0.5


@pytest.mark.parametrize("count", [0, 5, 250])
def test_a_larger_mean_does_not_give_so_few(count):
    assert _up_to(count, poisson_mean(SHARE, count)) <= SHARE
