"""Sorted elements, their positions and the distinct ones against torch."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import numpy as np
import pytest

import mytorch

RNG = np.random.Generator(np.random.PCG64(7))


def draw(*shape):
    return RNG.standard_normal(shape)


A = draw(3, 4)
TIES = np.array([[1.0, -2.0, 2.0, -1.0], [0.0, 0.0, 0.0, 0.0], [5.0, 1.0, -5.0, 5.0]])
NANS = np.array([[2.0, np.nan, 1.0, np.nan, 2.0], [3.0, -1.0, np.inf, 3.0, -np.inf]])
INTEGERS = np.array([[7, -7, 0], [3, 2, -5]])
BOOLS = np.array([[True, False, True], [False, False, True]])
REPEATED = np.array([3, 1, 1, 2, 3, 3])

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "sort": (lambda t, a: t.sort(a).values, [A]),
    "sort descending": (lambda t, a: a.sort(0, descending=True)[0], [TIES]),
    "sort 0-dim": (lambda t, a: a.sort().values, [draw()]),
    "topk": (lambda t, a: t.topk(a, 2).values, [A]),
    "median": (lambda t, a: t.median(a), [A]),
    "median of ties": (lambda t, a: a.median(), [TIES]),
    "median of nan": (lambda t, a: a.median(), [NANS]),
    "median of nothing": (lambda t, a: a[:0].median(), [A]),
    "median 0-dim": (lambda t, a: a.median(), [np.array(2.0)]),
    "median along": (lambda t, a: t.median(a, 1).values, [A]),
    "median kept": (lambda t, a: a.median(dim=0, keepdim=True)[0], [A]),
    "median of nan along": (lambda t, a: a.median(1).values, [NANS]),
    "median 0-dim along": (lambda t, a: a.median(0)[0], [np.array(2.0)]),
    "topk smallest": (lambda t, a: a.topk(2, dim=0, largest=False)[0], [A]),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


# name: (program, array): results without gradients, compared exactly.
EXACT = {
    "sort indices": (lambda t, a: t.sort(a, stable=True).indices, NANS),
    "sort values with nan": (lambda t, a: a.sort(descending=True).values, NANS),
    "sort integers": (lambda t, a: a.sort(0).values, INTEGERS),
    "sort bool": (lambda t, a: a.sort().indices, BOOLS),
    "argsort": (lambda t, a: t.argsort(a, stable=True), NANS),
    "argsort descending": (lambda t, a: a.argsort(dim=1, descending=True, stable=True), TIES),
    "topk indices": (lambda t, a: a.topk(2).indices, INTEGERS),
    "topk 0-dim": (lambda t, a: a.topk(1).indices, np.array(2.0)),
    "median indices": (lambda t, a: a.median(axis=0).indices, A),
    "median indices of nan": (lambda t, a: a.median(1, True)[1], NANS),
    "median of integers": (lambda t, a: a.median(), INTEGERS),
    "median of rows without elements": (lambda t, a: a[:0].median(1).indices, INTEGERS),
    "nonzero": (lambda t, a: t.nonzero(a), INTEGERS),
    "nonzero of one": (lambda t, a: a.nonzero(), np.array(1.0)),
    "nonzero tuple": (lambda t, a: t.stack(a.nonzero(as_tuple=True)), INTEGERS),
    "unique": (lambda t, a: t.unique(a), INTEGERS),
    "unique inverse": (lambda t, a: a.unique(return_inverse=True)[1], REPEATED),
    "unique counts": (lambda t, a: t.unique(a, return_inverse=True, return_counts=True)[2], REPEATED),
    "unique rows": (lambda t, a: t.unique(a, dim=0), np.array([[1, 2], [0, 1], [1, 2]])),
    "unique nan": (lambda t, a: t.unique(a), np.array([np.nan, 1.0, np.nan])),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name, agree_exactly):
    agree_exactly(*EXACT[name])


# name: (program over a namespace and a matrix, words that the message must have)
BAD = {
    "median of bools": (lambda t, x: (x > 0).median(), ["Bool"]),
    "median of nothing along": (lambda t, x: x[:0].median(0), ["dim 0", "non-zero"]),
    "median kept without dim": (lambda t, x: x.median(keepdim=True), ["dim"]),
    "median along two": (lambda t, x: x.median(dim=(0, 1)), ["dim", "tuple"]),
    "sort dim": (lambda t, x: x.sort(5), ["-2", "1", "5"]),
    "argsort dim": (lambda t, x: x.argsort(7), ["-2", "1", "7"]),
    "topk k": (lambda t, x: x.topk(9), ["k"]),
    "topk dim": (lambda t, x: x.topk(1, 4), ["-2", "1", "4"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])


def test_results_have_names():
    values, indices = mytorch.tensor([3.0, 1.0]).sort()
    assert values.tolist() == [1.0, 3.0]
    assert indices.tolist() == [1, 0]
