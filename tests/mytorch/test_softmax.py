"""softmax and log_softmax against torch: values, gradients, shapes, dtypes and errors."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch

CALLS = {
    "softmax": [{"dim": -1}, {"dim": 0}],
    "log_softmax": [{"dim": -1}, {"dim": 0}],
}
RUNS = [(name, options) for name, each in CALLS.items() for options in each]

# Ordinary numbers, zeros of both signs, and where exponentials leave the range.
VALUES = np.array(
    [[-800.0, -40.0, -2.5, -1.0, -1e-9], [-0.0, 0.0, 0.3, 1.0, 2.5], [15.0, 19.0, 30.0, 100.0, 800.0]]
)


def both(call):
    return [call(t) for t in (mytorch, torch)]


def outcome(call, t):
    try:
        return repr(call(t)).replace("mytorch", "torch")
    except Exception as error:  # noqa: BLE001 - the class is what is compared
        return type(error).__name__


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 3e-14), ("float32", 3e-6)])
@pytest.mark.parametrize(("name", "options"), RUNS)
def test_values_and_gradients(name, options, dtype, rtol):
    def run(t):
        x = t.tensor(VALUES.astype(dtype), requires_grad=True)
        y = getattr(t.nn.functional, name)(x, **options)
        y.backward(t.tensor(np.linspace(-1, 2, 15).reshape(3, 5).astype(dtype)))
        return y.detach().numpy(), x.grad.numpy()

    for got, expected in zip(*both(run), strict=True):
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol=rtol, atol=1e-13 if dtype == "float64" else 1e-6)


@pytest.mark.parametrize("row", [[-np.inf, 0.0], [-np.inf, -np.inf], [np.inf, 0.0], [np.nan, 0.0]])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_of_infinities(name, row):
    got, expected = both(lambda t: getattr(t, name)(t.tensor(row), 0).numpy())
    np.testing.assert_allclose(got, expected, rtol=1e-6)


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (3, 0), (2, 3, 4)])
@pytest.mark.parametrize("dtype", [None, "float64"])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_of_any_shape(name, dtype, shape):
    array = np.random.default_rng(0).standard_normal(shape).astype(np.float32)

    def run(t):
        x = t.tensor(array, requires_grad=True)
        y = getattr(t, name)(x, -1, dtype and getattr(t, dtype))
        y.backward(t.ones_like(y) * y.detach())
        return y.detach().numpy(), x.grad.numpy()

    for got, expected in zip(*both(run), strict=True):
        assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_softmax_is_a_method_too():
    x = mytorch.tensor([[1.0, 2.0]])
    assert mytorch.equal(x.softmax(1), mytorch.softmax(x, 1))
    assert mytorch.equal(x.log_softmax(dim=-1), mytorch.log_softmax(x, 1))


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_without_a_dim_warns_and_chooses_as_torch(name, rank):
    def run(t):
        x = t.tensor(np.arange(8.0)[: 2**rank].reshape([2] * rank))
        with pytest.warns(UserWarning, match="Implicit dimension choice"):
            return getattr(t.nn.functional, name)(x).numpy()

    got, expected = both(run)
    np.testing.assert_allclose(got, expected)


BAD = {
    "softmax of integers": lambda t: t.softmax(t.tensor([1]), 0),
    "softmax to integers": lambda t: t.softmax(t.ones(2), 0, dtype=t.int64),
    "softmax from integers": lambda t: t.softmax(t.tensor([1, 2]), 0, dtype=t.float64),
    "softmax dim": lambda t: t.softmax(t.ones(2, 3), 2),
    "softmax dim of a kind": lambda t: t.softmax(t.ones(2, 3), 1.5),
    "log_softmax of text": lambda t: t.log_softmax("x", 0),
}


@pytest.mark.parametrize("call", BAD.values(), ids=BAD)
def test_what_torch_refuses(call):
    got, expected = outcome(call, mytorch), outcome(call, torch)
    assert got == expected


MODULES = [
    lambda t: t.nn.Softmax(-1),
    lambda t: t.nn.LogSoftmax(1),
]


@pytest.mark.parametrize("make", MODULES)
def test_modules(make):
    ours, theirs = both(make)
    assert repr(ours) == repr(theirs)
    got, expected = both(lambda t: make(t)(t.tensor(VALUES)).numpy())
    np.testing.assert_allclose(got, expected, rtol=1e-14, atol=1e-14)
