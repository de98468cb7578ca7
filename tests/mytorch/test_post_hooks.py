"""Hooks that are called with a leaf after its gradient was added up, next to torch."""

from __future__ import annotations

import copy
import gc
import weakref

import numpy as np
import pytest
import torch

import mytorch
from mytorch.autograd import _post_hooks
from mytorch.autograd._pending import Pending

NAME = "register_post_accumulate_grad_hook"
BOTH = pytest.mark.parametrize("t", [mytorch, torch], ids=["mytorch", "torch"])


def both(run):
    ours, theirs = run(mytorch), run(torch)
    assert ours == theirs
    return ours


def leaf(t, *values):
    return t.tensor([float(value) for value in values], requires_grad=True)


def weights():
    generator = np.random.default_rng(3)
    return [generator.standard_normal(shape) for shape in ((4, 3), (4,), (4, 4), (4,), (2, 4), (2,))]


def trained(t, in_backward):
    """Train a network whose middle layer is used twice for some steps, in one of two ways."""
    parameters = [t.tensor(each.tolist(), dtype=t.float64, requires_grad=True) for each in weights()]
    first, b1, tied, b2, last, b3 = parameters
    made = {p: t.optim.Adam([p], lr=0.05, weight_decay=0.1) for p in parameters}
    present = []

    def step(p):
        present.append(sum(each.grad is not None for each in parameters))
        made[p].step()
        made[p].zero_grad()

    for p in parameters if in_backward else ():
        getattr(p, NAME)(step)
    x = t.linspace(-1, 1, 15, dtype=t.float64).reshape(5, 3)
    for _ in range(6):
        h = t.tanh(x @ first.T + b1)
        h = t.tanh(t.tanh(h @ tied.T + b2) @ tied.T + b2)
        ((h @ last.T + b3) ** 2).mean().backward()
        for p in () if in_backward else parameters:
            step(p)
    return [p.detach().numpy() for p in parameters], present


def test_steps_in_backward_are_the_steps_after_it_and_torchs():
    (ours, present), (theirs, torchs_present) = (trained(t, in_backward=True) for t in (mytorch, torch))
    after, _ = trained(mytorch, in_backward=False)
    for one, other, plain, start in zip(ours, theirs, after, weights(), strict=True):
        assert np.abs(one - other).max() < 1e-12
        assert (one == plain).all()
        assert np.abs(one - start).min() > 1e-3
    # A gradient is dropped before the next one is there; a matrix and its bias are ready together.
    assert max(present) == max(torchs_present) == 1


def test_it_is_called_once_with_the_leaf_and_all_of_its_gradient():
    def run(t):
        w = leaf(t, 1, 2)
        seen = []
        w.register_hook(lambda grad: grad * 10)
        getattr(w, NAME)(lambda p: seen.append((p is w, p.grad.tolist(), t.is_grad_enabled())))
        (w * 3 + w * w).sum().backward()
        w.sum().backward(inputs=[w])
        t.autograd.grad((w * 3).sum(), w)
        w.backward(t.ones(2))
        return seen

    found = both(run)
    assert [grad for _, grad, _ in found] == [[50.0, 70.0], [60.0, 80.0], [70.0, 90.0]]


def test_it_is_called_as_soon_as_nothing_more_can_arrive():
    def run(t):
        calls = []
        leaves = {name: leaf(t, 2) for name in "abc"}
        for name, each in leaves.items():
            getattr(each, NAME)(lambda _, name=name: calls.append(name))
        x = leaves["a"] * 2
        x.register_hook(lambda _: calls.append("x"))
        y = x * leaves["b"]
        y.register_hook(lambda _: calls.append("y"))
        (y * leaves["c"]).backward()
        return calls

    assert both(run) == ["c", "y", "b", "x", "a"]


def test_it_is_called_although_an_op_gives_the_leaf_no_gradient():
    def run(t):
        a, b = leaf(t, 1), leaf(t, 1)
        calls = []
        for each in (a, b):
            getattr(each, NAME)(calls.append)

        class First(t.autograd.Function):
            @staticmethod
            def forward(_, x, y):
                return x + y

            @staticmethod
            def backward(_, grad):
                return grad, None

        First.apply(a, b).backward()
        return [each is a for each in calls], b.grad

    assert both(run) == ([True, False], None)


def test_order_removal_and_copies():
    def run(t):
        w = t.nn.Parameter(t.ones(1))
        calls = []
        handles = [getattr(w, NAME)(lambda _, k=k: calls.append(k)) for k in range(3)]
        handles[1].remove()
        (copy.deepcopy(w) * 1).sum().backward()
        (w * 1).sum().backward()
        for handle in handles:
            handle.remove()
        (w * 1).sum().backward()
        return calls

    assert both(run) == [0, 2]


@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")
def test_what_it_does_is_recorded_where_the_gradient_is():
    def run(t):
        w = leaf(t, 2)
        seen = []
        getattr(w, NAME)(lambda p: seen.append((t.is_grad_enabled(), p.grad.requires_grad)))
        (w**3).backward(t.ones(1), create_graph=True)
        w.grad = None
        return seen

    assert both(run) == [(True, True)]


@BOTH
def test_who_has_no_such_hooks(t):
    with pytest.raises(
        RuntimeError, match="cannot register a hook on a tensor that doesn't require gradient"
    ):
        getattr(t.ones(1), NAME)(print)
    with pytest.raises(RuntimeError, match="cannot be registered on non-leaf tensors"):
        getattr(leaf(t, 1) * 2, NAME)(print)


@BOTH
@pytest.mark.parametrize(
    ("hook", "kind", "text"),
    [
        (lambda _: 3, TypeError, "expected Variable, but hook returned 'int'"),
        (lambda p: p.detach(), RuntimeError, "should return None"),
    ],
    ids=["number", "another tensor"],
)
def test_it_returns_nothing(t, hook, kind, text):
    w = leaf(t, 1)
    getattr(w, NAME)(lambda p: p.mul_(2))
    handle = getattr(w, NAME)(hook)
    with pytest.raises(kind, match=text):
        (w * 3).backward()
    handle.remove()
    assert w.item() == 2.0


def test_a_dropped_gradient_is_gone_while_backward_goes_on():
    alive, gone = [], []
    a, b = mytorch.ones(50, requires_grad=True), mytorch.ones(50, requires_grad=True)

    def drop(p):
        assert alive[0]() is p.grad.array
        p.grad = None

    class Product(mytorch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.save_for_backward(x, y)
            return x * y

        @staticmethod
        def backward(ctx, grad):
            x, y = ctx.saved_tensors
            by_y = grad * x
            alive.append(weakref.ref(by_y.array))
            return grad * y, by_y

    getattr(b, NAME)(drop)
    x = a * 2
    x.register_hook(lambda _: gone.append(alive[0]() is None))
    Product.apply(x, b).sum().backward()
    assert gone == [True]


def test_a_gradient_that_is_taken_is_added_to_no_more():
    pending, w = Pending(), leaf(mytorch, 1)
    first, second = np.ones(1, np.float32), np.ones(1, np.float32)
    for grad in (first, second, first):
        pending.add_to_leaf(w, grad)
    assert pending.take_leaf(w)[0] == 3
    assert pending.take_leaf(w) is None
    assert not pending._owned


def test_a_dead_leaf_leaves_nothing_behind():
    gc.collect()
    before = len(_post_hooks._HOOKED)
    w = leaf(mytorch, 1)
    getattr(w, NAME)(lambda _: None)
    assert len(_post_hooks._HOOKED) == before + 1
    del w
    assert len(_post_hooks._HOOKED) == before
