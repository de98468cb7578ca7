"""Layer normalization against torch, as a function and as a layer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def both(call):
    return [call(t) for t in (mytorch, torch)]


def agree(call, rtol=1e-13):
    for got, expected in zip(*both(call), strict=True):
        assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_allclose(got, expected, rtol=rtol, atol=1e-14)


@pytest.mark.parametrize("affine", ["both", "weight", "none"])
@pytest.mark.parametrize(
    ("shape", "rank"), [((3, 4), 1), ((2, 3, 4), 1), ((2, 3, 4), 2), ((4,), 1), ((0, 4), 1), ((2, 0), 1)]
)
def test_layer_norm(shape, rank, affine):
    def run(t):
        x = t.tensor(draw(*shape), requires_grad=True)
        parameters = [t.tensor(draw(*shape[-rank:], seed=i), requires_grad=True) for i in (1, 2)]
        used = parameters[: {"both": 2, "weight": 1, "none": 0}[affine]]
        y = t.nn.functional.layer_norm(x, shape[-rank:], *used)
        y.backward(t.tensor(draw(*shape, seed=3)))
        return [y.detach().numpy(), x.grad.numpy(), *(p.grad.numpy() for p in used)]

    agree(run, rtol=1e-11)


def test_layer_norm_changes_nothing_that_it_was_given():
    x = mytorch.tensor([[1.0, 2.0, 4.0]])
    before = x.tolist()
    mytorch.nn.functional.layer_norm(x, (3,)).add_(1)
    assert x.tolist() == before


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t.nn.LayerNorm(3),
        lambda t: t.nn.LayerNorm((2, 3), bias=False),
        lambda t: t.nn.LayerNorm([3], eps=1e-3, elementwise_affine=False),
    ],
)
def test_modules(make):
    ours, theirs = both(make)
    assert repr(ours) == repr(theirs)
    state, expected = ({k: v.tolist() for k, v in m.state_dict().items()} for m in (ours, theirs))
    assert state == expected


BAD = {
    "layer_norm: size": lambda t: t.nn.functional.layer_norm(t.ones(2, 3), [4]),
    "layer_norm: rank": lambda t: t.nn.functional.layer_norm(t.ones(3), [2, 3]),
    "layer_norm: nothing": lambda t: t.nn.functional.layer_norm(t.ones(3), []),
    "layer_norm: number": lambda t: t.nn.functional.layer_norm(t.ones(3), 3),
    "layer_norm: weight": lambda t: t.nn.functional.layer_norm(t.ones(3), [3], t.ones(4)),
    "layer_norm: bias": lambda t: t.nn.functional.layer_norm(t.ones(3), [3], None, t.ones(4)),
    "layer_norm: dtype": lambda t: t.nn.functional.layer_norm(t.ones(3), [3], t.ones(3, dtype=t.float64)),
    "layer_norm: integers": lambda t: t.nn.functional.layer_norm(t.ones(3, dtype=t.int64), [3]),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad, refused_alike):
    refused_alike(bad)
