"""Attention against torch: masks, grouped heads, and what is refused."""

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


def composed(query, key, value, p):
    scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
    return mytorch.nn.functional.dropout(scores.softmax(-1), p) @ value


def test_attention_with_dropout_is_that_of_its_parts():
    def fused(query, key, value, p):
        return mytorch.nn.functional.scaled_dot_product_attention(query, key, value, dropout_p=p)

    results = []
    for attention in (composed, fused):
        mytorch.manual_seed(3)
        tensors = [mytorch.tensor(draw(2, 5, 4, seed=i), requires_grad=True) for i in range(3)]
        y = attention(*tensors, 0.4)
        y.backward(mytorch.tensor(draw(*y.shape, seed=4)))
        results.append([y.detach().numpy(), *(x.grad.numpy() for x in tensors)])
    for expected, got in zip(*results, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)


def test_a_mask_that_changed_is_refused():
    x, mask = mytorch.ones(3, 3, requires_grad=True), mytorch.ones(3, 3) > 0
    y = mytorch.nn.functional.scaled_dot_product_attention(x, x, x, mask)
    mask[0] = False
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def attend(*shapes, **options):
    return lambda t: t.nn.functional.scaled_dot_product_attention(
        *(t.ones(*shape) for shape in shapes), **{k: v(t) if callable(v) else v for k, v in options.items()}
    )


BAD = {
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
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad, refused_alike):
    refused_alike(bad)
