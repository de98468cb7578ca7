"""Losses: values, gradients and errors against torch, as functions and as modules."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

import mytorch

REDUCTIONS = ["mean", "sum", "none"]


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def probabilities(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).uniform(size=shape)


def run(t, name, arrays, constants=None, **options):
    """Return the loss and the gradients of the arrays, under a cotangent that is not constant."""
    tensors = [t.tensor(array, requires_grad=True) for array in arrays]
    given = {
        key: t.tensor(value) if isinstance(value, np.ndarray) else value for key, value in options.items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        loss = getattr(t.nn.functional, name)(*tensors, *(t.tensor(c) for c in constants or ()), **given)
    loss.backward(t.tensor(draw(*loss.shape, seed=9)))
    return [loss.detach().numpy(), *(x.grad.numpy() for x in tensors)]


def agree(name, arrays, constants=None, **options):
    got, expected = (run(t, name, arrays, constants, **options) for t in (mytorch, torch))
    for ours, theirs in zip(got, expected, strict=True):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-15)


X, Y = draw(3, 4), draw(3, 4, seed=1)
P, Q = probabilities(3, 4), probabilities(3, 4, seed=1)
EDGE = np.array([0.0, 1.0, 0.0, 1.0, 0.5, 1e-300])
TARGET = np.array([0.0, 1.0, 1.0, 0.0, 0.0, 1.0])

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
def test_losses_of_two_tensors(pair, reduction):
    name, arrays, options = pair
    agree(name, arrays, reduction=reduction, **options)


def test_kl_div_batchmean():
    agree("kl_div", (X, Q), reduction="batchmean")


@pytest.mark.parametrize(
    "name", ["l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "binary_cross_entropy"]
)
@pytest.mark.parametrize("shape", [(), (0,), (0, 3)])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_losses_of_any_shape(name, shape, reduction):
    agree(name, (probabilities(*shape), probabilities(*shape, seed=1)), reduction=reduction)


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
def test_cross_entropy_of_classes(data, options, weighted, reduction):
    x, target = data
    extra = weights(x) if weighted else {}
    agree("cross_entropy", (x,), (target,), reduction=reduction, **options, **extra)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("options", [{}, {"ignore_index": 2}])
@pytest.mark.parametrize("data", CLASSES.values(), ids=CLASSES)
def test_nll_loss(data, options, weighted, reduction):
    x, target = data
    agree("nll_loss", (x,), (target,), reduction=reduction, **options, **(weights(x) if weighted else {}))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("shape", [(3, 5), (5,), (2, 5, 4), (0, 5)])
def test_cross_entropy_of_probabilities(shape, smoothing, weighted, reduction):
    x = draw(*shape)
    arrays = (x, probabilities(*shape))
    extra = weights(x) if weighted else {}
    agree("cross_entropy", arrays, reduction=reduction, label_smoothing=smoothing, **extra)


def test_classes_may_be_bytes():
    # Not smoothed: torch's own gather refuses them there.
    for name in ("nll_loss", "cross_entropy"):
        agree(name, (draw(3, 5),), (np.array([0, 4, 2], np.uint8),))


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


def test_an_ignored_sample_may_hold_anything():
    x = np.array([[-np.inf, 0.0], [1.0, 2.0]])
    for name in ("nll_loss", "cross_entropy"):
        agree(name, (x,), (np.array([-100, 1]),))


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


def test_a_mean_over_no_sample_is_nan_and_has_no_gradient():
    agree("nll_loss", (draw(2, 3),), (np.array([-100, -100]),))


LOGS, T = draw(3, 5), np.array([0, 4, 2])


def call(name, *arrays, **options):
    def on(t):
        tensors = [t.tensor(a) if isinstance(a, (np.ndarray, list)) else a for a in arrays]
        given = {k: t.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
        return getattr(t.nn.functional, name)(*tensors, **given)

    return on


def tracked_weight(name, weight="weight"):
    def on(t):
        target = t.tensor(T) if name in {"nll_loss", "cross_entropy"} else t.tensor(P[:, :3])
        x = t.tensor(LOGS) if name in {"nll_loss", "cross_entropy"} else t.tensor(P[:, :3])
        return getattr(t.nn.functional, name)(
            x, target, **{weight: t.ones(x.shape[1], dtype=x.dtype, requires_grad=True)}
        )

    return on


BAD = (
    {
        f"{name}: {what}": call(name, *arrays, **options)
        for name in ("l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy", "kl_div")
        for what, arrays, options in (
            ("reduction", (P, Q), {"reduction": "median"}),
            ("shapes", (P, probabilities(3, 5)), {}),
            ("integers", (T, T), {}),
            ("text", (P, "x"), {}),
        )
    }
    | {
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
    }
    | {
        "smooth_l1_loss: beta": call("smooth_l1_loss", X, Y, beta=-1.0),
        "huber_loss: delta": call("huber_loss", X, Y, delta=0.0),
        "l1_loss: weight": call("l1_loss", X, Y, weight=P[0]),
        "huber_loss: weight": call("huber_loss", X, Y, weight=P[0]),
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
        "nll_loss: tracked weight": tracked_weight("nll_loss"),
        "cross_entropy: tracked weight": tracked_weight("cross_entropy"),
        "cross_entropy: smoothing": call("cross_entropy", LOGS, T, label_smoothing=1.5),
        "cross_entropy: shapes": call("cross_entropy", LOGS, P),
        "cross_entropy: integer probabilities": call("cross_entropy", LOGS, np.ones((3, 5), int)),
        "cross_entropy: ignored probabilities": call("cross_entropy", LOGS, LOGS, ignore_index=2),
        "cross_entropy: weight of probabilities": call("cross_entropy", LOGS, LOGS, weight=np.ones(4)),
        "cross_entropy: 0-D probabilities": call("cross_entropy", np.array(1.0), np.array(1.0)),
    }
)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad):
    errors = []
    for t in (mytorch, torch):
        try:
            bad(t)
        except Exception as error:  # noqa: BLE001 - the class is what is compared
            errors.append(type(error))
    assert len(errors) == 2
    assert errors[0] is errors[1]


@pytest.mark.parametrize("name", ["l1_loss", "smooth_l1_loss", "huber_loss"])
def test_broadcasting_is_warned_of_where_it_happens(name):
    for t in (mytorch, torch):
        with pytest.warns(UserWarning, match="Using a target size") as caught:
            getattr(t.nn.functional, name)(t.ones(2, 3), t.ones(3))
        assert len(caught) == 1
        assert caught[0].filename == __file__ or t is torch


def test_kl_div_warns_of_its_mean():
    for t in (mytorch, torch):
        with pytest.warns(UserWarning, match="batchmean") as caught:
            t.nn.functional.kl_div(t.ones(2, 3), t.ones(2, 3))
        assert len(caught) == 1
        assert caught[0].filename == __file__


@pytest.mark.parametrize("name", ["l1_loss", "cross_entropy", "binary_cross_entropy"])
@pytest.mark.parametrize("flags", [{"size_average": False}, {"reduce": False}, {"size_average": True}])
def test_the_old_flags(name, flags):
    def on(t):
        target = t.tensor(T) if name == "cross_entropy" else t.tensor(probabilities(3, 5, seed=1))
        x = t.tensor(probabilities(3, 5))
        with pytest.warns(UserWarning, match="size_average and reduce"):
            return getattr(t.nn.functional, name)(x, target, **flags).numpy()

    np.testing.assert_allclose(on(mytorch), on(torch), rtol=1e-14)


MODULES = {
    "MSELoss": ({"reduction": "sum"}, (X, Y)),
    "L1Loss": ({"reduction": "sum"}, (X, Y)),
    "SmoothL1Loss": ({"beta": 0.5}, (X, Y)),
    "HuberLoss": ({"delta": 0.5}, (X, Y)),
    "BCELoss": ({"weight": P}, (P, Q)),
    "BCEWithLogitsLoss": ({"weight": P, "pos_weight": P[0]}, (X, Q)),
    "NLLLoss": ({"weight": np.arange(1.0, 6), "ignore_index": 2}, (LOGS, T)),
    "CrossEntropyLoss": ({"weight": np.arange(1.0, 6), "ignore_index": 2, "label_smoothing": 0.1}, (LOGS, T)),
    "KLDivLoss": ({"reduction": "batchmean", "log_target": True}, (X, Y)),
}


@pytest.mark.parametrize("name", MODULES)
def test_modules(name):
    options, arrays = MODULES[name]
    results = []
    for t in (mytorch, torch):
        given = {k: t.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
        module = getattr(t.nn, name)(**given)
        loss = module(*(t.tensor(a) for a in arrays))
        results.append((repr(module), list(module.state_dict()), loss.item()))
    (text, state, got), (their_text, their_state, expected) = results
    assert (text, state) == (their_text, their_state)
    assert got == pytest.approx(expected, rel=1e-14)


def test_float16_is_computed_without_overflow():
    x = np.full((4, 1000), 20.0, np.float16)
    got, expected = (
        t.nn.functional.cross_entropy(t.tensor(x), t.tensor([0, 1, 2, 3])).item() for t in (mytorch, torch)
    )
    assert got == pytest.approx(expected, rel=2e-3)
