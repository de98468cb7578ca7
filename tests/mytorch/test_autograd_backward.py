"""backward through several roots in one walk, as torch does it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch

BOTH = pytest.mark.parametrize("t", [torch, mytorch], ids=["torch", "mytorch"])


def gradients(t, build, seed=0):
    """Return the gradients of two leaves under given cotangents of whatever `build` makes of them."""
    rng = np.random.default_rng(seed)
    leaves = [t.from_numpy(rng.standard_normal((2, 3))).requires_grad_() for _ in range(2)]
    roots = build(t, *leaves)
    t.autograd.backward(roots, [t.from_numpy(rng.standard_normal(tuple(root.shape))) for root in roots])
    return [None if leaf.grad is None else leaf.grad.numpy() for leaf in leaves]


def _inner_first(t, a, b):
    inner = t.sigmoid(a * b)
    return [inner, t.tanh(inner) + a]


def _outer_first(t, a, b):
    return list(reversed(_inner_first(t, a, b)))


def _same_twice(_, a, b):
    product = a * b
    return [product, product]


@pytest.mark.parametrize(
    "build",
    [
        lambda _, a, b: [a * b, a + b],
        _inner_first,
        _outer_first,
        lambda _, a, _b: [a, a * 2],
        _same_twice,
        lambda _, a, _b: [a * 2],
    ],
    ids=["apart", "one inside another", "outer first", "a leaf", "the same twice", "one"],
)
def test_gradients_equal_torchs(build):
    for ours, theirs in zip(gradients(mytorch, build), gradients(torch, build), strict=True):
        assert (ours is None) == (theirs is None)
        if theirs is not None:
            np.testing.assert_allclose(ours, theirs, rtol=1e-14)


@BOTH
def test_scalars_need_no_cotangent(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    t.autograd.backward([x.sum(), (x * x).sum()])
    assert x.grad.tolist() == [3.0, 5.0]


@BOTH
def test_a_single_tensor_needs_no_list(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    t.autograd.backward(x * 3, t.tensor([1.0, 10.0]))
    assert x.grad.tolist() == [3.0, 30.0]


@BOTH
@pytest.mark.parametrize(
    ("call", "mentions"),
    [
        (lambda t, x: t.autograd.backward([x * 2, x * 3], [t.ones(2)]), ("2 tensors", "1 gradients")),
        (lambda t, x: t.autograd.backward([x.sum(), x.detach()]), ("element 1",)),
        (lambda t, x: t.autograd.backward([x.sum(), x * 2]), ("scalar outputs",)),
        (
            lambda t, x: t.autograd.backward([x * 2, x.sum()], [t.ones(3), t.ones(())]),
            ("Mismatch in shape", "[3]", "[2]"),
        ),
    ],
    ids=["count", "no history", "not a scalar", "shape"],
)
def test_bad_calls(t, call, mentions):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError) as caught:
        call(t, x)
    assert all(word in str(caught.value) for word in mentions)
