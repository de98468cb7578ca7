"""Sums, extremes and tests over dimensions against torch."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import numpy as np
import pytest

import mytorch

RNG = np.random.Generator(np.random.PCG64(7))


def draw(*shape):
    return RNG.standard_normal(shape)


A, B, CUBE = draw(3, 4), draw(3, 4), draw(2, 3, 4)
TIES = np.array([[1.0, 2.0, 2.0, -1.0], [0.0, 0.0, -3.0, 0.0], [5.0, 1.0, 5.0, 5.0]])
NANS = np.array([[np.nan, 1.0, -2.0, 1.0], [np.inf, -1.0, 0.5, -np.inf], [0.25, np.nan, -np.inf, 3.0]])
MASK = np.array([[True, False, True, True], [False] * 4, [True, True, False, False]])
INTEGERS = np.array([[7, -7, 0], [3, 2, -5]])

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "sum": (lambda t, a: a.sum(), [CUBE]),
    "sum dim": (lambda t, a: a.sum(1), [CUBE]),
    "sum dims": (lambda t, a: t.sum(a, (0, -1)), [CUBE]),
    "sum keepdim": (lambda t, a: a.sum(-2, keepdim=True), [CUBE]),
    "sum empty tuple": (lambda t, a: a.sum(()), [CUBE]),
    "sum of nothing": (lambda t, a: a.sum(0), [draw(0, 3)]),
    "sum 0-dim": (lambda t, a: a.sum(0), [draw()]),
    "sum dtype": (lambda t, a: a.sum(dtype=t.float64), [A]),
    "max": (lambda t, a: a.max(), [TIES]),
    "max dim": (lambda t, a: a.max(1).values, [CUBE]),
    "max keepdim": (lambda t, a: t.max(a, 0, keepdim=True)[0], [A]),
    "max other": (lambda t, a, b: t.max(a, b), [A, B]),
    "min": (lambda t, a: a.min(), [TIES]),
    "min dim": (lambda t, a: a.min(-1)[0], [CUBE]),
    "amax": (lambda t, a: a.amax((0, 1)), [CUBE]),
    "amax ties": (lambda t, a: a.amax(1), [TIES]),
    "amin ties": (lambda t, a: t.amin(a, 1, keepdim=True), [TIES]),
    "max nan": (lambda t, a: a.max(), [np.array([1.0, np.nan, np.nan])]),
    "amax nan": (lambda t, a: a.amax(1), [NANS]),
    "amin nan": (lambda t, a: t.amin(a, 0, keepdim=True), [NANS]),
    "axis": (lambda t, a: a.sum(axis=1, keepdims=True) + t.max(a, axis=0).values.unsqueeze(axis=0), [A]),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


# name: (program, array): results without gradients, compared exactly.
EXACT = {
    "argmax": (lambda t, a: a.argmax(), TIES),
    "argmax dim": (lambda t, a: t.argmax(a, 1, keepdim=True), TIES),
    "argmin": (lambda t, a: a.argmin(0), TIES),
    "argmax keepdim": (lambda t, a: a.argmax(keepdim=True), TIES),
    "max indices": (lambda t, a: a.max(1).indices, TIES),
    "any": (lambda t, a: a.any(1), INTEGERS),
    "any all": (lambda t, a: t.any(a), INTEGERS),
    "any no dims": (lambda t, a: t.any(a, dim=()), INTEGERS),
    "all": (lambda t, a: a.all(0, keepdim=True), INTEGERS),
    "any bytes": (lambda t, a: a.any(), np.array([0, 2], np.uint8)),
    "sum integers": (lambda t, a: a.sum(0), INTEGERS.astype(np.int32)),
    "sum bool": (lambda t, a: a.sum(), MASK),
    "half sum": (lambda t, a: a.sum(), np.full(5000, 1, np.float16)),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name, agree_exactly):
    agree_exactly(*EXACT[name])


def test_both_names_of_an_argument_are_refused():
    with pytest.raises(TypeError, match="'axis' and 'dim'"):
        mytorch.ones(2).sum(dim=0, axis=0)
