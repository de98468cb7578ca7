"""Rounding and signs against torch."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import numpy as np
import pytest

SPECIAL = np.array([0.0, -0.0, 1.5, -2.5, np.inf, -np.inf, np.nan, 0.5, 2.5])
INTEGERS = np.array([[7, -7, 0], [3, 2, -5]])
BOOLS = np.array([[True, False, True], [False, False, True]])

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "sign": (lambda t, a: a.sign(), [SPECIAL]),
    "floor": (lambda t, a: a.floor(), [SPECIAL]),
    "ceil": (lambda t, a: a.ceil(), [SPECIAL]),
    "round": (lambda t, a: t.round(a), [SPECIAL]),
    "trunc": (lambda t, a: a.trunc(), [SPECIAL]),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


# name: (program, array): results without gradients, compared exactly.
EXACT = {
    "sign integers": (lambda t, a: a.sign(), INTEGERS),
    "sign bool": (lambda t, a: t.sign(a), BOOLS),
    "floor integers": (lambda t, a: a.floor(), INTEGERS),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name, agree_exactly):
    agree_exactly(*EXACT[name])


# name: (program over a namespace and a matrix, words that the message must have)
BAD = {
    "floor bool": (lambda t, x: x.bool().floor(), ["Bool"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])
