"""Logic of truth values and of bits against torch."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import numpy as np
import pytest

NANS = np.array([[2.0, np.nan, 1.0, np.nan, 2.0], [3.0, -1.0, np.inf, 3.0, -np.inf]])
MASK = np.array([[True, False, True, True], [False] * 4, [True, True, False, False]])
INTEGERS = np.array([[7, -7, 0], [3, 2, -5]])
BOOLS = np.array([[True, False, True], [False, False, True]])

# name: (program, array): results without gradients, compared exactly.
EXACT = {
    "not": (lambda t, a: ~a, MASK),
    "invert": (lambda t, a: ~a, INTEGERS),
    "logical_not": (lambda t, a: t.logical_not(a), INTEGERS),
    "logical_and": (lambda t, a: t.logical_and(a, a > 0), INTEGERS),
    "logical_or": (lambda t, a: a.logical_or(a > 5), NANS),
    "logical_xor": (lambda t, a: t.logical_xor(a, a.t().reshape(2, 3)), BOOLS),
    "and": (lambda t, a: (a & True) | (a ^ ~a), BOOLS),
    "bits": (lambda t, a: (a & 6) | (1 ^ a), INTEGERS),
    "bytes": (lambda t, a: t.bitwise_and(a, 3), np.array([5, 6], np.uint8)),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name, agree_exactly):
    agree_exactly(*EXACT[name])


# name: (program over a namespace and a matrix, words that the message must have)
BAD = {
    "logical_and number": (lambda t, x: t.logical_and(x, 2), ["other", "int"]),
    "bits of floats": (lambda t, x: x & x, ["bitwise_and", "Double"]),
    "bits and float": (lambda t, x: x.long() | 1.5, ["bitwise_or"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])
