"""Einstein's summation against torch."""

# Every program takes the namespace, whether it needs it or not.

from __future__ import annotations

import numpy as np
import pytest

RNG = np.random.Generator(np.random.PCG64(7))


def draw(*shape):
    return RNG.standard_normal(shape)


A, ROW, CUBE, SQUARE = draw(3, 4), draw(4), draw(2, 3, 4), draw(3, 3)
INTEGERS = np.array([[7, -7, 0], [3, 2, -5]])

# The arrays of each equation.
EINSUMS = {
    "ij,jk->ik": [A, draw(4, 2)],
    "ij,jk": [A, draw(4, 2)],
    "ii->i": [SQUARE],
    "ii": [SQUARE],
    "iij->j": [draw(3, 3, 2)],
    "ij->": [A],
    "ba": [A],
    "i,j->ij": [ROW, draw(3)],
    "bij, bjk -> bik": [CUBE, draw(2, 4, 5)],
    "...ij,...jk->...ik": [draw(2, 1, 3, 4), draw(5, 4, 2)],
    "...i->...": [A],
    "i...": [A],
    "ij,ij->": [draw(1, 4), A],
    "a,ab,abc->c": [draw(2), draw(2, 3), CUBE],
    "ij,kl->i": [A, draw(2, 5)],
    "...,...->...": [A, ROW],
    "ij,j": [draw(2, 0), draw(0)],
    "iJ->Ji": [A],
    "bhqd,bhkd->bhqk": [draw(2, 2, 3, 4), draw(2, 2, 5, 4)],
}


def einsum(equation):
    return lambda t, *x: t.einsum(equation, *x)


CASES = {f"einsum {equation}": (einsum(equation), arrays) for equation, arrays in EINSUMS.items()}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


# name: (program, array): results without gradients, compared exactly.
EXACT = {
    "einsum integers": (lambda t, a: t.einsum("ij,kj->ik", a, a), INTEGERS),
    "einsum list": (lambda t, a: t.einsum("ij,kj->ik", [a, a]), INTEGERS),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name, agree_exactly):
    agree_exactly(*EXACT[name])


# name: (program over a namespace and a matrix, words that the message must have)
BAD = {
    "einsum sizes": (lambda t, x: t.einsum("ij,jk->ik", x, x), ["j", "3", "4"]),
    "einsum output": (lambda t, x: t.einsum("ij->ijk", x), ["k"]),
    "einsum output twice": (lambda t, x: t.einsum("ij->ii", x), ["i"]),
    "einsum few": (lambda t, x: t.einsum("ij,j", x), ["fewer"]),
    "einsum many": (lambda t, x: t.einsum("ij", x, x), ["more"]),
    "einsum rank": (lambda t, x: t.einsum("ijk", x), ["3", "2", "operand 0"]),
    "einsum letter": (lambda t, x: t.einsum("i1->i", x), ["index 1"]),
    "einsum diagonal": (lambda t, x: t.einsum("ii->i", x), ["i", "3", "4"]),
    "einsum dtypes": (lambda t, x: t.einsum("ij,ij->", x, x.float()), ["Double", "Float"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])
