"""Means, variances, products, norms and running sums against torch."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import numpy as np
import pytest

import mytorch

RNG = np.random.Generator(np.random.PCG64(7))


def draw(*shape):
    return RNG.standard_normal(shape)


A, COLUMN, CUBE = draw(3, 4), draw(3, 1), draw(2, 3, 4)
ZEROS = np.array([[0.0, 2.0, -3.0], [0.0, 0.0, 4.0], [1.5, 2.0, 3.0]])
TIES = np.array([[1.0, -2.0, 2.0, -1.0], [0.0, 0.0, 0.0, 0.0], [5.0, 1.0, -5.0, 5.0]])
NANS = np.array([[np.nan, 1.0, -2.0, 1.0], [np.inf, -1.0, 0.5, -np.inf], [0.25, np.nan, -np.inf, 3.0]])
INTEGERS = np.array([[7, -7, 0], [3, 2, -5]])
BOOLS = np.array([[True, False, True], [False, False, True]])

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "mean": (lambda t, a: a.mean(), [CUBE]),
    "mean dim": (lambda t, a: a.mean(0), [draw(3, 3)]),
    "mean dims": (lambda t, a: t.mean(a, [1, 2], keepdim=True), [CUBE]),
    "mean of nothing": (lambda t, a: a.mean(0), [draw(0, 3)]),
    "norm 1 nan": (lambda t, a: a.norm(1, 1), [NANS]),
    "norm inf nan": (lambda t, a: a.norm(float("inf"), 0), [NANS]),
    "var": (lambda t, a: t.var(a), [A]),
    "var dim": (lambda t, a: a.var(1), [A]),
    "var dims": (lambda t, a: a.var((0, 2), keepdim=True), [CUBE]),
    "var correction": (lambda t, a: a.var(dim=0, correction=0), [A]),
    "var old": (lambda t, a: t.var(a, 0, False, True), [A]),
    "var unbiased": (lambda t, a: t.var(a, unbiased=False), [A]),
    "var first argument": (lambda t, a: a.var(False), [A]),
    "std": (lambda t, a: t.std(a), [A]),
    "std dim": (lambda t, a: a.std(-1, keepdim=True), [A]),
    "std of equals": (lambda t, a: a.std(1), [np.ones((2, 3))]),
    "prod": (lambda t, a: a.prod(), [A]),
    "prod dim": (lambda t, a: t.prod(a, 1), [CUBE]),
    "prod keepdim": (lambda t, a: t.prod(a, 0, True), [A]),
    "prod zeros": (lambda t, a: a.prod(1), [ZEROS]),
    "prod zero": (lambda t, a: a[2:].prod() * a[0, 1:].prod(), [ZEROS]),
    "prod one": (lambda t, a: a.prod(1), [COLUMN]),
    "prod 0-dim": (lambda t, a: a.prod(0), [draw()]),
    "prod nothing": (lambda t, a: a.prod(), [draw(0, 2)]),
    "cumsum": (lambda t, a: a.cumsum(1), [CUBE]),
    "cumsum last": (lambda t, a: t.cumsum(a, -1), [A]),
    "cumsum 0-dim": (lambda t, a: a.cumsum(0), [draw()]),
    "cumprod": (lambda t, a: a.cumprod(1), [CUBE]),
    "cumprod last": (lambda t, a: t.cumprod(a, -1), [A]),
    "cumprod of one": (lambda t, a: a.cumprod(1), [COLUMN]),
    "cumprod 0-dim": (lambda t, a: a.cumprod(0), [draw()]),
    "cumprod nothing": (lambda t, a: a.cumprod(0), [draw(0, 2)]),
    "cumprod zeros": (lambda t, a: a.cumprod(1), [ZEROS]),
    "cumprod zeros down": (lambda t, a: a.cumprod(0), [ZEROS]),
    "logsumexp": (lambda t, a: t.logsumexp(a, 1), [A]),
    "logsumexp dims": (lambda t, a: a.logsumexp((0, -1), keepdim=True), [CUBE]),
    "logsumexp large": (lambda t, a: a.logsumexp(0), [A * 300]),
    "norm": (lambda t, a: a.norm(), [A]),
    "norm dim": (lambda t, a: t.norm(a, dim=1, keepdim=True), [A]),
    "norm dims": (lambda t, a: t.norm(a, 2, (0, 2)), [CUBE]),
    "norm 1": (lambda t, a: a.norm(1), [A]),
    "norm 3": (lambda t, a: a.norm(3, 0), [A]),
    "norm 1.5": (lambda t, a: a.norm(1.5, 0), [A]),
    "norm half": (lambda t, a: a.norm(0.5, 0), [A]),
    "norm -1": (lambda t, a: a.norm(-1, 0), [A]),
    "norm inf": (lambda t, a: a.norm(float("inf"), 1), [TIES]),
    "norm -inf": (lambda t, a: a.norm(float("-inf"), 1), [A]),
    "norm of zeros": (lambda t, a: a.norm(2, 1), [TIES]),
    "norm fro": (lambda t, a: t.norm(a, "fro"), [A]),
    "norm dtype": (lambda t, a: t.norm(a, 2, dtype=t.float64), [A]),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


# name: (program, array): results without gradients, compared exactly.
EXACT = {
    "norm 0": (lambda t, a: a.norm(0, 1), ZEROS),
    "prod integers": (lambda t, a: a.prod(1), INTEGERS.astype(np.int32)),
    "prod dtype": (lambda t, a: t.prod(a, dtype=t.float64), INTEGERS),
    "cumsum bool": (lambda t, a: a.cumsum(1), BOOLS),
    "cumsum dtype": (lambda t, a: a.cumsum(0, dtype=t.float32), INTEGERS),
    "cumprod bool": (lambda t, a: a.cumprod(1), BOOLS),
    "cumprod dtype": (lambda t, a: a.cumprod(0, dtype=t.float32), INTEGERS),
    "cumprod half": (lambda t, a: a.cumprod(0), np.array([300, 300, 0.001, 0.25], np.float16)),
    "cumprod_ of integers": (lambda t, a: a.cumprod_(0), INTEGERS.astype(np.int32)),
    "half cumsum": (lambda t, a: a.cumsum(0), np.full(3000, 1, np.float16)),
    "logsumexp of -inf": (lambda t, a: a.logsumexp(0), np.full(3, -np.inf)),
    "logsumexp of inf": (lambda t, a: a.logsumexp(1), np.array([[np.inf, 1.0], [-np.inf, 1.0]])),
    "logsumexp of nothing": (lambda t, a: a.logsumexp(0), np.zeros((0, 2))),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name, agree_exactly):
    agree_exactly(*EXACT[name])


# name: (program over a namespace and a matrix, words that the message must have)
BAD = {
    "var integers": (lambda t, x: x.long().var(), ["floating"]),
    "var dim": (lambda t, x: x.var(5), ["-2", "1", "5"]),
    "var dim twice": (lambda t, x: x.var((0, 0)), ["dim 0"]),
    "var both": (lambda t, x: x.var(0, unbiased=True, correction=0), ["unbiased", "correction"]),
    "prod dims": (lambda t, x: x.prod((0, 1)), ["prod|int"]),
    "prod dim": (lambda t, x: x.prod(5), ["-2", "1", "5"]),
    "prod keepdim": (lambda t, x: t.prod(x, keepdim=True), ["keepdim"]),
    "cumsum dim": (lambda t, x: x.cumsum(4), ["-2", "1", "4"]),
    "cumprod dim": (lambda t, x: x.cumprod(4), ["-2", "1", "4"]),
    "cumprod bool": (lambda t, x: x.cumprod(0, dtype=t.bool), ["Bool"]),
    "cumprod_ dtype": (lambda t, x: x.cumprod_(0, dtype=t.int64), ["long|int64"]),
    "logsumexp dim": (lambda t, x: x.logsumexp(9), ["-2", "1", "9"]),
    "norm integers": (lambda t, x: x.long().norm(), ["Long"]),
    "norm of three dims": (lambda t, x: x[None].norm(dim=(0, 1, 2)), ["2-tuple"]),
    "norm order": (lambda t, x: x.norm("foo"), ["foo"]),
    "norm of nothing": (lambda t, x: x[:0].norm(float("inf")), ["inf"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])


def test_a_variance_without_freedom_warns():
    with pytest.warns(UserWarning, match="degrees of freedom"):
        assert mytorch.ones(1).var().isnan()
