"""What the numbers of one observable are compared with."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.judging.target import Target, top

ORACLE = np.array([[0.1, -2.0], [3.0, 0.0]])
ALLOWED = np.full((2, 2), 1e-6)


def target(oracle, reference, lane="float32"):
    return Target.of(oracle, reference, ALLOWED, lane)


def test_finite_numbers_are_the_oracles():
    found = target(ORACLE, ORACLE.astype(np.float32))
    assert found.finite is None
    assert found.right.tolist() == [0.1, -2.0, 3.0, 0.0]
    assert found.size.tolist() == [0.1, 2.0, 3.0, 0.0]
    assert (found.largest, found.reference_error) == (3.0, float(np.float32(0.1)) - 0.1)


@pytest.mark.parametrize("side", ["oracle", "reference"])
@pytest.mark.parametrize("special", [np.inf, -np.inf, np.nan])
def test_where_either_side_is_not_finite_the_reference_decides(side, special):
    oracle, reference = ORACLE.copy(), ORACLE.astype(np.float32)
    {"oracle": oracle, "reference": reference}[side][1, 0] = special
    found = target(oracle, reference)
    assert found.finite.tolist() == [True, True, False, True]
    assert found.right.tolist()[:2] == [0.1, -2.0]
    assert np.array_equal(found.right[2], reference[1, 0], equal_nan=True)
    assert found.tolerance.tolist() == [1e-6, 1e-6, 0.0, 1e-6]
    assert (found.size[2], found.largest) == (1.0, 2.0)
    assert found.reference_error == float(np.float32(0.1)) - 0.1


def test_a_difference_that_overflows_is_of_finite_numbers():
    most = np.finfo(np.float64).max
    found = Target.of(np.full(1, most), np.full(1, -most), np.zeros(1), "float32")
    assert (found.finite, found.reference_error) == (None, np.inf)


def test_in_float64_the_reference_is_the_oracle():
    assert target(ORACLE, ORACLE, "float64").reference_error is None


def test_nothing_has_no_size():
    nothing = np.zeros((0, 3))
    found = Target.of(nothing, nothing.astype(np.float32), nothing, "float32")
    assert (found.finite, found.largest, found.reference_error) == (None, 0.0, 0.0)


@pytest.mark.parametrize("where", [0, 2])
def test_the_top_of_numbers_with_nan_is_nan(where):
    numbers = np.array([1.0, np.inf, 2.0])
    assert top(numbers) == np.inf
    numbers[where] = np.nan
    assert np.isnan(top(numbers))
