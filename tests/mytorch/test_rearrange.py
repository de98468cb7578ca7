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
    "repeat_interleave": (lambda t, a: t.repeat_interleave(a, 2), [A]),
    "repeat_interleave along": (lambda t, a: a.repeat_interleave(3, dim=-2), [CUBE]),
    "repeat_interleave of one": (lambda t, a: a[:1].repeat_interleave(3, 0, output_size=3), [ROW]),
    "repeat_interleave once": (lambda t, a: a.repeat_interleave(1, 0), [A]),
    "repeat_interleave never": (lambda t, a: a.repeat_interleave(0, 1), [A]),
    "repeat_interleave 0-dim": (lambda t, a: a.sum().repeat_interleave(2), [A]),
    "repeat_interleave each": (lambda t, a: a.repeat_interleave(t.tensor([2, 0, 1]), dim=0), [A]),
    "repeat_interleave each equally": (
        lambda t, a: t.repeat_interleave(a, t.tensor(2), dim=1, output_size=8),
        [A],
    ),
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
    "repeat_interleave of positions": (lambda t, a: t.repeat_interleave(a), np.array([2, 0, 3])),
    "repeat_interleave by name": (lambda t, a: t.repeat_interleave(repeats=a), np.array([1, 2], np.int32)),
    "diagonal beyond": (lambda t, a: a.diagonal(9), INTEGERS),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name, agree_exactly):
    agree_exactly(*EXACT[name])


# name: (program over a namespace and a matrix, words that the message must have)
BAD = {
    "repeat_interleave sizes": (lambda t, x: x.repeat_interleave(t.tensor([1, 2]), 0), ["2", "3"]),
    "repeat_interleave negative": (lambda t, x: x.repeat_interleave(-1), ["-1"]),
    "repeat_interleave each negative": (lambda t, x: x.repeat_interleave(t.tensor([1, -2, 0]), 0), ["-2"]),
    "repeat_interleave float": (lambda t, x: x.repeat_interleave(1.5), ["repeats", "float"]),
    "repeat_interleave list": (lambda t, x: x.repeat_interleave([1, 2, 3], 0), ["repeats", "list"]),
    "repeat_interleave floats": (lambda t, x: x.repeat_interleave(t.ones(3), 0), ["Float"]),
    "repeat_interleave rank": (lambda t, x: x.repeat_interleave(t.ones(3, 1, dtype=t.int64), 0), ["2"]),
    "repeat_interleave size": (lambda t, x: x.repeat_interleave(2, 0, output_size=5), ["6", "5"]),
    "repeat_interleave sum": (
        lambda t, x: x.repeat_interleave(t.tensor([1, 2, 0]), 0, output_size=5),
        ["5", "3"],
    ),
    "repeat_interleave positions": (lambda t, x: t.repeat_interleave(t.tensor([[1]])), ["1D"]),
    "repeat_interleave nothing": (lambda t, x: x.repeat_interleave(), ["repeats"]),
    "repeat_interleave dim": (lambda t, x: x.repeat_interleave(2, 5), ["-2", "1", "5"]),
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


def test_what_is_repeated_has_memory_of_its_own():
    x = mytorch.zeros(1, 2)
    for repeats in (1, 3):
        x.repeat_interleave(repeats, 0)[0] = 1.0
        assert x.tolist() == [[0.0, 0.0]]
    x.repeat_interleave(3, 0).add_(1)
