"""Joining and splitting against torch."""

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


A, B, ROW, CUBE = draw(3, 4), draw(3, 4), draw(4), draw(2, 3, 4)

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "cat": (lambda t, a, b: t.cat([a, b], dim=1), [A, draw(3, 2)]),
    "cat negative": (lambda t, a, b: t.cat((a, b, a), -2), [A, B]),
    "cat empty": (lambda t, a, b: t.cat([a, b]), [draw(0), A]),
    "stack": (lambda t, a, b: t.stack([a, b], 1), [A, B]),
    "stack last": (lambda t, a, b: t.stack([a, b], -1), [A, B]),
    "split": (lambda t, a: t.split(a, 3, dim=1)[1], [A]),
    "split sizes": (lambda t, a: a.split([1, 3], -1)[1], [A]),
    "split two": (lambda t, a: a.split(2, 1)[0] * a.split(2, 1)[1], [A]),
    "chunk": (lambda t, a: t.chunk(a, 2)[0], [A]),
    "unbind": (lambda t, a: a.unbind(1)[-1], [CUBE]),
    "iterate": (lambda t, a: [*a][1] * [*a][-1], [CUBE]),
    "hstack": (lambda t, a, b: t.hstack([a, b]), [A, draw(3, 2)]),
    "hstack vectors": (lambda t, a, b: t.hstack((a, b)), [ROW, draw()]),
    "vstack": (lambda t, a, b: t.vstack([a, b]), [A, ROW]),
    "concat": (lambda t, a, b: t.concat([a, b]) + t.concatenate([b, a]), [A, B]),
    "axis of a join": (lambda t, a, b: t.cat([a, b], axis=1).mean(axis=0), [A, B]),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


# name: (program over a namespace and a matrix, words that the message must have)
BAD = {
    "hstack nothing": (lambda t, x: t.hstack([]), ["non-empty"]),
    "hstack ranks": (lambda t, x: t.hstack([x[0], x]), ["1", "2"]),
    "vstack sizes": (lambda t, x: t.vstack([x, x[:, 0]]), ["4", "3"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])


@pytest.mark.parametrize("dim", [0, 1, -1, -2])
def test_each_part_of_cat_gets_its_own_gradient(dim):
    cotangent = np.arange(18.0).reshape((6, 3) if dim in {0, -2} else (3, 6))
    found = []
    for t in (torch, mytorch):
        parts = [t.zeros(3, 3, dtype=t.float64, requires_grad=True) for _ in range(2)]
        t.cat([parts[0], t.zeros(0, dtype=t.float64), parts[1]], dim).backward(t.from_numpy(cotangent))
        found.append([part.grad.tolist() for part in parts])
    assert found[1] == found[0]
