"""nn.Linear and functional.linear: torch's values, gradients, initialisation, repr and errors."""

from __future__ import annotations

import warnings
from math import sqrt

import numpy as np
import pytest
import torch

import mytorch
from mytorch import nn

DTYPES = {"float16": 2e-3, "float32": 1e-5, "float64": 1e-13}


def draw(dtype, *shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


def leaves(t, *arrays):
    return [t.tensor(a, requires_grad=True) for a in arrays]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("features", [(3, 4), (1, 1), (4, 1), (1, 4), (0, 3), (3, 0)])
@pytest.mark.parametrize("batch", [(), (1,), (5,), (0,), (2, 5), (2, 0), (2, 3, 4)])
def test_values_and_gradients(batch, features, with_bias, dtype):
    inputs, outputs = features
    arrays = [draw(dtype, *batch, inputs), draw(dtype, outputs, inputs)]
    if with_bias:
        arrays.append(draw(dtype, outputs))
    cotangent = draw(dtype, *batch, outputs, seed=1)
    results = []
    for t in (mytorch, torch):
        given = leaves(t, *arrays)
        y = t.nn.functional.linear(*given)
        y.backward(t.tensor(cotangent))
        results.append([y.detach().numpy(), *(x.grad.numpy() for x in given)])
    for got, expected in zip(*results, strict=True):
        assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
        np.testing.assert_allclose(got, expected, rtol=DTYPES[dtype], atol=4 * DTYPES[dtype])


def test_the_input_may_be_strided_any_way():
    x, w = draw("float64", 3, 5, 4), draw("float64", 2, 3)
    results = []
    for t in (mytorch, torch):
        given, weight = leaves(t, x, w)
        y = t.nn.functional.linear(given.permute(2, 1, 0)[::2, 1:], weight)
        (y * y).sum().backward()
        results.append([y.detach().numpy(), given.grad.numpy(), weight.grad.numpy()])
    for got, expected in zip(*results, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-13)


@pytest.mark.parametrize("bias", [(), (1,), (1, 1), (1, 4), (2, 4), (2, 1)])
def test_a_bias_may_broadcast(bias):
    arrays = [draw("float64", 2, 3), draw("float64", 4, 3), draw("float64", *bias)]
    results = []
    for t in (mytorch, torch):
        given = leaves(t, *arrays)
        y = t.nn.functional.linear(*given)
        (y * y).sum().backward()
        results.append([y.detach().numpy(), *(x.grad.numpy() for x in given)])
    for got, expected in zip(*results, strict=True):
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=1e-13)


def test_a_weight_of_one_dimension_gives_one_output():
    arrays = [draw("float64", 2, 3), draw("float64", 3)]
    got, expected = (t.nn.functional.linear(*map(t.tensor, arrays)) for t in (mytorch, torch))
    np.testing.assert_allclose(got.numpy(), expected.numpy(), rtol=1e-14)


def test_integers_are_multiplied_exactly():
    arrays = [np.arange(6).reshape(2, 3), np.arange(12).reshape(4, 3), np.arange(4)]
    got, expected = (t.nn.functional.linear(*map(t.tensor, arrays)) for t in (mytorch, torch))
    assert got.tolist() == expected.tolist()
    assert got.dtype is mytorch.int64


def test_gradients_that_nobody_needs_are_not_made():
    linear = nn.Linear(3, 4)
    linear.weight.requires_grad_(False)
    x = mytorch.ones(2, 3)
    linear(x).sum().backward()
    assert x.grad is None
    assert linear.weight.grad is None
    assert linear.bias.grad.tolist() == [2.0] * 4


def test_a_weight_changed_in_place_before_backward_is_noticed():
    linear = nn.Linear(3, 4)
    y = linear(mytorch.ones(2, 3, requires_grad=True))
    with mytorch.no_grad():
        linear.weight.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_a_weight_may_change_when_only_its_own_gradient_is_asked_for():
    linear = nn.Linear(3, 4)
    y = linear(mytorch.ones(2, 3))
    with mytorch.no_grad():
        linear.weight.zero_()
    y.sum().backward()
    assert linear.weight.grad.tolist() == [[2.0] * 3] * 4


BAD_CALLS = {
    "features": ((2, 3), (4, 5), None),
    "features, one row": ((3,), (4, 5), (4,)),
    "features, many rows": ((2, 2, 3), (4, 5), None),
    "scalar input": ((), (4, 3), None),
    "scalar weight": ((2, 3), (), None),
    "weight of three dimensions": ((2, 3), (4, 3, 1), None),
    "weight of one dimension with a bias": ((2, 3), (3,), (1,)),
    "bias": ((2, 3), (4, 3), (5,)),
    "bias, one row": ((3,), (4, 3), (5,)),
    "bias, many rows": ((2, 2, 3), (4, 3), (5,)),
    "bias with too many rows": ((3,), (4, 3), (2, 4)),
}


