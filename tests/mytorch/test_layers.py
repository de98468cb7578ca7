"""Embedding, normalisation, dropout, attention, containers and initialisers against torch."""

from __future__ import annotations

import copy
from collections import OrderedDict

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
        lambda t: t.nn.Dropout(),
        lambda t: t.nn.Dropout(0.1, inplace=True),
        lambda t: t.nn.Flatten(),
        lambda t: t.nn.Flatten(0, 1),
        lambda t: t.nn.ModuleDict({"a": t.nn.ReLU(), "b": t.nn.Sequential(t.nn.Tanh())}),
        lambda t: t.nn.ModuleDict(),
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


ATTENTION = {
    "plain": {},
    "causal": {"is_causal": True},
    "scaled": {"scale": 0.3},
    "scaled negatively": {"scale": -0.3},
    "masked": {"attn_mask": draw(4, 5) > 0},
    "shifted": {"attn_mask": draw(2, 3, 4, 5)},
    "blind": {"attn_mask": np.arange(20).reshape(4, 5) > 7},
    "blind by infinity": {"attn_mask": np.where(np.arange(20).reshape(4, 5) > 7, 0.0, -np.inf)},
}


@pytest.mark.parametrize("lead", [(2, 3), ()])
@pytest.mark.parametrize("name", ATTENTION)
def test_attention(name, lead):
    def run(t):
        options = {k: t.tensor(v) if isinstance(v, np.ndarray) else v for k, v in ATTENTION[name].items()}
        if not lead and name == "shifted":
            options["attn_mask"] = options["attn_mask"][0, 0]
        tensors = [
            t.tensor(draw(*lead, *size, seed=i), requires_grad=True)
            for i, size in enumerate([(4, 6), (5, 6), (5, 7)])
        ]
        y = t.nn.functional.scaled_dot_product_attention(*tensors, **options)
        y.backward(t.tensor(draw(*y.shape, seed=4)))
        return [y.detach().numpy(), *(x.grad.numpy() for x in tensors)]

    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        agree(run, rtol=1e-11)


def test_attention_of_grouped_heads():
    def run(t):
        tensors = [t.tensor(draw(2, h, 3, 5, seed=h), requires_grad=True) for h in (4, 2, 2)]
        y = t.nn.functional.scaled_dot_product_attention(*tensors, enable_gqa=True)
        y.backward(t.tensor(draw(*y.shape, seed=4)))
        return [y.detach().numpy(), *(x.grad.numpy() for x in tensors)]

    agree(run, rtol=1e-12)


def test_attention_drops_weights():
    x = mytorch.ones(1, 4, 8)
    assert (
        mytorch.nn.functional.scaled_dot_product_attention(x, x, x, dropout_p=1.0).tolist()
        == (x * 0).tolist()
    )


def attend(*shapes, **options):
    return lambda t: t.nn.functional.scaled_dot_product_attention(
        *(t.ones(*shape) for shape in shapes), **{k: v(t) if callable(v) else v for k, v in options.items()}
    )


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
    "dropout: above": lambda t: t.nn.functional.dropout(t.ones(2), 1.5),
    "dropout: below": lambda t: t.nn.functional.dropout(t.ones(2), -0.5),
    "dropout: integers": lambda t: t.nn.functional.dropout(t.ones(2, dtype=t.int64)),
    "Dropout": lambda t: t.nn.Dropout(2.0),
    "layer_norm: size": lambda t: t.nn.functional.layer_norm(t.ones(2, 3), [4]),
    "layer_norm: rank": lambda t: t.nn.functional.layer_norm(t.ones(3), [2, 3]),
    "layer_norm: nothing": lambda t: t.nn.functional.layer_norm(t.ones(3), []),
    "layer_norm: number": lambda t: t.nn.functional.layer_norm(t.ones(3), 3),
    "layer_norm: weight": lambda t: t.nn.functional.layer_norm(t.ones(3), [3], t.ones(4)),
    "layer_norm: bias": lambda t: t.nn.functional.layer_norm(t.ones(3), [3], None, t.ones(4)),
    "layer_norm: dtype": lambda t: t.nn.functional.layer_norm(t.ones(3), [3], t.ones(3, dtype=t.float64)),
    "layer_norm: integers": lambda t: t.nn.functional.layer_norm(t.ones(3, dtype=t.int64), [3]),
    "attention: widths": attend((2, 4, 3), (2, 5, 4), (2, 5, 4)),
    "attention: lengths": attend((2, 4, 3), (2, 5, 3), (2, 6, 3)),
    "attention: batches": attend((2, 4, 3), (3, 4, 3), (3, 4, 3)),
    "attention: ranks": attend((3,), (3,), (3,)),
    "attention: two masks": attend(*[(4, 3)] * 3, attn_mask=lambda t: t.ones(4, 4) > 0, is_causal=True),
    "attention: mask of integers": attend(*[(4, 3)] * 3, attn_mask=lambda t: t.ones(4, 4, dtype=t.int64)),
    "attention: mask of doubles": attend(*[(4, 3)] * 3, attn_mask=lambda t: t.ones(4, 4, dtype=t.float64)),
    "attention: mask size": attend(*[(4, 3)] * 3, attn_mask=lambda t: t.ones(4, 5) > 0),
    "attention: dropout": attend(*[(4, 3)] * 3, dropout_p=2.0),
    "attention: heads": attend((1, 4, 2, 3), (1, 3, 2, 3), (1, 3, 2, 3), enable_gqa=True),
    "ModuleDict: number": lambda t: t.nn.ModuleDict(3),
    "ModuleDict: numbers": lambda t: t.nn.ModuleDict([3]),
    "ModuleDict: triples": lambda t: t.nn.ModuleDict([(1, 2, 3)]),
    "ModuleDict: no module": lambda t: t.nn.ModuleDict([("k", 3)]),
    "ModuleDict: missing": lambda t: t.nn.ModuleDict()["z"],
    "ModuleDict: taken name": lambda t: t.nn.ModuleDict({"keys": t.nn.ReLU()}),
    "ModuleDict: dotted name": lambda t: t.nn.ModuleDict({"a.b": t.nn.ReLU()}),
    "ModuleDict: forward": lambda t: t.nn.ModuleDict()(1),
    "xavier_uniform_: vector": lambda t: t.nn.init.xavier_uniform_(t.ones(3)),
    "xavier_normal_: vector": lambda t: t.nn.init.xavier_normal_(t.ones(3)),
    "kaiming_normal_: vector": lambda t: t.nn.init.kaiming_normal_(t.ones(3)),
    "kaiming_normal_: mode": lambda t: t.nn.init.kaiming_normal_(t.ones(3, 2), mode="x"),
    "orthogonal_: vector": lambda t: t.nn.init.orthogonal_(t.ones(3)),
    "orthogonal_: integers": lambda t: t.nn.init.orthogonal_(t.ones(2, 2, dtype=t.int64)),
}


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


