"""autograd.Function, written once and run on torch and on mytorch."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch

import mytorch

BOTH = pytest.mark.parametrize("t", [torch, mytorch], ids=["torch", "mytorch"])


def leaf(t, *values):
    return t.tensor([float(v) for v in values], requires_grad=True)


def function(t, **methods):
    """Make a Function of that namespace from plain functions."""
    return type("Mine", (t.autograd.Function,), {name: staticmethod(f) for name, f in methods.items()})


def power(t):
    """Make x**n with whatever backward needs of it, n being no tensor."""

    def forward(ctx, x, n):
        assert not t.is_grad_enabled()
        ctx.save_for_backward(x)
        ctx.n = n
        return x**n

    def backward(ctx, grad):
        assert not t.is_grad_enabled()
        (x,) = ctx.saved_tensors
        return grad * ctx.n * x ** (ctx.n - 1), None

    return function(t, forward=forward, backward=backward)


@BOTH
def test_forward_and_backward(t):
    x = leaf(t, 1, -2, 3)
    y = power(t).apply(x * 1, 3)
    assert y.requires_grad
    assert not y.is_leaf
    (y * t.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [3, 120, 2700]


@BOTH
def test_arguments_by_name(t):
    x = leaf(t, 2)
    power(t).apply(x, n=2).sum().backward()
    assert x.grad.tolist() == [4]


@BOTH
def test_the_newer_form(t):
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0], output)

    def backward(ctx, grad):
        x, y = ctx.saved_tensors
        return grad * y, grad * x

    mine = function(t, forward=lambda x, y: x * y, setup_context=setup_context, backward=backward)
    a, b = leaf(t, 2), leaf(t, 5)
    assert mine.apply(a, b).tolist() == [10]
    mine.apply(a, b).sum().backward()
    assert a.grad.tolist() == [10]
    assert b.grad.tolist() == [2]


@BOTH
def test_nothing_is_recorded_where_nothing_requires_gradients(t):
    assert power(t).apply(t.ones(2), 2).grad_fn is None
    with t.no_grad():
        assert not power(t).apply(leaf(t, 1), 2).requires_grad


@BOTH
def test_needs_input_grad(t):
    seen = []

    def backward(ctx, grad):
        seen.append(ctx.needs_input_grad)
        return grad, None, None

    mine = function(t, forward=lambda _, x, y, n: x * y * n, backward=backward)
    mine.apply(leaf(t, 1), t.ones(1), 2).sum().backward()
    assert seen == [(True, False, False)]


@BOTH
@pytest.mark.parametrize("materialize", [True, False])
def test_several_outputs_of_which_one_is_used(t, materialize):
    seen = []

    def forward(ctx, x):
        ctx.set_materialize_grads(materialize)
        flat = x * 7
        ctx.mark_non_differentiable(flat)
        return x * 2, x > 1, "no tensor", flat, x * 3

    def backward(_, *grads):
        seen.extend(None if grad is None else grad.tolist() for grad in grads)
        return grads[0]

    x = leaf(t, 1, 2)
    first, mask, text, flat, last = function(t, forward=forward, backward=backward).apply(x)
    assert (mask.tolist(), text) == ([False, True], "no tensor")
    assert [y.requires_grad for y in (first, mask, flat, last)] == [True, False, False, True]
    (first * 5).sum().backward()
    zeros = [[False, False], None, [0, 0], [0, 0]] if materialize else [None] * 4
    assert seen == [[5, 5], *zeros]
    assert x.grad.tolist() == [5, 5]


@BOTH
def test_an_input_that_is_the_output_too(t):
    x = leaf(t, 1, 2)
    y = function(t, forward=lambda _, x: x, backward=lambda _, grad: grad * 5).apply(x)
    assert y is not x
    y.sum().backward()
    assert x.grad.tolist() == [5, 5]
    assert x.is_leaf


@BOTH
def test_a_gradient_that_was_broadcast_is_summed(t):
    x = leaf(t, 1, 2)
    mine = function(t, forward=lambda _, x: x * 2, backward=lambda _, grad: grad + t.zeros(3, 2))
    mine.apply(x).sum().backward()
    assert x.grad.tolist() == [3, 3]


@BOTH
def test_saved_tensors_are_freed_and_their_changes_noticed(t):
    x = leaf(t, 1, 2)
    y = power(t).apply(x, 2).sum()
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()
    z = power(t).apply(x, 2).sum()
    with t.no_grad():
        x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()


def test_an_output_that_was_saved_is_freed_without_the_garbage_collector():
    def forward(ctx, x):
        y = x * 2
        ctx.save_for_backward(y)
        return y

    y = function(mytorch, forward=forward, backward=lambda _, grad: grad).apply(leaf(mytorch, 1))
    gc.disable()
    try:
        reference = weakref.ref(y)
        del y
        assert reference() is None
    finally:
        gc.enable()


def _twice(_, x, y):
    return x * y


# name: (forward, backward, other argument, class, what mytorch mentions)
BAD = {
    "too few": (_twice, lambda _, grad: grad, leaf, RuntimeError, ("expected 2", "got 1")),
    "too many": (_twice, lambda _, g: (g, g, g), leaf, RuntimeError, ("expected 2", "got 3")),
    "for a number": (_twice, lambda _, g: (g, g), lambda *_: 2.0, RuntimeError, ("position 2",)),
    "shape": (_twice, lambda _, g: (g.expand(2)[:1], None), lambda *_: 2.0, RuntimeError, ("[1]", "[2]")),
    "no tensor": (_twice, lambda *_: (3, None), lambda *_: 2.0, RuntimeError, ("int",)),
    "no backward": (_twice, None, lambda *_: 2.0, NotImplementedError, ("backward",)),
    "no forward": (None, None, lambda *_: 2.0, NotImplementedError, ("forward",)),
    "saves a number": (
        lambda ctx, x, y: ctx.save_for_backward(x, y),
        None,
        lambda *_: 2.0,
        TypeError,
        ("argument 1", "float"),
    ),
}


@BOTH
@pytest.mark.parametrize("name", BAD)
def test_bad_functions(t, name):
    forward, backward, other, kind, mentions = BAD[name]
    methods = {"forward": forward, "backward": backward}
    mine = function(t, **{key: f for key, f in methods.items() if f is not None})
    with pytest.raises(kind) as caught:
        mine.apply(leaf(t, 1, 2), other(t, 3, 4)).sum().backward()
    assert all(word in str(caught.value) for word in mentions), caught.value


def test_forms_that_are_not_supported_are_named():
    with pytest.raises(RuntimeError, match="static"):
        mytorch.autograd.Function()(mytorch.ones(1))
    mine = function(mytorch, forward=lambda ctx, x: ctx.mark_dirty(x))
    with pytest.raises(RuntimeError, match="mark_dirty"):
        mine.apply(leaf(mytorch, 1))
