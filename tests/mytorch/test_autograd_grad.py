"""autograd.grad, backward with inputs, and hooks on tensors, against torch."""

from __future__ import annotations

import pytest
import torch

import mytorch

BOTH = pytest.mark.parametrize("t", [torch, mytorch], ids=["torch", "mytorch"])


def leaf(t, *values):
    return t.tensor([float(v) for v in values], requires_grad=True)


def _plain(value):
    """Turn tensors into lists, in tuples and lists too."""
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    return value.tolist() if hasattr(value, "tolist") else value


def _diamond(t, x, w):
    y = x * w
    return y, t.sigmoid(y) + y * x


def _of_the_root(t, x, w):
    root = _diamond(t, x, w)[1].sum()
    return t.autograd.grad(root, [root])


def _of_a_result(t, x, w):
    y, z = _diamond(t, x, w)
    return t.autograd.grad(z.sum(), [y, x])


def _of_a_root_inside_another(t, x, w):
    y, z = _diamond(t, x, w)
    return t.autograd.grad([z, y], [y], [t.ones(2), t.tensor([7.0, 9.0])])


def _of_several_roots(t, x, w):
    cotangents = [t.tensor([1.0, -2.0]), t.tensor([0.5, 3.0])]
    return t.autograd.grad(_diamond(t, x, w), [x, w], grad_outputs=cotangents)


def _of_one_output_of_several(t, x, w):
    first, second = (x * w).unbind(0)
    return t.autograd.grad(first * 5, [first, second], allow_unused=True)


def _twice(t, x, w):
    z = _diamond(t, x, w)[1].sum()
    return [t.autograd.grad(z, x, retain_graph=True), t.autograd.grad(z, w)]


