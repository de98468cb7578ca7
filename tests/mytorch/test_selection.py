"""maximum, minimum, where, clamp and masked_fill against torch."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import numpy as np
import pytest

RNG = np.random.Generator(np.random.PCG64(7))


def draw(*shape):
    return RNG.standard_normal(shape)


A, B, ROW, CUBE = draw(3, 4), draw(3, 4), draw(4), draw(2, 3, 4)
TIES = np.array([[1.0, 2.0, 2.0, -1.0], [0.0, 0.0, -3.0, 0.0], [5.0, 1.0, 5.0, 5.0]])
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e300, 1e-310, 50.0, -800.0, 800.0])
NANS = np.array([[np.nan, 1.0, -2.0, 1.0], [np.inf, -1.0, 0.5, -np.inf], [0.25, np.nan, -np.inf, 3.0]])
MASK = np.array([[True, False, True, True], [False] * 4, [True, True, False, False]])
INTEGERS = np.array([[7, -7, 0], [3, 2, -5]])

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "maximum": (lambda t, a, b: t.maximum(a, b), [TIES, np.ones((3, 1))]),
    "maximum special": (lambda t, a, b: t.maximum(a, b), [SPECIAL, SPECIAL[::-1].copy()]),
    "minimum": (lambda t, a, b: t.minimum(a, b), [TIES, np.ones(4)]),
    "clamp": (lambda t, a: t.clamp(a, -1, 2), [TIES]),
    "clamp min": (lambda t, a: a.clamp(min=0.5), [A]),
    "clamp special": (lambda t, a: a.clamp(-1, 1), [SPECIAL]),
    "clamp tensors": (lambda t, a, b: a.clamp(b, b + 0.5), [A, ROW]),
    "where": (lambda t, a, b: t.where(t.tensor(MASK), a, b), [A, ROW]),
    "where scalar": (lambda t, a: t.where(a > 0, a, -1.0), [A]),
    "where method": (lambda t, a, b: a.where(t.tensor(MASK), b), [A, B]),
    "clamp tensors nan": (lambda t, a, b: a.clamp(b, b + 0.5), [NANS, ROW]),
    "clamp by nan": (lambda t, a, b, c: a.clamp(b, c), [A, NANS, B]),
    "clamp below by nan": (lambda t, a, b: a.clamp(min=b), [A, NANS]),
    "clamp above by nan": (lambda t, a, b: a.clamp(max=b), [A, NANS]),
    "clamp crossed": (lambda t, a, b: a.clamp(b + 1, b), [A, ROW]),
    "clamp_min": (lambda t, a: t.clamp_min(a, 0.5), [TIES]),
    "clamp_min by nan": (lambda t, a: a.clamp_min(float("nan")), [A]),
    "clamp_min tensor": (lambda t, a, b: a.clamp_min(b), [NANS, ROW]),
    "clamp_max": (lambda t, a: a.clamp_max(max=2), [TIES]),
    "clamp_max tensor": (lambda t, a, b: t.clamp_max(a, b), [A, NANS]),
    "clamp_min in place": (lambda t, a: (a * 1).clamp_min_(0.5), [A]),
    "clamp_max in place": (lambda t, a, b: (a * 1).clamp_max_(b), [A, ROW]),
    "clip": (lambda t, a: a.clip(-0.5, 0.5), [A]),
    "masked_fill": (lambda t, a: a.masked_fill(a.detach() > 0, float("-inf")), [A]),
    "masked_fill tensor": (lambda t, a, b: t.masked_fill(a, a.detach() > 0, b), [A, draw()]),
    "masked_fill broadcast": (lambda t, a: a.masked_fill(t.tensor([True, False, True, False]), 1), [CUBE]),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


# name: (program, array): results without gradients, compared exactly.
EXACT = {
    "clamp integers": (lambda t, a: a.clamp(-3, 3), INTEGERS),
    "clamp_min by float": (lambda t, a: a.clamp_min(1.5), INTEGERS),
    "clamp by float": (lambda t, a: a.clamp(min=1.5), INTEGERS),
    "where numbers": (lambda t, a: t.where(a, 1, 2), MASK),
    "where number kinds": (lambda t, a: t.where(a, 1.0, 2), MASK),
    "masked_fill integers": (lambda t, a: a.masked_fill(a > 2, 9), INTEGERS),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name, agree_exactly):
    agree_exactly(*EXACT[name])


# name: (program over a namespace and a matrix, words that the message must have)
BAD = {
    "clamp_min nothing": (lambda t, x: x.clamp_min(None), ["min", "None"]),
    "clamp_max text": (lambda t, x: t.clamp_max(x, "a"), ["max", "str"]),
    "clamp_min sizes": (lambda t, x: x.clamp_min(t.ones(5)), ["4", "5"]),
    "clamp_min in place": (lambda t, x: x.long().clamp_min_(0.5), ["Float", "Long|long"]),
    "masked_fill mask": (lambda t, x: x.masked_fill(x, 1), ["boolean"]),
    "masked_fill value": (lambda t, x: x.masked_fill(x > 0, t.ones(2)), ["0-dim", "1"]),
    "masked_fill sizes": (lambda t, x: x.masked_fill(t.ones(5, dtype=t.bool), 1), ["5", "4"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])
