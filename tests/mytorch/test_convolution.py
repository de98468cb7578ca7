"""Convolutions against torch, as functions and as layers."""

from __future__ import annotations

import warnings
from itertools import product

import numpy as np
import pytest
import torch

import mytorch

SIZES = (9, 7)


def draw(*shape):
    return np.random.default_rng([*shape]).standard_normal(shape)


def run(t, arrays, rank, options):
    x, *parameters = (t.tensor(each, requires_grad=True) for each in arrays)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch's, of an even window and "same"
        y = getattr(t.nn.functional, f"conv{rank}d")(x, *parameters, **options)
    y.backward(t.tensor(draw(*y.shape)))
    assert y.is_contiguous()
    return [y.detach().numpy(), *(each.grad.numpy() for each in (x, *parameters))]


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("padding", [0, 2, "same", "valid"])
def test_values_and_gradients(rank, padding):
    strides = (1,) if padding == "same" else (1, 2)
    for stride, dilation, groups, batch in product(strides, (1, 2), (1, 2), [(0,), (3,), ()]):
        arrays = [
            draw(*batch, 4, *SIZES[:rank]),
            draw(6, 4 // groups, *(3, 2)[:rank]),
            draw(6),
        ]
        options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        for got, expected in zip(*(run(t, arrays, rank, options) for t in (mytorch, torch)), strict=True):
            assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
            np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


def test_numbers_of_each_dimension():
    arrays = [draw(2, 3, 8, 9), draw(4, 3, 2, 3)]
    options = {"stride": (2, 1), "padding": [0, 2], "dilation": (1, 3)}
    for got, expected in zip(*(run(t, arrays, 2, options) for t in (mytorch, torch)), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float16", "int64"])
def test_other_dtypes(dtype):
    x, w = (np.round(4 * draw(*shape)).astype(dtype) for shape in ((2, 3, 8), (4, 3, 3)))
    got, expected = (t.nn.functional.conv1d(t.tensor(x), t.tensor(w)).numpy() for t in (mytorch, torch))
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)


def test_a_change_of_what_the_gradient_needs_is_an_error():
    x = mytorch.tensor(draw(1, 2, 5))
    weight = mytorch.tensor(draw(3, 2, 2), requires_grad=True)
    y = mytorch.nn.functional.conv1d(x, weight)
    x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


MODULES = {
    "Conv1d": lambda nn, **o: nn.Conv1d(4, 6, 3, **o),
    "strided": lambda nn, **o: nn.Conv2d(4, 6, 3, 2, 1, 2, 2, False, **o),
    "same": lambda nn, **o: nn.Conv2d(4, 6, (3, 2), padding="same", padding_mode="reflect", **o),
    "circular": lambda nn, **o: nn.Conv2d(4, 6, (3, 2), padding=(3, 0), padding_mode="circular", **o),
    "replicate": lambda nn, **o: nn.Conv1d(4, 6, 4, padding=2, padding_mode="replicate", **o),
    "valid": lambda nn, **o: nn.Conv1d(4, 6, 4, padding="valid", padding_mode="reflect", **o),
}


@pytest.mark.parametrize("name", MODULES)
def test_layers_exchange_their_state_and_compute_the_same(name):
    theirs, ours = (MODULES[name](t.nn, dtype=t.float64) for t in (torch, mytorch))
    assert repr(ours) == repr(theirs)
    ours.load_state_dict({key: mytorch.tensor(each.numpy()) for key, each in theirs.state_dict().items()})
    assert [*ours.state_dict()] == [*theirs.state_dict()]
    for own in ("kernel_size", "stride", "padding", "dilation", "output_padding", "transposed", "groups"):
        assert getattr(ours, own) == getattr(theirs, own)
    x = draw(2, 4, *SIZES[: ours.weight.dim() - 2])
    results = []
    for t, layer in ((mytorch, ours), (torch, theirs)):
        given = t.tensor(x, requires_grad=True)
        y = layer(given)
        y.backward(t.tensor(draw(*y.shape)))
        results.append([y.detach().numpy(), given.grad.numpy(), layer.weight.grad.numpy()])
    for got, expected in zip(*results, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


def zeros(t, *shapes, **options):
    return [t.zeros(*shape, **options) for shape in shapes]


BAD = {
    "rank of the input": lambda t: t.nn.functional.conv1d(*zeros(t, (3,), (2, 3, 1))),
    "rank of an image": lambda t: t.nn.functional.conv2d(*zeros(t, (3, 4), (2, 3, 1, 1))),
    "rank of the weight": lambda t: t.nn.functional.conv1d(*zeros(t, (1, 3, 4), (2, 3))),
    "rank of an image's weight": lambda t: t.nn.functional.conv2d(*zeros(t, (1, 3, 4, 4), (2, 3, 1))),
    "channels": lambda t: t.nn.functional.conv1d(*zeros(t, (1, 3, 4), (2, 4, 1))),
    "groups": lambda t: t.nn.functional.conv1d(*zeros(t, (1, 4, 4), (3, 2, 1)), groups=2),
    "more groups than outputs": lambda t: t.nn.functional.conv1d(*zeros(t, (1, 4, 4), (2, 1, 1)), groups=4),
    "no groups": lambda t: t.nn.functional.conv1d(*zeros(t, (1, 3, 4), (2, 3, 1)), groups=0),
    "groups as a float": lambda t: t.nn.functional.conv1d(*zeros(t, (1, 3, 4), (2, 3, 1)), groups=1.0),
    "window": lambda t: t.nn.functional.conv1d(*zeros(t, (1, 3, 4), (2, 3, 5))),
    "empty window": lambda t: t.nn.functional.conv1d(*zeros(t, (1, 3, 4), (2, 3, 0))),
    "bias": lambda t: t.nn.functional.conv1d(*zeros(t, (1, 3, 4), (2, 3, 1), (3,))),
    "stride of zero": lambda t: t.nn.functional.conv1d(*zeros(t, (1, 3, 4), (2, 3, 1)), stride=0),
    "negative padding": lambda t: t.nn.functional.conv1d(*zeros(t, (1, 3, 4), (2, 3, 1)), padding=-1),
    "dilation of zero": lambda t: t.nn.functional.conv1d(*zeros(t, (1, 3, 4), (2, 3, 1)), dilation=0),
    "strides": lambda t: t.nn.functional.conv2d(*zeros(t, (1, 3, 4, 4), (2, 3, 1, 1)), stride=(1, 1, 1)),
    "stride as a float": lambda t: t.nn.functional.conv1d(*zeros(t, (1, 3, 4), (2, 3, 1)), stride=1.5),
    "padding by name": lambda t: t.nn.functional.conv1d(*zeros(t, (1, 3, 4), (2, 3, 1)), padding="full"),
    "same and stride": lambda t: t.nn.functional.conv1d(
        *zeros(t, (1, 3, 4), (2, 3, 1)), padding="same", stride=2
    ),
    "dtypes": lambda t: t.nn.functional.conv1d(t.zeros(1, 3, 4).double(), t.zeros(2, 3, 1)),
    "dtype of the bias": lambda t: t.nn.functional.conv1d(
        *zeros(t, (1, 3, 4), (2, 3, 1)), t.zeros(2).double()
    ),
    "bools": lambda t: t.nn.functional.conv1d(*(x.bool() for x in zeros(t, (1, 3, 4), (2, 3, 1)))),
    "no tensor": lambda t: t.nn.functional.conv1d([1.0], t.zeros(2, 3, 1)),
    "layer: groups": lambda t: t.nn.Conv1d(3, 2, 1, groups=2),
    "layer: no groups": lambda t: t.nn.Conv1d(3, 2, 1, groups=0),
    "layer: groups of outputs": lambda t: t.nn.Conv1d(4, 3, 1, groups=2),
    "layer: padding": lambda t: t.nn.Conv1d(4, 3, 1, padding="full"),
    "layer: same and stride": lambda t: t.nn.Conv1d(4, 3, 1, padding="same", stride=2),
    "layer: mode": lambda t: t.nn.Conv1d(4, 3, 1, padding_mode="mirror"),
    "reflect": lambda t: t.nn.Conv1d(3, 2, 1, padding=4, padding_mode="reflect")(t.zeros(1, 3, 4)),
    "circular": lambda t: t.nn.Conv1d(3, 2, 1, padding=5, padding_mode="circular")(t.zeros(1, 3, 4)),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad, refused_alike):
    refused_alike(bad)
