"""Reversed, shifted, repeated and triangular copies, and diagonals, against torch."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import numpy as np
import pytest

import mytorch

RNG = np.random.Generator(np.random.PCG64(7))


def draw(*shape):
    return RNG.standard_normal(shape)


A, ROW, CUBE = draw(3, 4), draw(4), draw(2, 3, 4)
INTEGERS = np.array([[7, -7, 0], [3, 2, -5]])

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "flip": (lambda t, a: t.flip(a, (0, 2)), [CUBE]),
    "flip one": (lambda t, a: a.flip(-1), [A]),
    "roll": (lambda t, a: t.roll(a, (1, -2), (0, 2)), [CUBE]),
    "roll flat": (lambda t, a: a.roll(5), [A]),
    "tril": (lambda t, a: t.tril(a, -1), [CUBE]),
    "triu": (lambda t, a: a.triu(1), [A]),
    "diagonal": (lambda t, a: t.diagonal(a), [A]),
    "diagonal of stack": (lambda t, a: a.diagonal(-1, 1, 2), [CUBE]),
    "diagonal first": (lambda t, a: a.diagonal(1, dim1=-1, dim2=0), [CUBE]),
    "repeat": (lambda t, a: a.repeat(2, 3), [A]),
    "repeat new": (lambda t, a: a.repeat(2, 1, 3), [ROW]),
    "repeat nothing": (lambda t, a: a.repeat((0, 2)), [A]),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


# name: (program, array): results without gradients, compared exactly.
EXACT = {
    "diagonal beyond": (lambda t, a: a.diagonal(9), INTEGERS),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name, agree_exactly):
    agree_exactly(*EXACT[name])


# name: (program over a namespace and a matrix, words that the message must have)
BAD = {
    "flip twice": (lambda t, x: x.flip(0, 0), ["dim 0"]),
    "flip dim": (lambda t, x: x.flip(3), ["-2", "1", "3"]),
    "roll": (lambda t, x: x.roll((1, 2), (0,)), ["2", "1"]),
    "roll flat": (lambda t, x: x.roll((1, 2)), ["2", "0"]),
    "roll dim": (lambda t, x: x.roll(1, 3), ["-2", "1", "3"]),
    "tril": (lambda t, x: x[0].tril(), ["2"]),
    "diagonal": (lambda t, x: x.diagonal(0, 1, 1), ["1, 1"]),
    "repeat": (lambda t, x: x.repeat(2), ["repeat"]),
    "repeat negative": (lambda t, x: x.repeat(2, -1), ["negative"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])


def test_a_diagonal_is_a_view():
    x = mytorch.zeros(2, 2)
    x.diagonal().fill_(1)
    assert x.tolist() == [[1.0, 0.0], [0.0, 1.0]]
