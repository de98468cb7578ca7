"""addcmul, addcdiv and lerp against torch."""

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


def positive(*shape):
    return np.abs(draw(*shape)) + 0.5


A, B, ROW, POSITIVE = draw(3, 4), draw(3, 4), draw(4), positive(3, 4)

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "addcmul": (lambda t, a, b, c: t.addcmul(a, b, c, value=0.5), [A, B, ROW]),
    "addcdiv": (lambda t, a, b, c: a.addcdiv(b, c, value=-2), [A, B, POSITIVE]),
    "lerp": (lambda t, a, b: t.lerp(a, b, 0.25), [A, ROW]),
    "lerp far": (lambda t, a, b: a.lerp(b, 0.75), [A, ROW]),
    "lerp weights": (lambda t, a, b, c: t.lerp(a, b, c), [A, B, np.array([0.0, 0.3, 0.7, 1.0])]),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


# name: (program over a namespace and a matrix, words that the message must have)
BAD = {
    "addcmul sizes": (lambda t, x: t.addcmul(x, x, t.ones(5)), ["4", "5"]),
    "addcdiv integers": (lambda t, x: t.addcdiv(x, x.long(), x.long()), ["Integer division"]),
    "lerp dtype": (lambda t, x: t.lerp(x, x.float(), 1), ["end", "float"]),
    "lerp weight dtype": (lambda t, x: t.lerp(x, x, x.float()), ["weight", "float"]),
    "lerp integers": (lambda t, x: t.lerp(x.long(), x.long(), 1), ["Long"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])


@pytest.mark.parametrize("name", ["addcmul", "addcdiv"])
def test_a_gradient_is_summed_after_the_product_as_torch_sums_it(name):
    def gradient(t):
        first, second, third = (
            t.tensor(values, dtype=t.float64)
            for values in ([[[1.0, 2.0]], [[3.0, 4.0]]], [[float("-inf")], [1.0]], [1.0, 2.0])
        )
        third.requires_grad_()
        out = getattr(t, name)(first, second, third)
        out.backward(t.tensor([[[1.0, 2.0], [3.0, 4.0]], [[-5.0, 6.0], [7.0, 8.0]]], dtype=t.float64))
        return third.grad.numpy()

    np.testing.assert_array_equal(gradient(mytorch), gradient(torch))
