"""Matrix products against torch."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch

RNG = np.random.Generator(np.random.PCG64(7))


def draw(*shape):
    return RNG.standard_normal(shape)


A, ROW, CUBE = draw(3, 4), draw(4), draw(2, 3, 4)
INTEGERS = np.array([[7, -7, 0], [3, 2, -5]])

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "matmul": (lambda t, a, b: a @ b, [A, draw(4, 2)]),
    "matmul vectors": (lambda t, a, b: a @ b, [ROW, draw(4)]),
    "matmul matrix vector": (lambda t, a, b: t.matmul(a, b), [A, ROW]),
    "matmul vector matrix": (lambda t, a, b: a.matmul(b), [draw(3), A]),
    "matmul stack": (lambda t, a, b: a @ b, [draw(2, 1, 3, 4), draw(5, 4, 2)]),
    "matmul stack matrix": (lambda t, a, b: a @ b, [CUBE, draw(4, 2)]),
    "matmul stack vector": (lambda t, a, b: a @ b, [CUBE, ROW]),
    "matmul vector stack": (lambda t, a, b: a @ b, [draw(3), CUBE]),
    "matmul empty": (lambda t, a, b: a @ b, [draw(2, 0), draw(0, 3)]),
    "mm": (lambda t, a, b: t.mm(a, b), [A, draw(4, 2)]),
    "bmm": (lambda t, a, b: t.bmm(a, b), [CUBE, draw(2, 4, 5)]),
    "dot": (lambda t, a, b: a.dot(b), [ROW, draw(4)]),
    "mv": (lambda t, a, b: t.mv(a, b), [A, ROW]),
    "outer": (lambda t, a, b: a.outer(b), [ROW, draw(3)]),
    "addmm": (lambda t, a, b, c: t.addmm(a, b, c), [draw(2), draw(3, 4), draw(4, 2)]),
    "addmm factors": (
        lambda t, a, b, c: a.addmm(b, c, beta=0.5, alpha=-2),
        [draw(3, 2), draw(3, 4), draw(4, 2)],
    ),
    "addmm no beta": (
        lambda t, a, b, c: t.addmm(a, b, c, beta=0) + 0 * a.sum(),
        [draw(2), draw(3, 4), draw(4, 2)],
    ),
    "baddbmm": (
        lambda t, a, b, c: t.baddbmm(a, b, c, alpha=2),
        [draw(3, 1), draw(2, 3, 4), draw(2, 4, 5)],
    ),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


# name: (program, array): results without gradients, compared exactly.
EXACT = {
    "matmul integers": (lambda t, a: a @ a.t(), INTEGERS),
    "outer promoted": (lambda t, a: t.outer(a[0], a[1].float()), INTEGERS),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name, agree_exactly):
    agree_exactly(*EXACT[name])


# name: (program over a namespace and a matrix, words that the message must have)
BAD = {
    "mv sizes": (lambda t, x: x.mv(t.ones(3, dtype=t.float64)), ["3x4", "3"]),
    "mv rank": (lambda t, x: x[0].mv(x[0]), ["1, 1, 1"]),
    "outer rank": (lambda t, x: x.outer(x[0]), ["1-D", "2-D"]),
    "addmm sizes": (lambda t, x: t.addmm(x, x, x), ["3x4"]),
    "addmm input": (lambda t, x: t.addmm(x[:2, :3], x, x.t()), ["3", "2"]),
    "addmm dtype": (lambda t, x: t.addmm(x, x, x.t().float()), ["dtype"]),
    "baddbmm sizes": (lambda t, x: t.baddbmm(x, x[None], x[None]), ["[1, 4]", "[1, 3]"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])


def test_float16_products_are_summed_in_float32():
    a, b = draw(8, 500).astype(np.float16), draw(500, 8).astype(np.float16)
    expected = (torch.tensor(a) @ torch.tensor(b)).numpy()
    got = (mytorch.tensor(a) @ mytorch.tensor(b)).numpy()
    np.testing.assert_allclose(got, expected, rtol=2e-3, atol=2e-3)
