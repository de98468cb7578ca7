"""Other shapes of the same elements, and copies, against torch."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import numpy as np
import pytest

RNG = np.random.Generator(np.random.PCG64(7))


def draw(*shape):
    return RNG.standard_normal(shape)


A, CUBE = draw(3, 4), draw(2, 3, 4)
INTEGERS = np.array([[7, -7, 0], [3, 2, -5]])

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "unsqueeze": (lambda t, a: t.unsqueeze(a, 1), [A]),
    "unsqueeze last": (lambda t, a: a.unsqueeze(-1), [A]),
    "squeeze": (lambda t, a: a.squeeze(), [draw(1, 3, 1)]),
    "squeeze dim": (lambda t, a: a.squeeze(-1), [draw(1, 3, 1)]),
    "squeeze dims": (lambda t, a: t.squeeze(a, (0, 1)), [draw(1, 3, 1)]),
    "squeeze no dims": (lambda t, a: t.squeeze(a, ()), [draw(1, 3, 1)]),
    "reshape": (lambda t, a: a.reshape(4, -1), [CUBE]),
    "reshape transposed": (lambda t, a: t.reshape(a.t(), (2, 6)), [A]),
    "reshape nothing": (lambda t, a: a.reshape(3, 0), [draw(0, 2)]),
    "view": (lambda t, a: a.view(-1), [CUBE]),
    "view tuple": (lambda t, a: a.view((6, 4)), [CUBE]),
    "flatten": (lambda t, a: a.flatten(1), [CUBE]),
    "flatten 0-dim": (lambda t, a: a.flatten(), [draw()]),
    "clone": (lambda t, a: a.clone(), [A]),
    "contiguous": (lambda t, a: a.t().contiguous(), [A]),
    "unflatten": (lambda t, a: a.unflatten(1, (2, -1)), [A]),
    "ravel": (lambda t, a: a.t().ravel(), [A]),
    "keywords": (
        lambda t, a: (
            a.view(size=(6, 4)).reshape(shape=(2, 3, 4)).permute(dims=(2, 0, 1)).expand(size=(-1, 2, 3))
        ),
        [CUBE],
    ),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


# name: (program, array): results without gradients, compared exactly.
EXACT = {
    "view_as": (lambda t, a: a.view_as(t.zeros(3, 2)), INTEGERS),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name, agree_exactly):
    agree_exactly(*EXACT[name])


# name: (program over a namespace and a matrix, words that the message must have)
BAD = {
    "unflatten": (lambda t, x: x.unflatten(1, (2, 3)), ["[2, 3]", "dim 1", "4"]),
    "unflatten nothing": (lambda t, x: x.unflatten(1, ()), ["non-empty"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])
