"""Critical values: what a statistic of a correct implementation exceeds with a given, small probability.

Called by judging.distributions. Each formula names its source and says how exact it is.
"""

from __future__ import annotations

from math import erfc, exp, expm1, log, pi, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def normal(share: float) -> float:
    """Return what the absolute value of a standard normal variable exceeds with that probability: exact."""
    return _where(lambda z: erfc(z / sqrt(2)), share)


def kolmogorov_smirnov(share: float, first: int, second: int) -> float:
    """Return the critical distance between the distribution functions of two samples.

    Source: Smirnov 1948, the first term of the limiting distribution, which is an upper bound of it; Wei and
        Dudley 2012 show that it bounds the exact probability for samples of one size from 458 on. With ties
        the true probability is smaller still.
    """
    return sqrt(-log(share / 2) / 2) * sqrt((first + second) / (first * second))


def chi_square(share: float, freedom: int) -> float:
    """Return what a chi-square variable of that many degrees of freedom exceeds with that probability."""
    return _where(lambda x: chi_square_tail(x, freedom), share)


def chi_square_tail(x: float, freedom: int) -> float:
    """Return the probability that a chi-square variable exceeds x: exact, as a finite sum.

    Source: Abramowitz and Stegun 1964, 26.4.4 and 26.4.5.
    """
    even = freedom % 2 == 0
    term = exp(-x / 2) if even else sqrt(2 * x / pi) * exp(-x / 2)
    total = term if even else erfc(sqrt(x / 2)) + (term if freedom > 1 else 0.0)
    for k in range(2, freedom - 1, 2) if even else range(3, freedom - 1, 2):
        term *= x / k
        total += term
    return total


def uniform_gap(share: float, count: int) -> float:
    """Return what the share of an interval beyond the last of `count` uniform draws exceeds: exact."""
    return -expm1(log(share) / count)


def poisson(share: float, mean: float) -> float:
    """Return what a Poisson variable of that mean exceeds with at most that probability.

    Source: Bernstein's inequality in the form of Boucheron, Lugosi and Massart 2013, section 2.8: an upper
        bound for any mean.
    """
    risk = -log(share)
    return mean + sqrt(2 * mean * risk) + risk / 3


def poisson_mean(share: float, count: int) -> float:
    """Return the largest mean that a Poisson variable can have where it is `count` with that probability.

    Source: the lower tail of the same inequality, P(X ≤ mean - s) ≤ exp(-s² / (2 mean)), solved for the mean.
    """
    risk = -log(share)
    return count + risk + sqrt(risk * (risk + 2 * count))


def _where(tail: Callable[[float], float], share: float) -> float:
    """Return where a falling tail has that value, by bisection."""
    low, high = 0.0, 1.0
    while tail(high) > share:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle) > share else (low, middle)
    return high
