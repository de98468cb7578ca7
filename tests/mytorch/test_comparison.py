"""Comparisons and tests of elements against torch."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import numpy as np
import pytest

import mytorch

SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e300, 1e-310, 50.0, -800.0, 800.0])
NANS = np.array([[2.0, np.nan, 1.0, np.nan, 2.0], [3.0, -1.0, np.inf, 3.0, -np.inf]])
INTEGERS = np.array([[7, -7, 0], [3, 2, -5]])

# name: (program, array): results without gradients, compared exactly.
EXACT = {
    "eq": (lambda t, a: a == 3, INTEGERS),
    "ne": (lambda t, a: a != a.t().reshape(2, 3), INTEGERS),
    "lt": (lambda t, a: a < 2.5, INTEGERS),
    "le": (lambda t, a: a <= 2, INTEGERS),
    "gt": (lambda t, a: t.gt(a, 0), INTEGERS),
    "ge": (lambda t, a: a.ge(0), INTEGERS),
    "eq nan": (lambda t, a: a == a, SPECIAL),  # noqa: PLR0124 - nan is what is tested
    "isnan": (lambda t, a: t.isnan(a), SPECIAL),
    "isinf": (lambda t, a: a.isinf(), SPECIAL),
    "isfinite": (lambda t, a: a.isfinite(), SPECIAL),
    "isnan of integers": (lambda t, a: t.isnan(a), INTEGERS),
    "bytes compare": (lambda t, a: a == 261, np.array([5, 6], np.uint8)),
    "isclose": (lambda t, a: t.isclose(a, a * (1 + 1e-6), equal_nan=True), NANS),
    "isclose integers": (lambda t, a: a.isclose(a), INTEGERS),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name, agree_exactly):
    agree_exactly(*EXACT[name])


# name: (program over a namespace and a matrix, words that the message must have)
BAD = {
    "isclose dtypes": (lambda t, x: t.isclose(x, x.float()), ["Float", "Double"]),
    "isclose tolerance": (lambda t, x: t.isclose(x, x, rtol=-1), ["rtol", "-1"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])


def test_allclose_and_equal():
    x = mytorch.tensor([1.0, 2.0])
    assert mytorch.allclose(x, x + 1e-7)
    assert not mytorch.allclose(x, x + 1e-2)
    assert mytorch.equal(x, x.clone())
    assert not mytorch.equal(x, mytorch.tensor([1.0, 2.0, 3.0]))
    with pytest.raises(RuntimeError, match="Float did not match Double"):
        mytorch.allclose(x, x.double())
