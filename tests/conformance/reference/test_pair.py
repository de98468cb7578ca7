"""One rtol and atol for many elements: nowhere below their tolerances, and no looser than it has to be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from conformance.reference.pair import tightest

SIZES = np.array([0.0, 1e-3, 0.1, 1.0, 10.0, 1e4])


@pytest.mark.parametrize(
    ("tolerance", "rtol", "atol"),
    [
        (np.full(6, 2e-6), 0.0, 2.0e-6),
        (3e-7 * SIZES, 3.1e-7, 0.0),
        (2e-6 + 3e-7 * SIZES, 3.1e-7, 2.0e-6),
        (np.zeros(6), 0.0, 0.0),
    ],
)
def test_a_form_that_a_pair_has_is_found(tolerance, rtol, atol):
    found = tightest(SIZES, tolerance)
    # Up to the two digits that it is rounded up to, and the steps in which rtol is tried.
    assert found.rtol == pytest.approx(rtol, rel=0.1)
    assert found.atol == pytest.approx(atol, rel=0.1)
    assert found.looser == 0


def test_the_share_that_is_looser():
    # One element of five has a tolerance of its own that no pair with the others' has.
    found = tightest(np.ones(5), np.array([1e-6, 1.0, 1.0, 1.0, 1.0]))
    assert found.looser == 1 / 5


def test_what_is_exact_or_not_finite_does_not_count():
    expected, tolerance = np.array([1.0, np.inf, np.nan, 2.0]), np.array([1e-6, np.nan, np.nan, 0.0])
    assert tightest(expected, tolerance) == tightest(np.ones(1), np.full(1, 1e-6))


NUMBERS = st.floats(1e-30, 1e30)


@settings(deadline=None)
@given(
    st.integers(1, 8).flatmap(
        lambda n: st.tuples(arrays(np.float64, n, elements=NUMBERS), arrays(np.float64, n, elements=NUMBERS))
    )
)
def test_it_is_nowhere_below(given_arrays):
    expected, tolerance = given_arrays
    found = tightest(expected, tolerance)
    assert (found.atol + found.rtol * expected >= tolerance).all()
