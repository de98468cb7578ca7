"""Embeddings and one-hot vectors against torch, as functions and as a layer."""

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


PLACES = {"row": [1, 1, 4, 0], "matrix": [[2, 2], [2, 0]], "one": 3, "none": []}


@pytest.mark.parametrize(
    "options", [{}, {"padding_idx": 2}, {"padding_idx": -5}, {"scale_grad_by_freq": True}]
)
@pytest.mark.parametrize("places", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("dtype", ["int64", "int32"])
def test_embedding(places, options, dtype):
    def run(t):
        table = t.tensor(draw(5, 3), requires_grad=True)
        rows = t.nn.functional.embedding(t.tensor(places, dtype=getattr(t, dtype)), table, **options)
        rows.backward(t.tensor(draw(*rows.shape)))
        return rows.detach().numpy(), table.grad.numpy()

    agree(run)


@pytest.mark.parametrize("norm_type", [2.0, 1.0])
def test_embedding_shortens_the_rows_that_are_named(norm_type):
    def run(t):
        table = t.tensor(draw(5, 3), requires_grad=True)
        rows = t.nn.functional.embedding(t.tensor([0, 3, 3]), table, max_norm=0.5, norm_type=norm_type)
        return rows.detach().numpy(), table.detach().numpy()

    agree(run)


def test_embedding_module():
    torch_layer = torch.nn.Embedding(5, 3, padding_idx=-2, dtype=torch.float64)
    layer = mytorch.nn.Embedding(5, 3, padding_idx=-2, dtype=mytorch.float64)
    assert repr(layer) == repr(torch_layer)
    assert layer.weight[3].tolist() == [0.0, 0.0, 0.0]
    assert abs(layer.weight.detach().numpy()).max() > 0
    layer.load_state_dict({"weight": mytorch.tensor(torch_layer.weight.detach().numpy())})
    out = layer(mytorch.tensor([[3, 0]]))
    np.testing.assert_array_equal(out.detach().numpy(), torch_layer(torch.tensor([[3, 0]])).detach().numpy())


def test_embedding_reprs_and_pretrained_tables():
    ours, theirs = both(lambda t: repr(t.nn.Embedding(3, 4, 0, 2.0, 3.0, scale_grad_by_freq=True)))
    assert ours == theirs
    table = mytorch.tensor(draw(4, 2))
    frozen = mytorch.nn.Embedding.from_pretrained(table, padding_idx=1)
    assert not frozen.weight.requires_grad
    assert frozen.padding_idx == 1
    np.testing.assert_array_equal(frozen(mytorch.tensor([2])).numpy(), table.numpy()[2:3])
    assert mytorch.nn.Embedding.from_pretrained(table, freeze=False).weight.requires_grad


@pytest.mark.parametrize("classes", [-1, 6])
@pytest.mark.parametrize("places", [*PLACES.values()][:3])
def test_one_hot(places, classes):
    agree(lambda t: [t.nn.functional.one_hot(t.tensor(places), classes).numpy()])


def embed(places, table=lambda t: t.ones(5, 3), **options):
    return lambda t: t.nn.functional.embedding(places(t), table(t), **options)


BAD = {
    "embedding: floats": embed(lambda t: t.ones(2)),
    "embedding: bytes": embed(lambda t: t.ones(2, dtype=t.uint8)),
    "embedding: beyond": embed(lambda t: t.tensor([7])),
    "embedding: negative": embed(lambda t: t.tensor([-1])),
    "embedding: vector": embed(lambda t: t.tensor([1]), lambda t: t.ones(3)),
    "embedding: padding": embed(lambda t: t.tensor([1]), padding_idx=9),
    "embedding: text": embed(str),
    "Embedding: padding": lambda t: t.nn.Embedding(3, 4, 3),
    "Embedding: negative padding": lambda t: t.nn.Embedding(3, 4, -4),
    "Embedding: size": lambda t: t.nn.Embedding(-1, 4),
    "Embedding: vector": lambda t: t.nn.Embedding.from_pretrained(t.ones(3)),
    "Embedding: weight": lambda t: t.nn.Embedding(3, 4, _weight=t.ones(2, 2)),
    "one_hot: floats": lambda t: t.nn.functional.one_hot(t.ones(2)),
    "one_hot: negative": lambda t: t.nn.functional.one_hot(t.tensor([-1])),
    "one_hot: too few": lambda t: t.nn.functional.one_hot(t.tensor([4]), 3),
    "one_hot: none": lambda t: t.nn.functional.one_hot(t.zeros(0, dtype=t.int64)),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad, refused_alike):
    refused_alike(bad)


def test_sparse_gradients_are_refused_by_name():
    with pytest.raises(RuntimeError, match="sparse=True is not supported"):
        mytorch.nn.Embedding(3, 4, sparse=True)(mytorch.tensor([1]))


@pytest.mark.parametrize(
    "numbers",
    [[3, 1, 3], [7] * 11 + [2, 7], list(range(40)) * 2, [0] * 70, []],
    ids=["few repeats", "more than there are rounds", "all twice", "more numbers than rows", "none"],
)
@pytest.mark.parametrize("by_frequency", [False, True])
def test_the_gradient_counts_every_repeat(numbers, by_frequency):
    cotangent = np.random.default_rng(0).standard_normal((len(numbers), 3))
    found = []
    for t in (mytorch, torch):
        table = t.zeros(50, 3, dtype=t.float64).requires_grad_()
        places = t.tensor(numbers, dtype=t.int64)
        rows = t.nn.functional.embedding(places, table, scale_grad_by_freq=by_frequency)
        rows.backward(t.from_numpy(cotangent))
        found.append(table.grad.numpy())
    np.testing.assert_allclose(*found, rtol=1e-13, atol=1e-15)
