"""The layer Flatten against torch."""

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


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t.nn.Flatten(),
        lambda t: t.nn.Flatten(0, 1),
    ],
)
def test_modules(make):
    ours, theirs = both(make)
    assert repr(ours) == repr(theirs)
    state, expected = ({k: v.tolist() for k, v in m.state_dict().items()} for m in (ours, theirs))
    assert state == expected


def test_flatten():
    agree(
        lambda t: [
            t.nn.Flatten()(t.tensor(draw(2, 3, 4))).numpy(),
            t.nn.Flatten(0, 1)(t.ones(2, 3, 4)).numpy(),
        ]
    )
