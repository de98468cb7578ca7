"""Recording, the backward walk, the gradient mode, and changes in place."""

from __future__ import annotations

import threading
import warnings
import weakref
from typing import ClassVar

import numpy as np
import pytest
import torch

import mytorch
from mytorch.autograd import GradientError, Op, apply, apply_many

BOTH = pytest.mark.parametrize("t", [torch, mytorch], ids=["torch", "mytorch"])


def leaf(t, *values):
    return t.tensor([float(v) for v in values], requires_grad=True)


@BOTH
def test_gradients_accumulate(t):
    x = leaf(t, 1, 2)
    (x * x).sum().backward()
    first = x.grad
    (x * x).sum().backward()
    assert x.grad.tolist() == [4, 8]
    assert x.grad is first


@BOTH
def test_leaf_used_twice_and_diamond(t):
    x = leaf(t, 2, 3)
    y = x * x
    z = y * 3 + y * x + x
    z.sum().backward()
    # d/dx (3x² + x³ + x)
    assert x.grad.tolist() == [6 * 2 + 3 * 4 + 1, 6 * 3 + 3 * 9 + 1]


def test_many_uses_add_up_once_each():
    x = leaf(mytorch, 1, 2)
    y = x * 2
    total = y
    for _ in range(50):
        total = total + y
    total.sum().backward()
    assert x.grad.tolist() == [102, 102]


def test_a_chain_of_100_000_ops():
    x = leaf(mytorch, 1)
    y = x
    for _ in range(100_000):
        y = y + 1
    y.backward()
    assert x.grad.tolist() == [1]


def test_a_chain_of_100_000_ops_that_save():
    x = leaf(mytorch, 1)
    y = x
    for _ in range(100_000):
        y = y * 1.0
    y.backward()
    assert x.grad.tolist() == [1]
    del y


def test_gradients_of_two_leaves_do_not_share_memory():
    x, y = leaf(mytorch, 1, 2), leaf(mytorch, 3, 4)
    cotangent = mytorch.ones(2)
    (x + y).backward(cotangent)
    x.grad.zero_()
    assert y.grad.tolist() == [1, 1]
    assert cotangent.tolist() == [1, 1]


class Held(Op):
    """Backward gives an array that somebody holds, in one of the ways that there are."""

    uses = ()
    held: ClassVar = []

    @staticmethod
    def forward(a, way):
        return a + 1, (way, a.shape)

    @staticmethod
    def backward(saved, grad):  # noqa: ARG004 - the array is a constant
        way, shape = saved
        array = np.full(shape, 7.0, np.float32)
        given = array[:] if way == "a view" else array
        Held.held[:] = {"not held": [], "a view of it": [array[:1]]}.get(way, [array])
        return (given,)


@pytest.mark.parametrize("way", ["itself", "a view", "a view of it", "not held"])
def test_a_gradient_that_somebody_holds_is_copied(way):
    x = leaf(mytorch, 1, 2)
    apply(Held, x, way=way).sum().backward()
    held = list(Held.held)
    x.grad.zero_()
    assert all(array[0] == 7 for array in held)
    assert x.grad.array.base is None


def test_a_gradient_that_nobody_holds_is_kept():
    given = []

    class Fresh(Op):
        uses = ()

        @staticmethod
        def forward(a):
            return a + 1, None

        @staticmethod
        def backward(saved, grad):  # noqa: ARG004 - nothing was saved
            array = np.array(grad)
            given.append(array.ctypes.data)
            return (array,)

    x = leaf(mytorch, 1, 2)
    apply(Fresh, x).sum().backward()
    assert [x.grad.array.ctypes.data] == given


@pytest.mark.parametrize("keep", [True, False], ids=["hook keeps it", "hook returns it"])
def test_a_gradient_that_a_hook_holds_is_copied(keep):
    x, seen = leaf(mytorch, 1, 2), []

    def hook(grad):
        seen.append(grad if keep else grad * 2)
        return None if keep else seen[0]

    x.register_hook(hook)
    (x * 3).sum().backward()
    before = seen[0].tolist()
    x.grad.zero_()
    assert seen[0].tolist() == before


@BOTH
def test_outputs_of_one_op_meet_again(t):
    x = leaf(t, 1, 2, 3)
    a, b, _ = x.unbind(0)
    (a * b).backward()
    assert x.grad.tolist() == [2, 1, 0]


