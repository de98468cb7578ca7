"""Sums, differences, products, quotients and remainders against torch."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

import mytorch

RNG = np.random.Generator(np.random.PCG64(7))


def draw(*shape):
    return RNG.standard_normal(shape)


def positive(*shape):
    return np.abs(draw(*shape)) + 0.5


A, B, ROW, COLUMN = draw(3, 4), draw(3, 4), draw(4), draw(3, 1)
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e300, 1e-310, 50.0, -800.0, 800.0])
POSITIVE = positive(3, 4)
NANS = np.array([[2.0, np.nan, 1.0, np.nan, 2.0], [3.0, -1.0, np.inf, 3.0, -np.inf]])
INTEGERS = np.array([[7, -7, 0], [3, 2, -5]])

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "add": (lambda t, a, b: a + b, [A, B]),
    "add broadcast": (lambda t, a, b: a + b, [A, COLUMN]),
    "add scalar": (lambda t, a: 2 + a + 1.5, [A]),
    "add alpha": (lambda t, a, b: t.add(a, b, alpha=2.5), [A, ROW]),
    "sub": (lambda t, a, b: a - b, [A, ROW]),
    "sub alpha": (lambda t, a, b: a.sub(b, alpha=-2), [A, ROW]),
    "rsub": (lambda t, a: 1 - a, [A]),
    "mul": (lambda t, a, b: a * b, [A, COLUMN]),
    "mul scalar": (lambda t, a: 3 * a * 0.5, [A]),
    "square": (lambda t, a: a * a, [A]),
    "div": (lambda t, a, b: a / b, [A, positive(4)]),
    "rdiv": (lambda t, a: 2 / a, [positive(3, 2)]),
    "div floor": (lambda t, a, b: t.div(a, b, rounding_mode="floor"), [A * 5, positive(4)]),
    "div trunc": (lambda t, a, b: a.div(b, rounding_mode="trunc"), [A * 5, positive(4)]),
    "neg": (lambda t, a: -a, [A]),
    "div special": (lambda t, a, b: a / b, [SPECIAL, SPECIAL[::-1].copy()]),
    "used twice": (lambda t, a: a * a + a.exp() * a, [A]),
    "remainder": (lambda t, a, b: a % b, [A * 5, draw(4)]),
    "remainder by number": (lambda t, a: t.remainder(a, -1.5), [A * 5]),
    "other names": (lambda t, a, b: t.multiply(a, b).subtract(a).negative().divide(b).absolute(), [A, B]),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


# name: (program, array): results without gradients, compared exactly.
EXACT = {
    "floor division": (lambda t, a: a // 2, INTEGERS),
    "trunc division": (lambda t, a: t.div(a, 2, rounding_mode="trunc"), INTEGERS),
    "trunc division negative": (lambda t, a: t.div(a, -4, rounding_mode="trunc"), INTEGERS),
    "bytes wrap": (lambda t, a: a + 300, np.array([1, 255], np.uint8)),
    "remainder of nothing by zero": (lambda t, a: a[:0] % 0, INTEGERS),
    "division of nothing by zero": (lambda t, a: a[:0] // t.tensor([1, 0, 2]), INTEGERS),
    "remainder integers": (lambda t, a: a % 4, INTEGERS),
    "remainder negative": (lambda t, a: t.remainder(a, -4), INTEGERS),
    "remainder by zero": (lambda t, a: a % 0, NANS),
    "remainder of number": (lambda t, a: 5 % a, NANS),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name, agree_exactly):
    agree_exactly(*EXACT[name])


# name: (program over a namespace and a matrix, words that the message must have)
BAD = {
    "remainder sizes": (lambda t, x: t.remainder(x, t.ones(5)), ["4", "5"]),
    "remainder by zero": (lambda t, x: x.long() % 0, ["ZeroDivision"]),
    "remainder bools": (lambda t, x: t.remainder(x.bool(), x.bool()), ["Bool"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])


# torch's forms from before `alpha` was given by name.
OLD = {
    "add": lambda t, x: x.add(2, t.tensor(ROW)),
    "function": lambda t, x: t.add(x, -0.5, t.tensor(A)),
    "sub": lambda t, x: x.sub(2.5, t.tensor(COLUMN)),
    "add in place": lambda t, x: (x * 1).add_(2, x),
    "add a number in place": lambda t, x: (x * 1).detach().add_(2, 3),
    "sub in place": lambda t, x: (x * 1).detach().sub_(t.tensor(2), t.tensor(ROW)),
    "addcmul": lambda t, x: x.addcmul(2, t.tensor(A), t.tensor(B)),
    "addcdiv in place": lambda t, x: (x * 1).addcdiv_(-0.5, t.tensor(A), t.tensor(POSITIVE)),
}
BAD_OLD = {
    "two factors": lambda t, x: x.add(2, x, alpha=3),
    "three operands": lambda t, x: x.add(2, x, x),
    "a matrix as a factor": lambda t, x: x.add(x, x),
    "a float factor of integers": lambda t, x: x.long().add_(2.5, x.long()),
    "a text as a factor": lambda t, x: x.addcmul("a", x, x),
    "four operands": lambda t, x: x.addcdiv(2, x, x, x),
}


@pytest.mark.parametrize("name", OLD)
def test_old_forms_are_taken_with_a_warning(name):
    found = []
    for t in (torch, mytorch):
        x = t.tensor(A, requires_grad=True)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            out = OLD[name](t, x)
        found.append(out.detach().numpy())
        # torch warns once per process.
        assert t is torch or ["deprecated" in str(each.message) for each in caught] == [True]
    np.testing.assert_allclose(*found, rtol=1e-13)


@pytest.mark.parametrize("name", BAD_OLD)
@pytest.mark.filterwarnings("ignore:This overload:UserWarning")
def test_bad_old_forms(name, fail_alike):
    fail_alike(BAD_OLD[name], [])