# What is asked of a program with two leaves, x and w.
QUESTIONS = {
    "a leaf": lambda t, x, w: t.autograd.grad(_diamond(t, x, w)[1].sum(), x),
    "two leaves": lambda t, x, w: t.autograd.grad(_diamond(t, x, w)[1].sum(), [w, x]),
    "the same twice": lambda t, x, w: t.autograd.grad(_diamond(t, x, w)[1].sum(), (x, x)),
    "the root": _of_the_root,
    "a leaf is the root": lambda t, x, _: t.autograd.grad(x, [x], grad_outputs=t.ones(2) * 3),
    "a result inside": _of_a_result,
    "several roots": _of_several_roots,
    "one root inside another": _of_a_root_inside_another,
    "unused": lambda t, x, w: t.autograd.grad((x * 2).sum(), [x, w], allow_unused=True),
    "zeros for unused": lambda t, x, w: t.autograd.grad((x * 2).sum(), [x, w], materialize_grads=True),
    "one output of several": _of_one_output_of_several,
    "twice": _twice,
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_grad_equals_torchs(name):
    answers = []
    for t in (torch, mytorch):
        x, w = leaf(t, 1, -2), leaf(t, 0.5, 3)
        answers.append(_plain(QUESTIONS[name](t, x, w)))
        assert x.grad is None
        assert w.grad is None
    assert _rounded(answers[1]) == _rounded(answers[0])


def _rounded(answer):
    if isinstance(answer, list):
        return [_rounded(each) for each in answer]
    return None if answer is None else round(answer, 5)


@BOTH
def test_only_what_lies_between_is_walked_and_freed(t):
    x, w = leaf(t, 1, 2), leaf(t, 3, 4)
    seen = []
    other = w * w
    other.register_hook(seen.append)
    inner = x * x
    total = (inner * other).sum()
    (found,) = t.autograd.grad(total, inner)
    assert found.tolist() == [9, 16]
    assert seen == []
    # Below `inner` nothing was freed.
    inner.sum().backward()
    assert x.grad.tolist() == [2, 4]
    with pytest.raises(RuntimeError, match="second time"):
        t.autograd.grad(total, inner)


def test_gradients_share_no_memory():
    x, y = leaf(mytorch, 1, 2), leaf(mytorch, 3, 4)
    cotangent = mytorch.ones(2)
    first, second = mytorch.autograd.grad(x + y, [x, y], cotangent)
    first.zero_()
    assert second.tolist() == [1, 1]
    assert cotangent.tolist() == [1, 1]


@BOTH
def test_backward_into_chosen_inputs(t):
    x, w = leaf(t, 1, 2), leaf(t, 3, 4)
    y = x * w
    (y * y).sum().backward(inputs=[x, w], retain_graph=True)
    t.autograd.backward((y * y).sum(), inputs=x)
    assert x.grad.tolist() == [36, 128]
    assert w.grad.tolist() == [6, 32]


def test_grad_through_100_000_ops():
    x = leaf(mytorch, 1)
    y = x
    for _ in range(100_000):
        y = y * 1.0
    assert mytorch.autograd.grad(y, x)[0].tolist() == [1]


def _grad_of_product(t, x, **settings):
    return t.autograd.grad((x * 2).sum(), [x], **settings)


# name: (call, what both messages mention)
BAD = {
    "unused": (
        lambda t, x: t.autograd.grad((x * 2).sum(), [x, leaf(t, 1)]),
        ("index 1", "not have been used"),
    ),
    "materialize": (
        lambda t, x: _grad_of_product(t, x, materialize_grads=True, allow_unused=False),
        ("allow_unused=False",),
    ),
    "input without gradient": (
        lambda t, x: t.autograd.grad(x.sum(), [t.ones(2)]),
        ("does not require grad",),
    ),
    "output without history": (lambda t, x: t.autograd.grad(t.ones(2).sum(), [x]), ("element 0",)),
    "no scalar": (lambda t, x: t.autograd.grad(x * 2, [x]), ("scalar outputs",)),
    "cotangent's shape": (lambda t, x: t.autograd.grad(x * 2, [x], t.ones(3)), ("[3]", "[2]")),
    "cotangent is no tensor": (lambda t, x: t.autograd.grad(x * 2, [x], [[1.0, 2.0]]), ("list",)),
    "count": (lambda t, x: t.autograd.grad([x * 2, x], [x], [t.ones(2)]), ("2 tensors", "1 gradients")),
    "input is no tensor": (lambda t, x: t.autograd.grad(x.sum(), [3]), ("int",)),
    "no input": (lambda t, x: t.autograd.grad(x.sum(), []), ("inputs", "empty")),
    "no input of backward": (lambda _, x: x.sum().backward(inputs=[]), ("inputs", "empty")),
    "backward into no leaf": (lambda t, x: x.sum().backward(inputs=[t.ones(2)]), ("require",)),
    "hook without gradient": (lambda t, _: t.ones(2).register_hook(print), ("hook", "gradient")),
    "detach_ of a view": (lambda _, x: (x * 2)[0].detach_(), ("views",)),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_calls(name):
    call, mentions = BAD[name]
    errors = []
    for t in (torch, mytorch):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the class is what is compared
            call(t, leaf(t, 1, 2))
        errors.append(caught)
        assert all(word in str(caught.value) for word in mentions), caught.value
    assert errors[1].type is errors[0].type


def test_what_is_not_supported_is_named():
    with pytest.raises(RuntimeError, match="is_grads_batched"):
        _grad_of_product(mytorch, leaf(mytorch, 1), is_grads_batched=True)


@BOTH
def test_hooks_see_and_replace_gradients(t):
    x = leaf(t, 1, 2)
    seen = []
    x.register_hook(lambda grad: seen.append(grad.tolist()))
    x.register_hook(lambda grad: grad + 1)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda grad: grad * 10)
    (y * y + y).sum().backward()
    # A leaf's hooks see the whole gradient once; a retained gradient is the one after the hooks.
    assert seen == [[100, 180]]
    assert y.grad.tolist() == [50, 90]
    assert x.grad.tolist() == [101, 181]


@BOTH
def test_hooks_and_grad(t):
    x = leaf(t, 1, 2)
    x.register_hook(lambda grad: grad * 10)
    y = x * 2
    y.register_hook(lambda grad: grad * 100)
    y.retain_grad()
    z = (y * y).sum()
    both = t.autograd.grad(z, [x, y], retain_graph=True)
    assert [g.tolist() for g in both] == [[8000, 16000], [4, 8]]
    assert y.grad.tolist() == [400, 800]
    assert t.autograd.grad(z, y)[0].tolist() == [400, 800]
    assert x.grad is None


@BOTH
def test_a_hook_is_taken_off(t):
    x = leaf(t, 1)
    seen = []
    handle = x.register_hook(seen.append)
    with (x * 2).register_hook(seen.append):
        x.sum().backward()
    handle.remove()
    handle.remove()
    x.sum().backward()
    assert len(seen) == 1


@BOTH
@pytest.mark.parametrize(
    ("returned", "kind", "mentions"),
    [
        (lambda _: 3, TypeError, "int"),
        (lambda t: t.ones(3), RuntimeError, "size"),
        (lambda t: t.ones(2).double(), RuntimeError, "type"),
    ],
    ids=["no tensor", "shape", "dtype"],
)
def test_what_a_hook_must_not_return(t, returned, kind, mentions):
    x = leaf(t, 1, 2)
    x.register_hook(lambda _: returned(t))
    with pytest.raises(kind, match=mentions):
        (x * 2).sum().backward()


@BOTH
def test_detach_(t):
    x = leaf(t, 1, 2)
    y = x * 2
    assert y.detach_() is y
    assert y.is_leaf
    assert not y.requires_grad
    assert not x.detach_().requires_grad
