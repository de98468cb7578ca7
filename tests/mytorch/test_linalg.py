"""Triangular factors and systems against torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch

RNG = np.random.Generator(np.random.PCG64(7))
SQUARE = RNG.standard_normal((2, 5, 5))
DEFINITE = SQUARE @ SQUARE.swapaxes(-1, -2) + np.eye(5)
LOWER = np.tril(SQUARE) + 3 * np.eye(5)
RIGHT = RNG.standard_normal((2, 5, 3))
SINGULAR = LOWER * np.array([1, 1, 0, 1, 1])

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "cholesky": (lambda t, a: t.linalg.cholesky(a), [DEFINITE]),
    "cholesky upper": (lambda t, a: t.linalg.cholesky(a + a.tril(-1), upper=True), [DEFINITE]),
    "cholesky of a matrix": (lambda t, a: t.linalg.cholesky(a[1]) * 2, [DEFINITE]),
    "cholesky of nothing": (lambda t, a: t.linalg.cholesky(a[:, :0, :0]), [DEFINITE]),
    "solution": (lambda t, a, b: t.linalg.solve_triangular(a, b, upper=False), [LOWER, RIGHT]),
    "upper": (lambda t, a, b: t.linalg.solve_triangular(a.mT, b, upper=True), [LOWER, RIGHT]),
    "left": (lambda t, a, b: t.linalg.solve_triangular(a, b.mT, upper=False, left=False), [LOWER, RIGHT]),
    "unit": (
        lambda t, a, b: t.linalg.solve_triangular(a, b, upper=True, unitriangular=True),
        [SQUARE / 3, RIGHT],
    ),
    "broadcast": (
        lambda t, a, b: t.linalg.solve_triangular(a, b[:, None], upper=False),
        [LOWER, RIGHT],
    ),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


@pytest.mark.parametrize("upper", [False, True])
def test_a_diagonal_of_zeros_makes_infinities(upper):
    found = [
        t.linalg.solve_triangular(t.tensor(SINGULAR), t.tensor(RIGHT), upper=upper).tolist()
        for t in (mytorch, torch)
    ]
    np.testing.assert_allclose(*found, rtol=1e-12)
    assert not np.isfinite(found[0]).all()


def test_a_number_that_is_not_read_changes_nothing():
    matrix = LOWER + np.triu(np.full((5, 5), np.nan), 1)
    found = [
        t.linalg.solve_triangular(t.tensor(matrix), t.tensor(RIGHT), upper=False).tolist()
        for t in (mytorch, torch)
    ]
    np.testing.assert_allclose(*found, rtol=1e-12)


@pytest.mark.parametrize("t", [torch, mytorch], ids=["torch", "mytorch"])
def test_the_first_matrix_without_a_factor_is_named(t):
    matrices = t.eye(3).repeat(3, 1, 1)
    matrices[1, 2, 2] = -1
    with pytest.raises(t.linalg.LinAlgError, match=r"\(Batch element 1\).*order 3 is not positive-definite"):
        t.linalg.cholesky(matrices)
    with pytest.raises(RuntimeError, match=r"linalg\.cholesky: The factorization.*order 1"):
        t.linalg.cholesky(-t.eye(2))


BAD = {
    "vector": (lambda t, x: t.linalg.cholesky(x[0]), ["2 dimensions"]),
    "not square": (lambda t, x: t.linalg.cholesky(x), ["square", "3 by 4"]),
    "integers": (lambda t, x: t.linalg.cholesky(x[:, :3].long()), ["Long"]),
    "list": (lambda t, x: t.linalg.cholesky(x.tolist()), ["input", "list"]),
    "halves": (lambda t, x: t.linalg.cholesky(x[:, :3].half()), ["Half"]),
    "sizes": (lambda t, x: t.linalg.solve_triangular(x[:, :3], x.mT, upper=True), ["3x3", "4x3"]),
    "sizes from the right": (
        lambda t, x: t.linalg.solve_triangular(x[:, :3], x, upper=True, left=False),
        ["XA = B", "3x3", "3x4"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])
