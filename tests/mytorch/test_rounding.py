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
    "round to decimals": (lambda t, a: t.round(a * 1.2345, decimals=2), [SPECIAL]),
    "round to tens": (lambda t, a: (a * 123.4).round(decimals=-1), [SPECIAL]),
    "round to digits that are not there": (lambda t, a: a.round(decimals=400), [SPECIAL]),
    "round in place": (lambda t, a: (a * 1.2345).round_(decimals=1), [SPECIAL]),
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
    "round half to decimals": (lambda t, a: a.round(decimals=2), np.array([1.2345, -2.675], np.float16)),
    "round integers": (lambda t, a: a.round(), INTEGERS),
    "floor integers": (lambda t, a: a.floor(), INTEGERS),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name, agree_exactly):
    agree_exactly(*EXACT[name])


# name: (program over a namespace and a matrix, words that the message must have)
BAD = {
    "round integers to decimals": (lambda t, x: x.long().round(decimals=1), ["Long"]),
    "round bools to decimals": (lambda t, x: x.bool().round(decimals=1), ["Bool"]),
    "decimals as a float": (lambda t, x: x.round(decimals=1.5), ["decimals", "float"]),
    "decimals by position": (lambda t, x: x.round(1), ["positional"]),
    "floor bool": (lambda t, x: x.bool().floor(), ["Bool"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])
