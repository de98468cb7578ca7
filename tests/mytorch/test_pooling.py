"""Maxima and means over windows against torch, as functions and as layers."""

from __future__ import annotations

import warnings
from itertools import product

import numpy as np
import pytest
import torch

import mytorch


def draw(*shape):
    return np.random.default_rng([*shape]).standard_normal(shape)


def results(t, call, array):
    x = t.tensor(array, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            out = call(t.nn.functional, x)
        except Exception as error:  # noqa: BLE001 - the class is what is compared
            return type(error)
    out, *places = out if isinstance(out, tuple) else (out,)
    out.backward(t.tensor(draw(*out.shape)))
    return [out.detach().numpy(), x.grad.numpy(), *(each.numpy() for each in places)]


def alike(call, array):
    """Compare values, gradients and places, or the class of the error; return whether there is a value."""
    got, expected = (results(t, call, array) for t in (mytorch, torch))
    if isinstance(expected, type):
        assert got is expected
        return False
    for ours, theirs in zip(got, expected, strict=True):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-13)
    return True


WINDOWS = list(product((1, 2, 3), (None, 1, 2, 3), (0, 1), (False, True)))


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
def test_maxima_with_ties_nan_and_infinities(rank, dilation):
    x = np.random.default_rng(0).integers(0, 4, (2, 3, 8, 5)[: rank + 2]).astype(float)
    x[0, 0].flat[2:4] = np.nan
    x[1, 1].flat[0] = x[1, 2] = -np.inf
    found = [
        alike(
            lambda F, x, k=k, s=s, p=p, c=c: getattr(F, f"max_pool{rank}d")(
                x, k, s, p, dilation, ceil_mode=c, return_indices=True
            ),
            x,
        )
        for k, s, p, c in WINDOWS
    ]
    assert sum(found) > 30


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("whole", [True, False])
def test_means(rank, whole):
    x = draw(2, 3, 8, 5)[..., 0] if rank == 1 else draw(2, 3, 8, 5)
    found = [
        alike(
            lambda F, x, k=k, s=s, p=p, c=c: getattr(F, f"avg_pool{rank}d")(
                x, k, s, p, c, count_include_pad=whole
            ),
            x,
        )
        for k, s, p, c in WINDOWS
    ]
    assert sum(found) > 30


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 11])
def test_adaptive_means(size):
    assert alike(lambda F, x: F.adaptive_avg_pool1d(x, size), draw(2, 3, 8))
    assert alike(lambda F, x: F.adaptive_avg_pool2d(x, (size, 3)), draw(3, 8, 5))
    assert alike(lambda F, x: F.adaptive_avg_pool2d(x, (None, size)), draw(0, 3, 8, 5))


def test_a_mean_of_nan_stays_in_its_windows():
    x = draw(1, 1, 7)
    x[0, 0, 0] = np.nan
    assert alike(lambda F, x: F.adaptive_avg_pool1d(x, 3), x)
    assert alike(lambda F, x: F.avg_pool1d(x, 2), x)


def test_divisors_and_sizes_of_each_dimension():
    assert alike(lambda F, x: F.avg_pool2d(x, (3, 2), (1, 2), (1, 0), divisor_override=5), draw(2, 3, 6, 7))
    assert alike(lambda F, x: F.max_pool2d(x, (3, 2), (1, 2), (1, 0), (2, 1)), draw(2, 3, 6, 7))


@pytest.mark.parametrize("dtype", ["float16", "int64"])
def test_other_dtypes(dtype):
    x = np.round(9 * draw(1, 2, 5, 6)).astype(dtype)
    for name in ("max_pool2d", "avg_pool2d"):
        got, expected = (getattr(t.nn.functional, name)(t.tensor(x), 2).numpy() for t in (mytorch, torch))
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)


LAYERS = [
    lambda nn: nn.MaxPool1d(2),
    lambda nn: nn.MaxPool2d((2, 3), 1, 1, 2, return_indices=True, ceil_mode=True),
    lambda nn: nn.AvgPool1d(3),
    lambda nn: nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False, divisor_override=3),
    lambda nn: nn.AdaptiveAvgPool1d(3),
    lambda nn: nn.AdaptiveAvgPool2d((3, None)),
]


@pytest.mark.parametrize("make", LAYERS)
def test_layers(make):
    ours, theirs = make(mytorch.nn), make(torch.nn)
    assert repr(ours) == repr(theirs)
    public = {key: value for key, value in vars(theirs).items() if key[0] != "_" and key != "training"}
    assert {key: getattr(ours, key) for key in public} == public
    x = draw(2, 3, 7, 6)[..., : 6 if "2d" in repr(ours) else 1].squeeze()
    got, expected = ours(mytorch.tensor(x)), theirs(torch.tensor(x))
    for one, other in zip(*([y] if not isinstance(y, tuple) else y for y in (got, expected)), strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-13)


def f(name, *args, shape=(1, 3, 8), dtype="float32", **options):
    return lambda t: getattr(t.nn.functional, name)(
        t.zeros(*shape, dtype=getattr(t, dtype)), *args, **options
    )


IMAGE = (1, 3, 8, 8)
BAD = {
    **{f"{name}: rank": f(name, 2, shape=(8,)) for name in ("max_pool1d", "avg_pool1d", "avg_pool2d")},
    **{f"{name}: kernel of 0": f(name, 0) for name in ("max_pool1d", "avg_pool1d")},
    **{f"{name}: no stride": f(name, 2, 0, shape=IMAGE) for name in ("max_pool2d", "avg_pool2d")},
    **{f"{name}: padding": f(name, 2, 2, 2) for name in ("max_pool1d", "avg_pool1d")},
    **{f"{name}: negative padding": f(name, 2, 2, -1) for name in ("max_pool1d", "avg_pool1d")},
    **{f"{name}: window": f(name, 9, shape=IMAGE) for name in ("max_pool2d", "avg_pool2d")},
    **{f"{name}: three sizes": f(name, (2, 2, 2), shape=IMAGE) for name in ("max_pool2d", "avg_pool2d")},
    **{f"{name}: float": f(name, 2.0) for name in ("max_pool1d", "avg_pool1d", "adaptive_avg_pool1d")},
    **{f"{name}: bools": f(name, 2, shape=IMAGE, dtype="bool") for name in ("max_pool2d", "avg_pool2d")},
    **{f"{name}: no channel": f(name, 2, shape=(1, 0, 8)) for name in ("max_pool1d", "avg_pool1d")},
    "max_pool1d: integers": f("max_pool1d", 2, dtype="int64"),
    "max_pool1d: dilation": f("max_pool1d", 2, dilation=0),
    "avg_pool2d: divisor": f("avg_pool2d", 2, shape=IMAGE, divisor_override=0),
    "adaptive_avg_pool1d: rank": f("adaptive_avg_pool1d", 2, shape=(8,)),
    "adaptive_avg_pool1d: sizes": f("adaptive_avg_pool1d", (2, 2)),
    "adaptive_avg_pool1d: nothing": f("adaptive_avg_pool1d", 2, shape=(1, 3, 0)),
    "adaptive_avg_pool2d: size": f("adaptive_avg_pool2d", -1, shape=IMAGE),
    "adaptive_avg_pool2d: None": f("adaptive_avg_pool2d", None, shape=IMAGE),
    "adaptive_avg_pool2d: integers": f("adaptive_avg_pool2d", 2, shape=IMAGE, dtype="int64"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad, refused_alike):
    refused_alike(bad)
