"""binary_cross_entropy, its form with logits, and kl_div against torch: values, gradients and errors."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch

# Denormals of float32: their difference has few bits, and a factor below one would take more of them.
SMALL = np.array([3e-45, 1e-43, 2e-42], dtype=np.float32)

REDUCTIONS = ["mean", "sum", "none"]


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def probabilities(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).uniform(size=shape)


X, Y = draw(3, 4), draw(3, 4, seed=1)
P, Q = probabilities(3, 4), probabilities(3, 4, seed=1)
EDGE = np.array([0.0, 1.0, 0.0, 1.0, 0.5, 1e-300])
TARGET = np.array([0.0, 1.0, 1.0, 0.0, 0.0, 1.0])
T = np.array([0, 4, 2])

PAIRS = {
    "binary_cross_entropy": ("binary_cross_entropy", (P, Q), {}),
    "binary_cross_entropy weighted": ("binary_cross_entropy", (P, Q), {"weight": P[0]}),
    "binary_cross_entropy at the ends": ("binary_cross_entropy", (EDGE, TARGET), {}),
    "binary_cross_entropy_with_logits": ("binary_cross_entropy_with_logits", (X, Q), {}),
    "with_logits weighted": ("binary_cross_entropy_with_logits", (X, Q), {"weight": P, "pos_weight": P[1]}),
    "with_logits saturated": ("binary_cross_entropy_with_logits", (X * 300, Q), {"pos_weight": 3 * P}),
    "kl_div": ("kl_div", (X, Q), {}),
    "kl_div of logarithms": ("kl_div", (X, Y), {"log_target": True}),
    "kl_div of no probability": ("kl_div", (X[0], np.array([0.0, 0.5, 0.5, 0.0])), {}),
    "kl_div broadcast": ("kl_div", (X, Q[0]), {}),
}


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_losses_of_two_tensors(pair, reduction, agree_loss):
    name, arrays, options = pair
    agree_loss(name, arrays, reduction=reduction, **options)


def test_kl_div_batchmean(agree_loss):
    agree_loss("kl_div", (X, Q), reduction="batchmean")


@pytest.mark.parametrize("name", ["kl_div", "binary_cross_entropy"])
@pytest.mark.parametrize("shape", [(), (0,), (0, 3)])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_losses_of_any_shape(name, shape, reduction, agree_loss):
    agree_loss(name, (probabilities(*shape), probabilities(*shape, seed=1)), reduction=reduction)


def test_the_gradient_of_a_target_keeps_its_digits_where_logits_are_very_negative():
    x, p = np.float32([-16.5, -30.25, 20.0]), np.float32([2.0**-12, 2.0**-10, 0.125])

    def gradient(t, dtype):
        target = t.tensor(np.full(3, 0.5, dtype), requires_grad=True)
        loss = t.nn.functional.binary_cross_entropy_with_logits(
            t.tensor(x.astype(dtype)), target, pos_weight=t.tensor(p.astype(dtype)), reduction="sum"
        )
        loss.backward()
        return target.grad.numpy()

    np.testing.assert_allclose(gradient(mytorch, np.float32), gradient(torch, np.float64), rtol=1e-6)


def call(name, *arrays, **options):
    def on(t):
        tensors = [t.tensor(a) if isinstance(a, (np.ndarray, list)) else a for a in arrays]
        given = {k: t.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
        return getattr(t.nn.functional, name)(*tensors, **given)

    return on


def tracked_weight(name, weight="weight"):
    def on(t):
        x = target = t.tensor(P[:, :3])
        return getattr(t.nn.functional, name)(
            x, target, **{weight: t.ones(x.shape[1], dtype=x.dtype, requires_grad=True)}
        )

    return on


BAD = {
    f"{name}: {what}": call(name, *arrays, **options)
    for name in ("binary_cross_entropy", "kl_div")
    for what, arrays, options in (
        ("reduction", (P, Q), {"reduction": "median"}),
        ("shapes", (P, probabilities(3, 5)), {}),
        ("integers", (T, T), {}),
        ("text", (P, "x"), {}),
    )
} | {
    "binary_cross_entropy: input range": call("binary_cross_entropy", P * 3, Q),
    "binary_cross_entropy: target range": call("binary_cross_entropy", P, Q - 1),
    "binary_cross_entropy: weight": call("binary_cross_entropy", P, Q, weight=np.ones(3)),
    "binary_cross_entropy: dtypes": call("binary_cross_entropy", P, Q.astype(np.float32)),
    "binary_cross_entropy: tracked weight": tracked_weight("binary_cross_entropy"),
    "with_logits: shapes": call("binary_cross_entropy_with_logits", P, Q[:1]),
    "with_logits: reduction": call("binary_cross_entropy_with_logits", P, Q, reduction="median"),
    "with_logits: weight": call("binary_cross_entropy_with_logits", P, Q, weight=np.ones(3)),
    "with_logits: pos_weight": call("binary_cross_entropy_with_logits", P, Q, pos_weight=np.ones(3)),
    "with_logits: integer target": call("binary_cross_entropy_with_logits", P, np.ones((3, 4), int)),
    "with_logits: tracked weight": tracked_weight("binary_cross_entropy_with_logits"),
    "with_logits: tracked pos_weight": tracked_weight("binary_cross_entropy_with_logits", "pos_weight"),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad, refused_alike):
    refused_alike(bad)


def test_kl_div_warns_of_its_mean():
    for t in (mytorch, torch):
        with pytest.warns(UserWarning, match="batchmean") as caught:
            t.nn.functional.kl_div(t.ones(2, 3), t.ones(2, 3))
        assert len(caught) == 1
        assert caught[0].filename == __file__


NANS = np.array([[np.nan, 1.0, -2.0, 1.0], [np.inf, -1.0, 0.5, -np.inf], [0.25, np.nan, -np.inf, 3.0]])


def with_logits(t, a, b, weight):
    loss = t.nn.functional.binary_cross_entropy_with_logits
    return loss(a, b, pos_weight=weight.detach(), reduction="none") * weight


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_with_logits_of_nan(dtype, agree):
    agree(with_logits, [NANS, np.abs(X), np.abs(Y[0]) + 0.5], dtype)


def test_the_gradient_of_binary_cross_entropy_keeps_the_bits_of_denormals():
    x = mytorch.tensor(SMALL, requires_grad=True)
    loss = mytorch.nn.functional.binary_cross_entropy(x, mytorch.zeros(3), reduction="sum")
    loss.backward(mytorch.tensor(0.3))
    factor = np.float64(np.float32(0.3)) / 1e-12
    np.testing.assert_allclose(x.grad.numpy(), SMALL.astype(np.float64) * factor, rtol=1e-6)
