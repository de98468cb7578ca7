"""Views with dimensions in another order, or repeated, against torch."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import numpy as np
import pytest

RNG = np.random.Generator(np.random.PCG64(7))


def draw(*shape):
    return RNG.standard_normal(shape)


A, ROW, COLUMN, CUBE = draw(3, 4), draw(4), draw(3, 1), draw(2, 3, 4)

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "permute": (lambda t, a: a.permute(2, 0, -2), [CUBE]),
    "permute function": (lambda t, a: t.permute(a, (1, 2, 0)), [CUBE]),
    "transpose": (lambda t, a: a.transpose(0, -1), [CUBE]),
    "t": (lambda t, a: a.t(), [A]),
    "t vector": (lambda t, a: a.t(), [ROW]),
    "T": (lambda t, a: a.T, [A]),
    "mT": (lambda t, a: a.mT, [CUBE]),
    "expand": (lambda t, a: a.expand(2, -1, 4), [COLUMN]),
    "expand_as": (lambda t, a, b: a.expand_as(b), [ROW, A]),
    "movedim": (lambda t, a: t.movedim(a, 0, -1), [CUBE]),
    "movedim several": (lambda t, a: a.movedim((0, 1), (2, 0)), [CUBE]),
    "moveaxis": (lambda t, a: a.moveaxis(2, 0), [CUBE]),
    "swapaxes": (lambda t, a: t.swapaxes(a, 0, 2).swapdims(0, 1), [CUBE]),
    "broadcast_to": (lambda t, a: t.broadcast_to(a, (2, 3, 4)), [COLUMN]),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


# name: (program over a namespace and a matrix, words that the message must have)
BAD = {
    "movedim number": (lambda t, x: t.movedim(x, (0, 1), (0,)), ["[0, 1]", "[0]"]),
    "movedim repeated": (lambda t, x: t.movedim(x, (0, 0), (0, 1)), ["source", "[0, 0]"]),
    "movedim dim": (lambda t, x: t.movedim(x, 5, 0), ["-2", "1", "5"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])
