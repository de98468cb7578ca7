"""Variable, which old programs wrap their tensors in, against torch."""

from __future__ import annotations

import warnings

import pytest
import torch

import mytorch

BOTH = pytest.mark.parametrize("t", [torch, mytorch], ids=["torch", "mytorch"])

SAME = {
    "tensor": lambda t: t.autograd.Variable(t.ones(2)),
    "nothing": lambda t: (t.autograd.Variable(), t.autograd.Variable(None)),
    "by name": lambda t: t.autograd.Variable(data=t.ones(2), requires_grad=True),
    "by position": lambda t: t.autograd.Variable(t.ones(2), True),
    "a number for a flag": lambda t: t.autograd.Variable(t.ones(2), requires_grad=1),
    "recorded": lambda t: t.autograd.Variable(t.ones(2, requires_grad=True) * 2),
    "parameter": lambda t: t.autograd.Variable(t.nn.Parameter(t.ones(2))),
    "list": lambda t: t.autograd.Variable([1.0]),
    "number": lambda t: t.autograd.Variable(2.0),
    "flag of None": lambda t: t.autograd.Variable(t.ones(2), requires_grad=None),
    "integers": lambda t: t.autograd.Variable(t.arange(2), requires_grad=True),
    "volatile and recorded": lambda t: t.autograd.Variable(t.ones(2), requires_grad=True, volatile=True),
    "instances": lambda t: [
        isinstance(x, t.autograd.Variable) for x in (t.ones(1), t.nn.Parameter(t.ones(1)), 3, None)
    ],
    "subclasses": lambda t: issubclass(t.Tensor, t.autograd.Variable),
    "path": lambda t: t.autograd.variable.Variable is t.autograd.Variable,
}


@pytest.mark.parametrize("case", SAME.values(), ids=SAME)
def test_the_same_text_gives_what_it_gives_on_torch(case, same_text):
    same_text(case)


@BOTH
def test_volatile_is_warned_of(t):
    with pytest.warns(UserWarning, match="volatile was removed and now has no effect") as caught:
        assert t.autograd.Variable(t.ones(2), volatile=True).tolist() == [1, 1]
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        t.autograd.Variable(t.ones(2), volatile=False)


@BOTH
def test_memory_and_changes_are_shared(t):
    x = t.ones(2)
    held = t.autograd.Variable(x)
    held[0] = 5
    assert x.tolist() == [5, 1]
    source = t.ones(2, requires_grad=True)
    product = source * source
    result = product.tanh()
    t.autograd.Variable(product).mul_(2)
    result.sum().backward()
    saved = product.exp()
    t.autograd.Variable(saved).zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        saved.sum().backward()