def test_sparse_gradients_are_refused_by_name():
    with pytest.raises(RuntimeError, match="sparse=True is not supported"):
        mytorch.nn.Embedding(3, 4, sparse=True)(mytorch.tensor([1]))


def test_a_module_dict_is_edited_like_a_dictionary():
    def run(t):
        held = t.nn.ModuleDict(OrderedDict(b=t.nn.Tanh()))
        held["a"] = t.nn.Linear(2, 2)
        held.update([("c", t.nn.ReLU()), ("b", t.nn.Sigmoid())])
        held.update(t.nn.ModuleDict({"d": t.nn.ReLU()}))
        popped = held.pop("c")
        del held["d"]
        text = [type(popped).__name__, "a" in held, "c" in held, list(held), len(held), list(held.keys())]
        text += [
            [type(m).__name__ for m in held.values()],
            [k for k, _ in held.items()],
            list(held.state_dict()),
        ]
        copy.deepcopy(held).clear()
        return [*text, repr(held)]

    ours, theirs = both(run)
    assert ours == theirs


def spread(name, shape, **options):
    return getattr(mytorch.nn.init, name)(mytorch.empty(*shape), **options).numpy()


@pytest.mark.parametrize("gain", [1.0, 2.0])
def test_xavier(gain):
    drawn = spread("xavier_uniform_", (200, 100), gain=gain)
    bound = gain * (6 / 300) ** 0.5
    assert 0.99 * bound < abs(drawn).max() <= bound
    assert spread("xavier_normal_", (200, 100), gain=gain).std() == pytest.approx(
        gain * (2 / 300) ** 0.5, rel=0.03
    )


@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
def test_kaiming_normal(mode):
    drawn = spread("kaiming_normal_", (200, 50, 2), mode=mode, nonlinearity="relu")
    assert drawn.std() == pytest.approx((2 / (100 if mode == "fan_in" else 400)) ** 0.5, rel=0.03)


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6), (3, 2, 4)])
def test_orthogonal(shape):
    drawn = spread("orthogonal_", shape, gain=2.0).reshape(shape[0], -1).astype(float)
    product = drawn @ drawn.T if drawn.shape[0] <= drawn.shape[1] else drawn.T @ drawn
    np.testing.assert_allclose(product, 4 * np.eye(min(drawn.shape)), atol=1e-5)


def test_orthogonal_matrices_are_not_all_turned_one_way():
    # Without the choice of signs every draw would have the same sign on R's diagonal.
    signs = {tuple(np.sign(spread("orthogonal_", (2, 2))[0])) for _ in range(60)}
    assert len(signs) == 4


@pytest.mark.parametrize("name", ["xavier_uniform_", "xavier_normal_", "orthogonal_"])
def test_nothing_is_filled_in_what_is_empty(name):
    assert spread(name, (3, 0)).shape == (3, 0)
    assert spread(name, (0, 0)).shape == (0, 0)
