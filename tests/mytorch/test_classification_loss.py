"""cross_entropy and nll_loss against torch: values, gradients and errors."""

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


CLASSES = {
    "rows": (draw(3, 5), np.array([0, 4, 2])),
    "one sample": (draw(5), np.array(2)),
    "sequences": (draw(2, 5, 4), np.array([[0, 1, 2, 3], [4, 4, 0, 1]])),
    "images": (draw(2, 3, 2, 2), np.arange(8).reshape(2, 2, 2) % 3),
    "volumes": (draw(2, 3, 2, 1, 2), np.arange(8).reshape(2, 2, 1, 2) % 3),
    "one class": (draw(3, 1), np.array([0, 0, 0])),
    "none": (draw(0, 5), np.zeros(0, np.int64)),
}
SMOOTHING = {
    "plain": {},
    "ignoring": {"ignore_index": 2},
    "ignoring no class": {"ignore_index": -7},
    "smooth": {"label_smoothing": 0.2},
    "smooth, ignoring": {"label_smoothing": 0.2, "ignore_index": 0},
    "all smooth": {"label_smoothing": 1.0},
}


def weights(x):
    return {"weight": np.linspace(0.5, 2, x.shape[1 if x.ndim > 1 else 0])}


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("options", SMOOTHING.values(), ids=SMOOTHING)
@pytest.mark.parametrize("data", CLASSES.values(), ids=CLASSES)
def test_cross_entropy_of_classes(data, options, weighted, reduction, agree_loss):
    x, target = data
    extra = weights(x) if weighted else {}
    agree_loss("cross_entropy", (x,), (target,), reduction=reduction, **options, **extra)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("options", [{}, {"ignore_index": 2}])
@pytest.mark.parametrize("data", CLASSES.values(), ids=CLASSES)
def test_nll_loss(data, options, weighted, reduction, agree_loss):
    x, target = data
    agree_loss(
        "nll_loss", (x,), (target,), reduction=reduction, **options, **(weights(x) if weighted else {})
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("shape", [(3, 5), (5,), (2, 5, 4), (0, 5)])
def test_cross_entropy_of_probabilities(shape, smoothing, weighted, reduction, agree_loss):
    x = draw(*shape)
    arrays = (x, probabilities(*shape))
    extra = weights(x) if weighted else {}
    agree_loss("cross_entropy", arrays, reduction=reduction, label_smoothing=smoothing, **extra)


def test_classes_may_be_bytes(agree_loss):
    # Not smoothed: torch's own gather refuses them there.
    for name in ("nll_loss", "cross_entropy"):
        agree_loss(name, (draw(3, 5),), (np.array([0, 4, 2], np.uint8),))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ["nll_loss", "cross_entropy"])
def test_one_sample_may_have_a_vector_of_one_target(name, reduction):
    # Only forward: torch's backward fails on this form.
    got, expected = (
        getattr(t.nn.functional, name)(t.tensor(draw(5)), t.tensor([2]), reduction=reduction).numpy()
        for t in (mytorch, torch)
    )
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=1e-14)


def test_an_ignored_sample_may_hold_anything(agree_loss):
    x = np.array([[-np.inf, 0.0], [1.0, 2.0]])
    for name in ("nll_loss", "cross_entropy"):
        agree_loss(name, (x,), (np.array([-100, 1]),))


def test_a_mean_over_no_sample_is_nan_and_has_no_gradient(agree_loss):
    agree_loss("nll_loss", (draw(2, 3),), (np.array([-100, -100]),))


LOGS, T = draw(3, 5), np.array([0, 4, 2])
P = probabilities(3, 4)


def call(name, *arrays, **options):
    def on(t):
        tensors = [t.tensor(a) if isinstance(a, (np.ndarray, list)) else a for a in arrays]
        given = {k: t.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
        return getattr(t.nn.functional, name)(*tensors, **given)

    return on


def tracked_weight(name, weight="weight"):
    def on(t):
        x = t.tensor(LOGS)
        return getattr(t.nn.functional, name)(
            x, t.tensor(T), **{weight: t.ones(x.shape[1], dtype=x.dtype, requires_grad=True)}
        )

    return on


BAD = {
    f"{name}: {what}": call(name, *arrays, **options)
    for name in ("nll_loss", "cross_entropy")
    for what, arrays, options in (
        ("batch", (LOGS, T[:2]), {}),
        ("no class", (LOGS, np.array([0, 7, 1])), {}),
        ("negative class", (LOGS, np.array([0, -3, 1])), {}),
        ("int32", (LOGS, T.astype(np.int32)), {}),
        ("floating target", (LOGS, T.astype(float)), {}),
        ("weight shape", (LOGS, T), {"weight": np.ones(3)}),
        ("weight dtype", (LOGS, T), {"weight": np.ones(5, np.float32)}),
        ("reduction", (LOGS, T), {"reduction": "median"}),
        ("1-D input", (LOGS[0], T), {}),
        ("0-D input", (np.array(1.0), np.array(0)), {}),
        ("sizes", (draw(2, 5, 4), np.zeros((2, 3), int)), {}),
        ("batch of sequences", (draw(2, 5, 4), np.zeros((3, 4), int)), {}),
        ("rank", (draw(2, 5, 4), np.zeros(2, int)), {}),
        ("two targets", (LOGS, np.zeros((3, 1), int)), {}),
        ("integers", (np.ones((3, 5), int), T), {}),
        ("text", (LOGS, "x"), {}),
    )
} | {
    "nll_loss: tracked weight": tracked_weight("nll_loss"),
    "cross_entropy: tracked weight": tracked_weight("cross_entropy"),
    "cross_entropy: smoothing": call("cross_entropy", LOGS, T, label_smoothing=1.5),
    "cross_entropy: shapes": call("cross_entropy", LOGS, P),
    "cross_entropy: integer probabilities": call("cross_entropy", LOGS, np.ones((3, 5), int)),
    "cross_entropy: ignored probabilities": call("cross_entropy", LOGS, LOGS, ignore_index=2),
    "cross_entropy: weight of probabilities": call("cross_entropy", LOGS, LOGS, weight=np.ones(4)),
    "cross_entropy: 0-D probabilities": call("cross_entropy", np.array(1.0), np.array(1.0)),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad, refused_alike):
    refused_alike(bad)


def test_float16_is_computed_without_overflow():
    x = np.full((4, 1000), 20.0, np.float16)
    got, expected = (
        t.nn.functional.cross_entropy(t.tensor(x), t.tensor([0, 1, 2, 3])).item() for t in (mytorch, torch)
    )
    assert got == pytest.approx(expected, rel=2e-3)


def test_a_target_that_is_changed_later_changes_no_gradient():
    x = mytorch.zeros(2, 3, requires_grad=True)
    target = mytorch.tensor([0, 1])
    loss = mytorch.nn.functional.cross_entropy(x, target, reduction="sum")
    target.fill_(2)
    loss.backward()
    assert (x.grad < 0).tolist() == [[True, False, False], [False, True, False]]


def test_the_mean_over_no_sample_is_nan_and_has_no_gradient():
    x = mytorch.zeros(2, 3, requires_grad=True)
    loss = mytorch.nn.functional.cross_entropy(x, mytorch.tensor([-100, -100]))
    loss.backward()
    assert loss.isnan().item()
    assert x.grad.tolist() == [[0, 0, 0], [0, 0, 0]]
