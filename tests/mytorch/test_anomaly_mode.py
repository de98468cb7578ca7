"""Anomaly detection: its errors, its warnings and its modes, as torch's."""

from __future__ import annotations

import re
import threading
import warnings

import pytest
import torch

import mytorch

BOTH = pytest.mark.parametrize("t", [mytorch, torch], ids=["mytorch", "torch"])


def root(t, x):
    return t.sqrt(x) * 0


def functions(t):
    """Return functions of a namespace whose second gradient is nan, and whose backward raises."""

    class Second(t.autograd.Function):
        @staticmethod
        def forward(_, x, y):
            return x * y

        @staticmethod
        def backward(_, grad):
            return grad * 1, grad * float("nan")

    class Raises(t.autograd.Function):
        @staticmethod
        def forward(_, x):
            return x * 1

        @staticmethod
        def backward(_ctx, _grad):
            raise ValueError("an error of its own")

    return Second, Raises


def changed_in_place(t, x):
    y = t.exp(x * 1)
    y.mul_(2)
    return y.sum()


def twice(t, x):
    (grad,) = t.autograd.grad((x**1.5).sum(), x, create_graph=True)
    return (grad * 0).sum()


PROGRAMS = {
    "nan": lambda t, x: root(t, x).sum(),
    "nan as an input": lambda _, x: (x * float("nan")).sum(),
    "the second gradient": lambda t, x: functions(t)[0].apply(x * 1, x).sum(),
    "an error": lambda t, x: functions(t)[1].apply(x).sum(),
    "a change in place": changed_in_place,
    "the derivative of a derivative": twice,
    "nothing": lambda _, x: (x * x).sum(),
}


def unnumbered(text):
    """Return a text without the numbers of nodes' names, which torch does not give to a user's functions."""
    return text.replace("Backward0", "Backward")


def outcome(t, program, backward=lambda loss: loss.backward(), **options):
    """Return the error of backward and the warnings with it, without what is about files of a framework."""
    x = t.tensor([0.0, 4.0], requires_grad=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with t.autograd.set_detect_anomaly(True, **options):
                backward(program(t, x))
            error = None
        except (RuntimeError, ValueError) as raised:
            # Which value was changed is said in other words.
            error = type(raised).__name__, unnumbered(str(raised).partition(":")[0])
    texts = [unnumbered(str(each.message)) for each in caught]
    own = [re.findall(r'^  File "[^"]*test_anomaly_mode.py.*\n.*', text, re.MULTILINE) for text in texts]
    firsts = [text.strip().partition(". ")[0] for text in texts]
    return error, list(zip(firsts, own, strict=True))


@pytest.mark.parametrize("label", PROGRAMS)
def test_errors_and_the_calls_that_they_name(label):
    ours, theirs = (outcome(t, PROGRAMS[label]) for t in (mytorch, torch))
    assert ours[0] == theirs[0]
    # torch warns of all calls that led to an op of a derivative, mytorch of the last.
    assert ours[1] == theirs[1][: len(ours[1])]
    assert (ours[0] is None) == (label == "nothing") == (not ours[1])


@BOTH
def test_the_last_call_is_that_of_the_op(t):
    with (
        t.autograd.set_detect_anomaly(True),
        pytest.warns(UserWarning, match="Error detected in SqrtBackward0") as caught,
        pytest.raises(RuntimeError, match="Function 'SqrtBackward0' returned nan values in its 0th output"),
    ):
        root(t, t.zeros(2, requires_grad=True)).sum().backward()
    text = str(caught[0].message).partition(" (Triggered internally")[0]
    assert text.endswith("return t.sqrt(x) * 0\n")


@BOTH
def test_the_gradient_of_a_part_is_looked_at(t):
    with (
        t.autograd.set_detect_anomaly(True),
        pytest.warns(UserWarning, match="Error detected in"),
        pytest.raises(RuntimeError, match="returned nan values in its 0th output"),
    ):
        t.zeros(2, requires_grad=True)[1:].backward(t.tensor([float("nan")]))


def test_gradients_of_chosen_inputs_and_recorded_ones():
    for options in ({}, {"create_graph": True}):

        def backward(loss, options=options):
            x = loss.grad_fn.next_functions[0][0].next_functions[0][0].next_functions[0][0]
            x = getattr(x, "variable", x)
            t = mytorch if isinstance(loss, mytorch.Tensor) else torch
            t.autograd.grad(loss, x, **options)

        ours, theirs = (outcome(t, PROGRAMS["nan"], backward) for t in (mytorch, torch))
        assert ours[0] == theirs[0] is not None
        assert ours[1] == theirs[1] != []


@BOTH
def test_nan_is_let_through_where_nobody_asks(t):
    assert outcome(t, PROGRAMS["nan"], check_nan=False) == (None, [])
    assert outcome(t, PROGRAMS["an error"], check_nan=False)[0] == ("ValueError", "an error of its own")


@BOTH
def test_without_detection_in_forward_there_are_no_calls_to_name(t):
    x = t.zeros(1, requires_grad=True)
    loss = root(t, x).sum()
    with (
        t.autograd.set_detect_anomaly(True),
        pytest.warns(UserWarning, match=r"SqrtBackward0\. No forward pass information available"),
        pytest.raises(RuntimeError, match="returned nan values in its 0th output"),
    ):
        loss.backward()


@BOTH
def test_modes_and_their_ends(t):
    def modes():
        return t.is_anomaly_enabled(), t.is_anomaly_check_nan_enabled()

    assert modes() == (False, True)
    with t.autograd.set_detect_anomaly(True, check_nan=False):
        assert modes() == (True, False)
        with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"):
            detection = t.autograd.detect_anomaly()
        with detection:
            assert modes() == (True, True)
            seen = []
            thread = threading.Thread(target=lambda: seen.append(modes()))
            thread.start()
            thread.join()
            assert seen == [(True, True)]
        assert modes() == (True, False)
    assert modes() == (False, True)
    t.autograd.set_detect_anomaly(True)
    assert modes() == (True, True)
    t.autograd.set_detect_anomaly(False)
    assert modes() == (False, True)


def test_nothing_is_kept_without_detection():
    assert not hasattr(mytorch.ones(1, requires_grad=True).exp().grad_fn, "calls")
