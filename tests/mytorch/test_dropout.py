"""Dropout: the share that it keeps, its seed, and what torch refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch


def both(call):
    return [call(t) for t in (mytorch, torch)]


def test_dropout_keeps_the_expected_share_and_scales_it():
    mytorch.manual_seed(3)
    x = mytorch.ones(200, 200, requires_grad=True)
    y = mytorch.nn.functional.dropout(x, 0.25)
    y.sum().backward()
    kept = y.detach().numpy() != 0
    assert abs(kept.mean() - 0.75) < 0.01
    np.testing.assert_allclose(y.detach().numpy()[kept], 1 / 0.75, rtol=1e-6)
    np.testing.assert_array_equal(x.grad.numpy(), y.detach().numpy())


def test_dropout_follows_the_seed():
    drawn = []
    for seed in (1, 1, 2):
        mytorch.manual_seed(seed)
        drawn.append(mytorch.nn.Dropout(0.5)(mytorch.ones(50)).tolist())
    assert drawn[0] == drawn[1] != drawn[2]


def test_dropout_that_drops_nothing_returns_its_input():
    x = mytorch.ones(3)
    layer = mytorch.nn.Dropout(0.5).eval()
    for y in (
        layer(x),
        mytorch.nn.functional.dropout(x, 0.0),
        mytorch.nn.functional.dropout(x, 0.5, training=False),
    ):
        assert y is x


def test_dropout_of_everything():
    got, expected = both(lambda t: t.nn.functional.dropout(t.tensor([1.0, -2.0, float("nan")]), 1.0).numpy())
    np.testing.assert_array_equal(got, expected)
    x = mytorch.ones(3)
    assert mytorch.nn.Dropout(1.0, inplace=True)(x) is x
    assert x.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t.nn.Dropout(),
        lambda t: t.nn.Dropout(0.1, inplace=True),
        lambda t: t.nn.Dropout1d(0.1),
        lambda t: t.nn.Dropout2d(inplace=True),
    ],
)
def test_modules(make):
    ours, theirs = both(make)
    assert repr(ours) == repr(theirs)
    state, expected = ({k: v.tolist() for k, v in m.state_dict().items()} for m in (ours, theirs))
    assert state == expected


@pytest.mark.parametrize(("rank", "shape"), [(1, (6, 50, 3)), (1, (300, 3)), (2, (6, 50, 3, 2))])
def test_dropout_of_channels_drops_all_of_one(rank, shape):
    mytorch.manual_seed(1)
    y = getattr(mytorch.nn, f"Dropout{rank}d")(0.25)(mytorch.ones(shape)).numpy()
    channels = y.reshape(300, -1)
    assert (channels == channels[:, :1]).all()
    assert 0.6 < (channels[:, 0] != 0).mean() < 0.9


def test_dropout2d_of_sequences_warns_and_drops_channels():
    with pytest.warns(UserWarning, match="use dropout1d"):
        y = mytorch.nn.functional.dropout2d(mytorch.ones(20, 5, 3)).numpy()
    assert (y == y[:, :, :1]).all()


BAD = {
    "dropout1d: rank": lambda t: t.nn.functional.dropout1d(t.ones(2, 3, 4, 5)),
    "dropout1d: integers": lambda t: t.nn.functional.dropout1d(t.ones(2, 3, dtype=t.int64)),
    "dropout2d: above": lambda t: t.nn.functional.dropout2d(t.ones(2, 3, 4, 5), 1.5),
    "dropout: above": lambda t: t.nn.functional.dropout(t.ones(2), 1.5),
    "dropout: below": lambda t: t.nn.functional.dropout(t.ones(2), -0.5),
    "dropout: integers": lambda t: t.nn.functional.dropout(t.ones(2, dtype=t.int64)),
    "Dropout": lambda t: t.nn.Dropout(2.0),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad, refused_alike):
    refused_alike(bad)
