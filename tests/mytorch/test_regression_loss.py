"""mse_loss, l1_loss, smooth_l1_loss and huber_loss against torch: values, gradients, warnings and errors."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch

REDUCTIONS = ["mean", "sum", "none"]


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def probabilities(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).uniform(size=shape)


X, Y = draw(3, 4), draw(3, 4, seed=1)
P, Q = probabilities(3, 4), probabilities(3, 4, seed=1)
T = np.array([0, 4, 2])

PAIRS = {
    "l1_loss": ("l1_loss", (X, Y), {}),
    "l1_loss of equals": ("l1_loss", (X, np.where(Y > 0, X, Y)), {}),
    "l1_loss weighted": ("l1_loss", (X, Y), {"weight": P}),
    "l1_loss broadcast": ("l1_loss", (X, Y[0]), {}),
    "smooth_l1_loss": ("smooth_l1_loss", (X, Y), {}),
    "smooth_l1_loss beta": ("smooth_l1_loss", (X, Y), {"beta": 0.3}),
    "smooth_l1_loss without a bend": ("smooth_l1_loss", (X, Y), {"beta": 0.0}),
    "smooth_l1_loss at the bend": ("smooth_l1_loss", (np.array([1.0, -1.0, 0.0]), np.zeros(3)), {}),
    "huber_loss": ("huber_loss", (X, Y), {}),
    "huber_loss delta": ("huber_loss", (X, Y), {"delta": 0.3}),
    "huber_loss weighted": ("huber_loss", (X, Y), {"weight": P}),
    "huber_loss at the bend": ("huber_loss", (np.array([1.0, -1.0, 0.0]), np.zeros(3)), {}),
}


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_losses_of_two_tensors(pair, reduction, agree_loss):
    name, arrays, options = pair
    agree_loss(name, arrays, reduction=reduction, **options)


@pytest.mark.parametrize("name", ["l1_loss", "smooth_l1_loss", "huber_loss"])
@pytest.mark.parametrize("shape", [(), (0,), (0, 3)])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_losses_of_any_shape(name, shape, reduction, agree_loss):
    agree_loss(name, (probabilities(*shape), probabilities(*shape, seed=1)), reduction=reduction)


def call(name, *arrays, **options):
    def on(t):
        tensors = [t.tensor(a) if isinstance(a, (np.ndarray, list)) else a for a in arrays]
        given = {k: t.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
        return getattr(t.nn.functional, name)(*tensors, **given)

    return on


BAD = {
    f"{name}: {what}": call(name, *arrays, **options)
    for name in ("l1_loss", "smooth_l1_loss", "huber_loss")
    for what, arrays, options in (
        ("reduction", (P, Q), {"reduction": "median"}),
        ("shapes", (P, probabilities(3, 5)), {}),
        ("integers", (T, T), {}),
        ("text", (P, "x"), {}),
    )
} | {
    "smooth_l1_loss: beta": call("smooth_l1_loss", X, Y, beta=-1.0),
    "huber_loss: delta": call("huber_loss", X, Y, delta=0.0),
    "l1_loss: weight": call("l1_loss", X, Y, weight=P[0]),
    "huber_loss: weight": call("huber_loss", X, Y, weight=P[0]),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad, refused_alike):
    refused_alike(bad)


@pytest.mark.parametrize("name", ["l1_loss", "smooth_l1_loss", "huber_loss"])
def test_broadcasting_is_warned_of_where_it_happens(name):
    for t in (mytorch, torch):
        with pytest.warns(UserWarning, match="Using a target size") as caught:
            getattr(t.nn.functional, name)(t.ones(2, 3), t.ones(3))
        assert len(caught) == 1
        assert caught[0].filename == __file__ or t is torch


NANS = np.array([[np.nan, 1.0, -2.0, 1.0], [np.inf, -1.0, 0.5, -np.inf], [0.25, np.nan, -np.inf, 3.0]])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_l1_loss_of_nan(dtype, agree):
    agree(lambda t, a, b: t.nn.functional.l1_loss(a, b, reduction="none"), [NANS, X], dtype)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shapes", [((3, 4), (3, 4)), ((), ()), ((2, 3, 1), (2, 3, 1)), ((0,), (0,))])
@pytest.mark.parametrize("weighted", [False, True])
def test_mse_loss(shapes, reduction, weighted):
    results = []
    for t in (mytorch, torch):
        x, y = (t.tensor(draw(*s, seed=i), requires_grad=True) for i, s in enumerate(shapes))
        weight = t.tensor(abs(draw(*shapes[0], seed=2))) if weighted else None
        loss = t.nn.functional.mse_loss(x, y, reduction=reduction, weight=weight)
        loss.backward(t.tensor(draw(*loss.shape, seed=3)))
        results.append([loss.detach().numpy(), x.grad.numpy(), y.grad.numpy()])
    for got, expected in zip(*results, strict=True):
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=1e-14)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_mse_loss_warns_of_broadcasting_and_broadcasts(reduction):
    results = []
    for t in (mytorch, torch):
        x, y = t.tensor(draw(3, 4), requires_grad=True), t.tensor(draw(4), requires_grad=True)
        with pytest.warns(UserWarning, match="Using a target size") as caught:
            loss = t.nn.functional.mse_loss(x, y, reduction=reduction)
        assert len(caught) == 1
        assert caught[0].filename == __file__ or t is torch
        (loss * loss).sum().backward()
        results.append([loss.detach().numpy(), x.grad.numpy(), y.grad.numpy()])
    for got, expected in zip(*results, strict=True):
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=1e-13)


@pytest.mark.parametrize("kinds", [("float32", "float64"), ("float64", "float32"), ("int64", "float32")])
def test_mse_loss_promotes(kinds):
    got, expected = (
        t.nn.functional.mse_loss(*(t.ones(2, dtype=getattr(t, kind)) for kind in kinds))
        for t in (mytorch, torch)
    )
    assert repr(got.dtype) == f"my{expected.dtype}"


def quiet(call):
    with pytest.warns(UserWarning, match="size"):
        return call()


SAME = {
    "reduction": lambda t: t.nn.functional.mse_loss(t.ones(2), t.ones(2), reduction="x"),
    "shapes": lambda t: quiet(lambda: t.nn.functional.mse_loss(t.ones(2, 3), t.ones(4))),
    "integers": lambda t: t.nn.functional.mse_loss(t.ones(2).long(), t.ones(2).long()),
    "weight's shape": lambda t: t.nn.functional.mse_loss(t.ones(2), t.ones(2), weight=t.ones(3)),
    "no tensor": lambda t: t.nn.functional.mse_loss(t.ones(2), [1.0]),
    "size_average": lambda t: quiet(
        lambda: t.nn.functional.mse_loss(t.ones(3), t.zeros(3), size_average=False)
    ),
    "reduce": lambda t: quiet(lambda: t.nn.functional.mse_loss(t.ones(3), t.zeros(3), reduce=False)),
    "both": lambda t: quiet(lambda: t.nn.functional.mse_loss(t.ones(3), t.zeros(3), True, True)),
    "module": lambda t: t.nn.MSELoss(reduction="sum")(t.ones(3), t.zeros(3)),
    "module's repr": lambda t: t.nn.MSELoss(),
    "module, flags": lambda t: quiet(lambda: t.nn.MSELoss(False).reduction),
    "module, late check": lambda t: t.nn.MSELoss(reduction="x"),
}


@pytest.mark.parametrize("case", SAME.values(), ids=SAME.keys())
def test_the_same_text_gives_what_it_gives_on_torch(case, same_text):
    same_text(case)
