"""gradcheck itself: it passes what is right, and catches what is wrong, as torch's does."""

from __future__ import annotations

import pytest
import torch
from torch.autograd.gradcheck import GradcheckError as TheirError

import mytorch
from mytorch.autograd.gradcheck import GradcheckError as OurError

BOTH = pytest.mark.parametrize(
    ("t", "error"), [(torch, TheirError), (mytorch, OurError)], ids=["torch", "mytorch"]
)


def leaf(t, *values):
    return t.tensor(values, dtype=t.float64, requires_grad=True)


def scaled(t, factor):
    """Make the identity with a gradient that is wrong by a factor."""

    class Scaled(t.autograd.Function):
        @staticmethod
        def forward(_, x):
            return x * 1

        @staticmethod
        def backward(_, grad):
            return grad * factor

    return Scaled.apply


# name: (function of a namespace and two leaves)
RIGHT = {
    "product": lambda _, x, y: x * y,
    "several outputs": lambda t, x, y: (t.tanh(x) * y, (x * x).sum()),
    "a view": lambda _, x, y: (x.view(3, 1), y[1:]),
    "an input unused": lambda _, x, y: (x * 2, y.detach() * 0),
    "a constant": lambda t, _x, _y: t.ones(2, dtype=t.float64),
}


@BOTH
@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_passes(t, error, name):
    del error
    assert t.autograd.gradcheck(
        lambda x, y: RIGHT[name](t, x, y), (leaf(t, 0.5, -1.0, 2.0), leaf(t, 1.0, 3.0, -0.25))
    )


# name: function of a namespace and a leaf
WRONG = {
    "factor": lambda t, x: scaled(t, 1.01)(x),
    "sign": lambda t, x: scaled(t, -1.0)(x),
    "one output of two": lambda t, x: (x * x, scaled(t, 0.0)(x)),
    "detached": lambda _, x: x.detach() * 2,
}


@BOTH
@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_caught(t, error, name):
    x = leaf(t, 0.5, -1.0)
    with pytest.raises(error):
        t.autograd.gradcheck(lambda x: WRONG[name](t, x), x)
    assert not t.autograd.gradcheck(lambda x: WRONG[name](t, x), (x,), raise_exception=False)
    assert x.tolist() == [0.5, -1.0]


@BOTH
def test_a_backward_that_changes_its_mind_is_caught(t, error):
    factors = iter(range(1, 10_000))

    class Fickle(t.autograd.Function):
        @staticmethod
        def forward(_, x):
            return x * 1

        @staticmethod
        def backward(_, grad):
            return grad * (1 + 1e-7 * next(factors))

    with pytest.raises(error, match="not reentrant"):
        t.autograd.gradcheck(Fickle.apply, leaf(t, 0.5))


def test_the_message_names_output_input_and_both_jacobians():
    with pytest.raises(
        OurError, match=r"output 0 with respect to input 0,\nnumerical:\[\[(1|0\.9).*\nanalytical:\[\[2"
    ):
        mytorch.autograd.gradcheck(scaled(mytorch, 2.0), leaf(mytorch, 0.5))


@BOTH
def test_a_leaf_is_required(t, error):
    del error
    with pytest.raises(ValueError, match="requires_grad=True"):
        t.autograd.gradcheck(lambda x: x, t.ones(2))


@BOTH
def test_float32_is_warned_of(t, error):
    del error
    x = t.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="double precision"):
        t.autograd.gradcheck(lambda x: x * 2, x, eps=1e-2)


@BOTH
def test_elements_that_share_memory_are_refused(t, error):
    del error
    x = t.ones(1, dtype=t.float64).expand(3).detach().requires_grad_()
    with pytest.raises(RuntimeError, match="stride 0"):
        t.autograd.gradcheck(lambda x: x * 2, x)


@pytest.mark.parametrize("setting", ["check_forward_ad", "check_batched_grad", "check_batched_forward_grad"])
def test_what_is_not_supported_is_named(setting):
    with pytest.raises(ValueError, match=setting):
        mytorch.autograd.gradcheck(lambda x: x, leaf(mytorch, 1.0), **{setting: True})
