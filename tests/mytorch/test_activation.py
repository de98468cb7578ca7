"""Activations against torch: values, gradients, dtypes and errors, as functions and as layers."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
import torch

import mytorch

CALLS = {
    "leaky_relu": [{}, {"negative_slope": 0.3}, {"negative_slope": -0.5}],
    "elu": [{}, {"alpha": 0.5}],
    "gelu": [{}, {"approximate": "tanh"}],
    "silu": [{}],
    "softplus": [{}, {"beta": 2, "threshold": 3}, {"beta": 0.5}],
    "logsigmoid": [{}],
    "hardtanh": [{}, {"min_val": -0.25, "max_val": 2.0}],
}
RUNS = [(name, options) for name, each in CALLS.items() for options in each]
KEEP_IN_PLACE = ("leaky_relu", "elu", "silu", "hardtanh", "relu")

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


@pytest.mark.parametrize("special", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize(("name", "options"), RUNS)
def test_infinities_and_nan(name, options, special):
    if name == "gelu" and special == np.inf:
        # torch gives nan from its scalar loop and inf from its vector loop.
        assert mytorch.nn.functional.gelu(mytorch.tensor([special])).item() == special
        return
    got, expected = both(
        lambda t: getattr(t.nn.functional, name)(t.tensor([special, 0.5]), **options).numpy()
    )
    np.testing.assert_allclose(got, expected, rtol=1e-6)


@pytest.mark.parametrize("name", KEEP_IN_PLACE)
def test_in_place(name):
    def run(t):
        leaf = t.tensor(VALUES[1], requires_grad=True)
        x = leaf * 2
        y = getattr(t.nn.functional, name)(x, inplace=True)
        assert y is x
        (y * y).sum().backward()
        return x.detach().numpy(), leaf.grad.numpy()

    for got, expected in zip(*both(run), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-14)
    for t in (mytorch, torch):
        with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
            getattr(t.nn.functional, name)(t.ones(2, requires_grad=True), inplace=True)


BAD = {
    "leaky_relu of integers": lambda t: t.nn.functional.leaky_relu(t.tensor([1])),
    "elu of bools": lambda t: t.nn.functional.elu(t.tensor([True])),
    "gelu of integers": lambda t: t.nn.functional.gelu(t.tensor([1])),
    "gelu approximate": lambda t: t.nn.functional.gelu(t.ones(2), approximate="erf"),
    "silu of integers": lambda t: t.nn.functional.silu(t.tensor([1])),
    "softplus of integers": lambda t: t.nn.functional.softplus(t.tensor([1])),
    "logsigmoid of integers": lambda t: t.nn.functional.logsigmoid(t.tensor([1])),
    "hardtanh of integers": lambda t: t.nn.functional.hardtanh(t.tensor([1, -3])),
    "hardtanh of bools": lambda t: t.nn.functional.hardtanh(t.tensor([True])),
    "hardtanh limits": lambda t: t.nn.functional.hardtanh(t.ones(2), 1, -1),
    "hardtanh module limits": lambda t: t.nn.Hardtanh(1, 1),
    "leaky_relu of text": lambda t: t.nn.functional.leaky_relu("x"),
}


@pytest.mark.parametrize("call", BAD.values(), ids=BAD)
def test_what_torch_refuses(call):
    got, expected = outcome(call, mytorch), outcome(call, torch)
    assert got == expected


MODULES = [
    lambda t: t.nn.LeakyReLU(),
    lambda t: t.nn.LeakyReLU(0.2, True),
    lambda t: t.nn.ELU(),
    lambda t: t.nn.ELU(0.5, inplace=True),
    lambda t: t.nn.GELU(),
    lambda t: t.nn.GELU("tanh"),
    lambda t: t.nn.SiLU(),
    lambda t: t.nn.SiLU(True),
    lambda t: t.nn.Softplus(2.0),
    lambda t: t.nn.LogSigmoid(),
    lambda t: t.nn.Hardtanh(),
    lambda t: t.nn.Hardtanh(-2, 2, True),
]


@pytest.mark.parametrize("make", MODULES)
def test_modules(make):
    ours, theirs = both(make)
    assert repr(ours) == repr(theirs)
    got, expected = both(lambda t: make(t)(t.tensor(VALUES)).numpy())
    np.testing.assert_allclose(got, expected, rtol=1e-14, atol=1e-14)


def test_hardtanh_takes_the_old_names():
    for t in (mytorch, torch):
        with pytest.warns(FutureWarning, match="min_value"):
            assert t.nn.Hardtanh(min_value=-3.0).min_val == -3.0


SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e300, 1e-310, 50.0, -800.0, 800.0])
TIES = np.array([[1.0, 2.0, 2.0, -1.0], [0.0, 0.0, -3.0, 0.0], [5.0, 1.0, 5.0, 5.0]])
NANS = np.array([[np.nan, 1.0, -2.0, 1.0], [np.inf, -1.0, 0.5, -np.inf], [0.25, np.nan, -np.inf, 3.0]])
A = np.random.Generator(np.random.PCG64(7)).standard_normal((3, 4))

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "sigmoid": (lambda t, a: t.sigmoid(a), [A * 20]),
    "sigmoid special": (lambda t, a: t.sigmoid(a), [SPECIAL]),
    "tanh": (lambda t, a: a.tanh(), [A * 5]),
    "tanh special": (lambda t, a: a.tanh(), [SPECIAL]),
    "relu": (lambda t, a: t.relu(a), [TIES]),
    "relu nan": (lambda t, a: a.relu(), [NANS]),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


def test_relu_of_integers_is_exactly_torchs(agree_exactly):
    agree_exactly(lambda t, a: t.relu(a), np.array([[7, -7, 0], [3, 2, -5]]))


def inplace(t, x):
    return t.nn.functional.relu(x, inplace=True) is x and x


def activations(t):
    return t.nn.Sequential(t.nn.Sigmoid(), t.nn.Tanh(), t.nn.ReLU(), t.nn.Identity())


SAME = {
    "relu": lambda t: t.nn.functional.relu(t.tensor([-1.0, 0.0, 2.0])),
    "relu in place": lambda t: inplace(t, t.tensor([-1.0, 2.0])),
    "relu in place on a leaf": lambda t: inplace(t, t.tensor([-1.0, 2.0], requires_grad=True)),
    "sigmoid": lambda t: t.nn.functional.sigmoid(t.tensor([-1.0, 0.0, 2.0])),
    "tanh": lambda t: t.nn.functional.tanh(t.tensor([-1.0, 0.0, 2.0])),
    "modules of activations": lambda t: activations(t)(t.tensor([-1.0, 0.5])),
    "reprs of activations": activations,
    "identity": lambda t: t.nn.Identity(3, x=1)(t.ones(1)),
    "repr of relu": lambda t: t.nn.ReLU(inplace=True),
}


@pytest.mark.parametrize("case", SAME.values(), ids=SAME.keys())
def test_the_same_text_gives_what_it_gives_on_torch(case, same_text):
    same_text(case)


@pytest.mark.parametrize("name", ["softplus", "logsigmoid"])
def test_gradients_are_denormals_where_those_of_torch_are(name):
    gradients = []
    for t in (mytorch, torch):
        x = t.tensor([-103.0, -95.0, -90.0, 90.0, 95.0, 103.0, inf, -inf, nan], requires_grad=True)
        output = getattr(t.nn.functional, name)(x)
        output.backward(t.ones_like(output))
        gradients.append(x.grad.numpy())
    np.testing.assert_array_equal(*gradients)
    assert ((gradients[0] > 0) & (gradients[0] < 1.2e-38)).any()
