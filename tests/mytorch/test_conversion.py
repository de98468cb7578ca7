"""Conversion to other dtypes against torch."""

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


A = draw(3, 4)
TIES = np.array([[1.0, 2.0, 2.0, -1.0], [0.0, 0.0, -3.0, 0.0], [5.0, 1.0, 5.0, 5.0]])

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "cast": (lambda t, a: a.to(t.float16).to(t.float64), [A]),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


# name: (program, array): results without gradients, compared exactly.
EXACT = {
    "to int": (lambda t, a: a.to(t.int32), TIES),
    "type": (lambda t, a: a.type(t.float16), TIES),
    "bool": (lambda t, a: a.bool(), TIES),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name, agree_exactly):
    agree_exactly(*EXACT[name])


# Rounded to float32 it lies halfway between two numbers of float16, and before that above the middle.
NEAR_A_TIE = -1.39111328126


def test_float64_becomes_float16_by_way_of_float32_as_in_torch():
    found = []
    for t in (mytorch, torch):
        x = t.tensor([NEAR_A_TIE], dtype=t.float64)
        copied, written = t.zeros(1, dtype=t.float16), t.zeros(1, dtype=t.float16)
        copied.copy_(x)
        written[0] = x[0]
        half = t.ones(1, dtype=t.float16, requires_grad=True)
        (half.double() * x).sum().backward()
        made = [x.half(), t.tensor([NEAR_A_TIE], dtype=t.float16), t.full((1,), NEAR_A_TIE, dtype=t.float16)]
        found.append([each.item() for each in (*made, copied, written, half.grad)])
    assert found[0] == found[1] == [-1.390625] * 6