@BOTH
def test_backward_from_a_leaf(t):
    x = t.tensor(2.0, requires_grad=True)
    x.backward()
    assert x.grad.item() == 1


@BOTH
def test_second_backward(t):
    x = leaf(t, 1, 2)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4, 8]
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()


@BOTH
def test_a_graph_that_saved_nothing_can_be_walked_again(t):
    x = leaf(t, 1, 2)
    y = (x + 1).sum()
    y.backward()
    y.backward()
    assert x.grad.tolist() == [2, 2]


def test_saved_values_are_freed():
    x = leaf(mytorch, 1, 2)
    y = x * 2
    z = y * y
    reference = weakref.ref(y.array)
    z.sum().backward()
    del y
    assert reference() is None


# name: (program, what torch raises)
BAD = {
    "no history": lambda t: t.ones(2).sum().backward(),
    "no scalar": lambda t: (leaf(t, 1, 2) * 2).backward(),
    "cotangent of wrong shape": lambda t: (leaf(t, 1, 2) * 2).backward(t.ones(3)),
    "cotangent is no tensor": lambda t: (leaf(t, 1, 2) * 2).backward(np.ones(2)),
    "retain_grad without history": lambda t: t.ones(2).retain_grad(),
    "grad of other shape": lambda t: setattr(leaf(t, 1, 2), "grad", t.ones(3)),
    "grad of other dtype": lambda t: setattr(leaf(t, 1, 2), "grad", t.ones(2).double()),
    "grad is no tensor": lambda t: setattr(leaf(t, 1, 2), "grad", 1.0),
    "leaf in place": lambda t: leaf(t, 1, 2).add_(1),
    "leaf written": lambda t: leaf(t, 1, 2).__setitem__(0, 1.0),
    "leaf zeroed": lambda t: leaf(t, 1, 2).zero_(),
    "requires_grad of integers": lambda t: t.ones(2).int().requires_grad_(),
    "requires_grad off inside": lambda t: (leaf(t, 1) * 2).requires_grad_(False),
    "numpy": lambda t: leaf(t, 1).numpy(),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name):
    errors = []
    for t in (torch, mytorch):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the class is what is compared
            BAD[name](t)
        errors.append(caught)
    assert errors[1].type is errors[0].type, f"{errors[1].value} instead of {errors[0].value}"


def test_wrong_cotangent_names_both_shapes():
    with pytest.raises(RuntimeError, match=r"shape of mytorch.Size\(\[3\]\).*shape of mytorch.Size\(\[2\]\)"):
        (leaf(mytorch, 1, 2) * 2).backward(mytorch.ones(3))


# What is changed in place between forward and backward: name: (program, whether backward is an error).
CHANGES = {
    "saved input": (lambda x, w: w * x, lambda w, _: w.add_(1), True),
    "saved output": (lambda x, _: x.exp(), lambda _, y: y.mul_(2), True),
    "output not saved": (lambda x, w: x * w, lambda _, y: y.mul_(2), False),
    "input not saved": (lambda x, w: x + w, lambda w, _: w.add_(1), False),
    "view of a saved input": (lambda x, w: w * x, lambda w, _: w[0].zero_(), True),
    "saved view": (lambda x, w: w[:1] * x, lambda w, _: w.zero_(), True),
    "detached": (lambda x, w: w * x, lambda w, _: w.detach().zero_(), True),
    "data": (lambda x, w: w * x, lambda w, _: w.data.zero_(), False),
    "written": (lambda x, w: w * x, lambda w, _: w.__setitem__(0, 5.0), True),
    "the other operand": (lambda x, w: x * w.detach().clone(), lambda w, _: w.zero_(), False),
    "sigmoid's output": (lambda x, _: x.sigmoid(), lambda _, y: y.zero_(), True),
    "matmul's operand": (lambda x, w: x @ w, lambda w, _: w.zero_(), True),
}


@BOTH
@pytest.mark.parametrize("name", CHANGES)
def test_changes_in_place_before_backward(t, name):
    program, change, is_error = CHANGES[name]
    x, w = leaf(t, 1, 2), t.tensor([3.0, 4.0])
    y = program(x, w)
    with t.no_grad():
        change(w, y)
    if is_error:
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.sum().backward()
    else:
        y.sum().backward()


