"""Ways to use tensors and layers beside one forward and backward: torch and mytorch tell the same facts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch


def shares(a, b):
    return bool(np.shares_memory(a.detach().numpy(), b.detach().numpy()))


def flags(x):
    return x.requires_grad, x.is_leaf, x.grad_fn is not None


def raises(call):
    """Return whether a call raises torch's RuntimeError or one of its subclasses."""
    try:
        call()
    except RuntimeError:
        return True
    return False


def leaf(t, *shape):
    return t.ones(*shape).requires_grad_()


def view_without_grad(t):
    x = leaf(t, 2, 3)
    with t.no_grad():
        row, column, whole = x[0], x.t()[0], x * 1
        inside = [flags(each) for each in (row, column, whole)]
    return inside, flags(row)


def change_of_a_view_made_without_grad(t):
    x = leaf(t, 2, 3)
    with t.no_grad():
        row = x[0]
        row.add_(1)
    return x.tolist(), raises(lambda: row.add_(1))


def view_of_a_tensor_that_requires_grad_later(t):
    x = t.ones(2, 3)
    row = x[0]
    before = flags(row)
    x.requires_grad_()
    after = flags(row)
    x.requires_grad_(False)
    return before, after, flags(row)


def detached_in_place(t):
    x = t.ones(2, 3)
    y = leaf(t, 2) * 2
    return raises(x[0].detach_), flags(y.detach_()), flags(x.detach().detach_())


def einsum_views(t):
    x = leaf(t, 3, 3)
    found = {}
    for equation in ("ij->ji", "ii->i", "ij->ij", "ij->i", "ii"):
        y = t.einsum(equation, x)
        x.grad = None
        y.backward(t.full(tuple(y.shape), 2.0))
        found[equation] = shares(y, x), x.grad.tolist()
    return found


def unpadded(t):
    x = leaf(t, 3, 2, 4)
    # A product, because torch transposes its argument in place.
    parts = t.nn.utils.rnn.unpad_sequence(x * 1, t.tensor([3, 2]))
    sum(part.sum() for part in parts).backward()
    return [shares(a, b) for a in parts for b in parts if a is not b], x.grad.tolist()


def draws_from_what_requires_grad(t):
    p = (t.ones(3) * 0.5).requires_grad_()
    s = t.ones(2, 1).requires_grad_()
    y, z = t.bernoulli(p), t.normal(p, s)
    t.autograd.backward([y.sum(), z.sum()])
    return flags(y), flags(z), p.grad.tolist(), s.grad.tolist(), t.bernoulli(p.detach()).requires_grad


def distinct_elements_of_what_requires_grad(t):
    values, counts = t.unique(leaf(t, 3), return_counts=True)
    return flags(values), flags(counts), raises(lambda: values.sum().backward())


def an_index_that_is_overwritten(t):
    table, index = leaf(t, 3, 2), t.tensor([0, 1])
    y = t.nn.functional.embedding(index, table)
    index.fill_(2)
    return raises(lambda: y.sum().backward())


USES = (
    view_without_grad,
    change_of_a_view_made_without_grad,
    view_of_a_tensor_that_requires_grad_later,
    detached_in_place,
    einsum_views,
    unpadded,
    draws_from_what_requires_grad,
    distinct_elements_of_what_requires_grad,
    an_index_that_is_overwritten,
)


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
def test_torch_and_mytorch_agree(use):
    assert use(mytorch) == use(torch)


# What a second walk through the graph finds freed: torch frees the tensors that an operation saved.
WALKED = {
    "a sum": lambda _, x: x + 2,
    "a view": lambda _, x: x.t()[0],
    "a product with a number": lambda _, x: x * 2,
    "a quotient": lambda _, x: x / 2,
    "a rounded quotient": lambda t, x: t.div(x, 2.0, rounding_mode="floor"),
    "a remainder": lambda _, x: x % 2.0,
    "rows by number": lambda t, x: x[t.tensor([0, 1])],
    "selected rows": lambda t, x: x.index_select(0, t.tensor([0])),
    "an embedding": lambda t, x: t.nn.functional.embedding(t.tensor([0, 1]), x),
    "sorted": lambda _, x: x.sort(0).values,
    "the largest": lambda _, x: x.max(0).values,
    "zeros written over all": lambda _, x: x.clone().copy_(x + 1),
    "a row written": lambda _, x: written(x.clone()),
    "a row changed": lambda _, x: changed(x.clone()),
    "packed": lambda t, x: t.nn.utils.rnn.pack_sequence([x, x[:1]]).data,
    "padded": lambda t, x: t.nn.utils.rnn.pad_sequence([x, x[:1]]),
}


def written(x):
    x[0] = 5.0
    return x


def changed(x):
    x[0].add_(1)
    return x


@pytest.mark.parametrize("name", WALKED)
def test_a_second_walk_is_refused_where_torch_refuses_it(name):
    refused = {}
    for t in (torch, mytorch):
        y = WALKED[name](t, leaf(t, 2, 3)).sum()
        y.backward(retain_graph=True)
        y.backward()
        refused[t] = raises(y.backward)
    assert refused[mytorch] is refused[torch]