@pytest.mark.parametrize(("x", "w", "b"), BAD_CALLS.values(), ids=BAD_CALLS.keys())
def test_bad_shapes_raise_what_torch_raises(x, w, b):
    def call(t):
        return t.nn.functional.linear(t.ones(x), t.ones(w), None if b is None else t.ones(b))

    with pytest.raises(Exception) as expected:  # noqa: PT011 - whatever torch raises
        call(torch)
    with pytest.raises(expected.type) as raised:
        call(mytorch)
    assert str(raised.value) == str(expected.value)


BAD_DTYPES = [
    ("float32", "float64", None),
    ("float64", "float32", None),
    ("float16", "float32", None),
    ("int64", "float32", None),
    ("float32", "float64", "float32"),
    ("float32", "float32", "float64"),
    ("float64", "float32", "float32"),
    ("bool", "bool", None),
]


@pytest.mark.parametrize(("x", "w", "b"), BAD_DTYPES)
def test_bad_dtypes_raise_what_torch_raises(x, w, b):
    def call(t):
        bias = None if b is None else t.zeros(4, dtype=getattr(t, b))
        return t.nn.functional.linear(
            t.zeros(2, 3, dtype=getattr(t, x)), t.zeros(4, 3, dtype=getattr(t, w)), bias
        )

    with pytest.raises(Exception) as expected:  # noqa: PT011 - whatever torch raises
        call(torch)
    with pytest.raises(expected.type) as raised:
        call(mytorch)
    assert str(raised.value) == str(expected.value)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_what_is_no_tensor_is_named(position):
    def call(t):
        arguments = [t.ones(2, 3), t.ones(4, 3), t.ones(4)]
        arguments[position] = [1]
        return t.nn.functional.linear(*arguments)

    with pytest.raises(TypeError) as expected:
        call(torch)
    with pytest.raises(TypeError) as raised:
        call(mytorch)
    assert str(raised.value) == str(expected.value)


@pytest.mark.parametrize("bias", [True, False])
def test_repr(bias):
    assert repr(nn.Linear(3, 4, bias=bias)) == repr(torch.nn.Linear(3, 4, bias=bias))


def test_parameters_are_drawn_evenly_within_torchs_bounds():
    mytorch.manual_seed(1)
    linear = nn.Linear(16, 4000)
    for parameter in (linear.weight, linear.bias):
        drawn = parameter.detach().numpy() * sqrt(16)  # U(-1, 1)
        assert drawn.min() >= -1
        assert drawn.max() <= 1
        # Ten standard errors of the mean and of the second moment of so many draws.
        assert abs(drawn.mean()) < 10 * sqrt(1 / 3 / drawn.size)
        assert abs((drawn**2).mean() - 1 / 3) < 10 * sqrt(4 / 45 / drawn.size)


def test_the_seed_decides_what_is_drawn():
    drawn = []
    for seed in (5, 5, 6):
        mytorch.manual_seed(seed)
        drawn.append(nn.Linear(3, 4).weight.tolist())
    assert drawn[0] == drawn[1] != drawn[2]


def test_dtype_and_layout():
    linear = nn.Linear(3, 4, device="cpu", dtype=mytorch.float64)
    assert linear.weight.dtype is linear.bias.dtype is mytorch.float64
    assert (linear.weight.shape, linear.bias.shape) == ((4, 3), (4,))
    assert linear.weight.requires_grad
    assert linear.weight.is_leaf
    assert nn.Linear(3, 4, bias=False).bias is None


def test_another_device_is_refused():
    with pytest.raises(AssertionError, match="cuda"):
        nn.Linear(3, 4, device="cuda")


@pytest.mark.parametrize("sizes", [(-1, 3), (3, -1), (2.5, 3)])
def test_bad_sizes_raise_what_torch_raises(sizes):
    with pytest.raises((RuntimeError, TypeError)) as expected:
        torch.nn.Linear(*sizes)
    with pytest.raises(expected.type):
        nn.Linear(*sizes)


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0)])
def test_a_layer_without_elements_warns_as_torch_does(sizes):
    for t in (torch, mytorch):
        with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
            linear = t.nn.Linear(*sizes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert linear(mytorch.ones(2, sizes[0])).shape == (2, sizes[1])
