"""Powers, roots, exponentials, logarithms and trigonometric functions against torch."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import numpy as np
import pytest

RNG = np.random.Generator(np.random.PCG64(7))


def draw(*shape):
    return RNG.standard_normal(shape)


def positive(*shape):
    return np.abs(draw(*shape)) + 0.5


A, B, POSITIVE = draw(3, 4), draw(3, 4), positive(3, 4)
TIES = np.array([[1.0, 2.0, 2.0, -1.0], [0.0, 0.0, -3.0, 0.0], [5.0, 1.0, 5.0, 5.0]])
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e300, 1e-310, 50.0, -800.0, 800.0])
NANS = np.array([[np.nan, 1.0, -2.0, 1.0], [np.inf, -1.0, 0.5, -np.inf], [0.25, np.nan, -np.inf, 3.0]])
MASK = np.array([[True, False, True, True], [False] * 4, [True, True, False, False]])
INTEGERS = np.array([[7, -7, 0], [3, 2, -5]])
BOOLS = np.array([[True, False, True], [False, False, True]])

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "pow scalar": (lambda t, a: a**3, [A]),
    "pow zero": (lambda t, a: a**0, [TIES]),
    "pow half": (lambda t, a: a**0.5, [positive(3)]),
    "pow tensor": (lambda t, a, b: a**b, [positive(3, 4), B]),
    "rpow": (lambda t, a: 2.5**a, [A]),
    "exp": (lambda t, a: t.exp(a), [A]),
    "log": (lambda t, a: a.log(), [positive(5)]),
    "sqrt": (lambda t, a: t.sqrt(a), [positive(5)]),
    "abs": (lambda t, a: abs(a), [TIES]),
    "exp special": (lambda t, a: a.exp(), [SPECIAL]),
    "log special": (lambda t, a: a.log(), [SPECIAL]),
    "sqrt special": (lambda t, a: a.sqrt(), [SPECIAL]),
    "abs nan": (lambda t, a: a.abs(), [NANS]),
    "log1p": (lambda t, a: t.log1p(a), [POSITIVE * 1e-3]),
    "expm1": (lambda t, a: a.expm1(), [A * 1e-3]),
    "sin": (lambda t, a: a.sin(), [A]),
    "cos": (lambda t, a: t.cos(a), [A]),
    "erf": (lambda t, a: t.erf(a), [A]),
    "erfinv": (lambda t, a: t.erfinv(a), [np.concatenate([np.linspace(-0.999, 0.999, 25), [1e-9, -0.0]])]),
    "erfinv special": (lambda t, a: a.erfinv(), [SPECIAL]),
    "reciprocal": (lambda t, a: a.reciprocal(), [POSITIVE]),
    "rsqrt": (lambda t, a: t.rsqrt(a), [POSITIVE]),
    "square": (lambda t, a: a.square(), [A]),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


# name: (program, array): results without gradients, compared exactly.
EXACT = {
    "negative powers": (lambda t, a: a ** t.tensor(-1), np.array([2, 1, -1, -3])),
    "negative even powers": (lambda t, a: a ** t.tensor(-2), np.array([2, 1, -1, -3])),
    "power of bools": (lambda t, a: a**2, MASK),
    "abs integers": (lambda t, a: a.abs(), INTEGERS),
    "square integers": (lambda t, a: a.square(), INTEGERS.astype(np.int16)),
    "square bool": (lambda t, a: a.square(), BOOLS),
    "reciprocal integers": (lambda t, a: a.reciprocal(), INTEGERS),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name, agree_exactly):
    agree_exactly(*EXACT[name])
