"""Elements at positions along a dimension, taken or written, against torch."""

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
PLACES = [[0, 2, 1], [1, 1, 1]]
INTEGERS = np.array([[7, -7, 0], [3, 2, -5]])
LONG = [[0, 1]]

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "gather": (lambda t, a: t.gather(a, 1, t.tensor(PLACES)), [A]),
    "gather first": (lambda t, a: a.gather(0, t.tensor(PLACES)), [A]),
    "gather int32": (lambda t, a: a.gather(-1, t.tensor(PLACES, dtype=t.int32)), [A]),
    "scatter": (lambda t, a, b: a.scatter(1, t.tensor([[0, 2], [3, 1]]), b), [A, draw(2, 2)]),
    "scatter number": (lambda t, a: t.scatter(a, 0, t.tensor(PLACES), 2.5), [A]),
    "scatter value": (lambda t, a: a.scatter(0, t.tensor(PLACES), value=2.5), [A]),
    "scatter value in place": (lambda t, a: (a * 1).scatter_(0, t.tensor(PLACES), value=t.tensor(2)), [A]),
    "scatter_add": (lambda t, a, b: a.scatter_add(0, t.tensor(PLACES), b), [A, draw(2, 3)]),
    # A number counts as one dimension of one element.
    "gather at a number": (lambda t, a: a.gather(0, t.tensor(1)), [draw(3)]),
    "gather from a number": (lambda t, a: a.gather(0, t.tensor([0, 0])), [draw()]),
    "scatter at a number": (lambda t, a, b: a.scatter(0, t.tensor(1), b), [draw(3), draw()]),
    "scatter to a number": (lambda t, a, b: a.scatter(0, t.tensor([0]), b), [draw(), draw(1)]),
    "scatter_add of a number": (lambda t, a, b: a.scatter_add(0, t.tensor([1]), b), [draw(3), draw()]),
    # Of no positions neither dtype nor rank matters.
    "gather nothing": (lambda t, a: a.gather(0, t.zeros(0, 7)), [A]),
    "scatter nothing": (lambda t, a: a.scatter(0, t.zeros(0, 7, dtype=t.uint8), t.ones_like(a)), [A]),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


# name: (program, array): results without gradients, compared exactly.
EXACT = {
    "gather integers": (lambda t, a: a.gather(1, t.tensor([[0, 0], [2, 1]])), INTEGERS),
    "gather nothing": (lambda t, a: a.gather(0, t.zeros(0, 2, dtype=t.int64)), INTEGERS),
    "scatter added": (lambda t, a: a.scatter(1, t.tensor([[0, 0]]), 3, reduce="add"), INTEGERS),
    "scatter multiplied": (lambda t, a: a.scatter_(1, t.tensor([[0, 2]]), 3, reduce="multiply"), INTEGERS),
    "scatter bools": (lambda t, a: (a > 0).scatter(1, t.tensor([[0, 2]]), True, reduce="add"), INTEGERS),
    "scatter_add integers": (lambda t, a: a.scatter_add(1, t.tensor([[0, 0]]), a), INTEGERS),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name, agree_exactly):
    agree_exactly(*EXACT[name])


# name: (program over a namespace and a matrix, words that the message must have)
BAD = {
    "scatter src and value": (lambda t, x: x.scatter(0, t.tensor([[0]]), x, value=2), ["value"]),
    "scatter a matrix as value": (lambda t, x: x.scatter(0, t.tensor([[0]]), value=x), ["value"]),
    "scatter nothing": (lambda t, x: x.scatter(0, t.tensor([[0]])), ["src|Tensor"]),
    "gather range": (lambda t, x: x.gather(1, t.tensor([[5]])), ["5", "dimension 1", "4"]),
    "gather negative": (lambda t, x: x.gather(1, t.tensor([[-1]])), ["-1", "dimension 1", "4"]),
    "gather rank": (lambda t, x: x.gather(1, t.tensor([0])), ["dimensions"]),
    "gather size": (lambda t, x: x.gather(1, t.zeros(4, 1, dtype=t.int64)), ["[4, 1]", "[3, 4]"]),
    "gather dim": (lambda t, x: x.gather(3, t.zeros(3, 1, dtype=t.int64)), ["-2", "1", "3"]),
    "gather dtype": (lambda t, x: x.gather(1, t.zeros(1, 1)), ["int32/int64"]),
    "scatter range": (lambda t, x: x.scatter(1, t.tensor([[5]]), 1.0), ["5", "dimension 1", "4"]),
    "scatter too many": (
        lambda t, x: x[0, 0].scatter(0, t.tensor([0, 0, 0]), x[0, :2]),
        ["[3]", "[2]"],
    ),
    "scatter size": (lambda t, x: x.scatter(1, t.tensor(LONG), x[:, :1]), ["[1, 2]", "[3, 1]"]),
    "scatter reduce": (lambda t, x: x.scatter(1, t.tensor(LONG), 1.0, reduce="mean"), ["add or multiply"]),
    "scatter dtype": (lambda t, x: x.scatter(1, t.tensor(LONG), x.float()), ["dtype"]),
    "scatter index dtype": (lambda t, x: x.scatter(1, x, x), ["int32/int64"]),
    "scatter_add size": (lambda t, x: x.scatter_add(1, t.tensor(LONG), x[:, :1]), ["[1, 2]", "[3, 1]"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])


def test_combined_elements_have_no_gradients():
    x = mytorch.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="reduce argument of scatter with Tensor src"):
        out = x.scatter(0, mytorch.tensor([1, 1]), mytorch.tensor([2.0, 4.0]), reduce="multiply")
    assert out.tolist() == [1, 8]
    with pytest.raises(RuntimeError, match="backward"):
        out.sum().backward()