@BOTH
def test_an_operand_whose_value_no_gradient_needs_may_change(t):
    x, w = t.tensor([1.0, 2.0]), leaf(t, 3, 4)
    y = (x * w).sum()
    with t.no_grad():
        w.add_(1)
    y.backward()
    assert w.grad.tolist() == [1, 2]


@BOTH
def test_retain_grad(t):
    x = leaf(t, 1, 2)
    y = x * 3
    y.retain_grad()
    (y * y).sum().backward()
    assert y.grad.tolist() == [6, 12]
    assert y.retains_grad


@BOTH
def test_grad_of_a_non_leaf_warns(t):
    y = leaf(t, 1) * 2
    with pytest.warns(UserWarning, match="not a leaf Tensor"):
        assert y.grad is None


@BOTH
def test_no_grad_and_its_kin(t):
    x = leaf(t, 1)
    with t.no_grad():
        assert not t.is_grad_enabled()
        assert not (x * 2).requires_grad
        with t.enable_grad():
            assert (x * 2).requires_grad
        assert not t.is_grad_enabled()
        with t.set_grad_enabled(mode=True):
            assert t.is_grad_enabled()
        assert not t.is_grad_enabled()
    assert t.is_grad_enabled()

    @t.no_grad()
    def called():
        return t.is_grad_enabled()

    @t.no_grad
    def bare():
        return t.is_grad_enabled()

    assert not called()
    assert not bare()
    t.set_grad_enabled(False)
    assert not t.is_grad_enabled()


@BOTH
def test_no_grad_ends_with_an_exception(t):
    with pytest.raises(ZeroDivisionError), t.no_grad():
        raise ZeroDivisionError
    assert t.is_grad_enabled()


@BOTH
def test_the_mode_belongs_to_its_thread(t):
    seen = []
    with t.no_grad():
        thread = threading.Thread(target=lambda: seen.append(t.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


@BOTH
def test_detach_and_leaves(t):
    x = leaf(t, 1, 2)
    y = x * 2
    assert x.is_leaf
    assert not y.is_leaf
    d = y.detach()
    assert d.is_leaf
    assert not d.requires_grad
    assert (d * x).requires_grad


def test_node_names():
    x = leaf(mytorch, 1)
    assert repr((x * 2).grad_fn) == "<MulBackward0>"
    assert (x * 2).grad_fn.next_functions == ((x, 0), (None, 0))


def test_inf_and_nan_come_in_silence():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x = mytorch.tensor([0.0, 1e38, float("inf")], requires_grad=True)
        y = (x / 0 + x * 1e38 + x.log() + (x - x) / (x - x)).sum()
        y.backward()
        mytorch.tensor([1e300, float("nan")]).to(mytorch.int32)
        mytorch.tensor([1e300])
        mytorch.ones(2).add_(1e38, alpha=1e38)
        big = mytorch.tensor(1.0, requires_grad=True)
        for _ in range(2):
            (big * 3e38).backward()


def test_the_users_own_error_state_is_left_alone():
    with np.errstate(all="raise"):
        mytorch.tensor([1e38]) * 1e38
        with pytest.raises(FloatingPointError):
            np.float32(1e38) * np.float32(1e38)


class Double(Op):
    @staticmethod
    def forward(a):
        return a * 2, None


class Halves(Op):
    """Two outputs, of which only one may get a gradient."""

    uses = ()

    @staticmethod
    def forward(a):
        return (a / 2, a / 2), None

    @staticmethod
    def backward(saved, grad):  # noqa: ARG004 - nothing was saved
        return (sum(g / 2 for g in grad if g is not None),)


def test_a_missing_rule_is_a_named_error():
    y = apply(Double, leaf(mytorch, 1))
    with pytest.raises(GradientError, match="Double"):
        y.backward()


def test_an_output_without_gradient():
    x = leaf(mytorch, 1, 2)
    first, _ = apply_many(Halves, x)
    first.sum().backward()
    assert x.grad.tolist() == [0.5, 0.5]


def test_inputs_that_are_no_tensors():
    with pytest.raises(TypeError, match="must be Tensor, not list"):
        apply(Double, [1.0])
