"""Recurrent layers on MyGrad: they are shown, what is MyGrad's own is told, and wrong ones fail."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.judging.verdict import Status
from conformance.subjects.peers import mygrad

mg = pytest.importorskip("mygrad", reason="mygrad is not installed")


def test_its_layers_are_shown_forward_and_backward(shown):
    shown("mygrad:mygrad")


# What is changed in the text, and the case that fails for it.
WRONG = {
    "gates in another order": ("i, f, g, o =", "f, i, g, o =", "nn.LSTMCell"),
    "g and o exchanged": ("i, f, g, o =", "i, f, o, g =", "nn.LSTMCell"),
    "gates of the GRU exchanged": ("xr, xz, xn =", "xz, xr, xn =", "nn.GRUCell"),
    "the new state for the old": ("n + z * (h - n)", "h + z * (n - h)", "nn.GRUCell"),
    "a Python number": ("n + z * (h - n)", "(1 - z) * n + z * h", "nn.GRUCell"),
    "gradients of the output alone": ("*state)", "*(0 * each for each in state))", "nn.LSTMCell"),
    "tanh for relu": ('relu(y) if nonlinearity == "relu" else mg.tanh(y)', "mg.tanh(y)", "nn.RNNCell"),
    "a constant state": ("data[t], state,", "data[t], tuple(mg.tensor(s.data) for s in state),", "nn.LSTM"),
    "a weight that is not trained": (
        "{name: mg.tensor(array)",
        '{name: mg.tensor(array, constant=name == "weight_hh")',
        "nn.LSTM",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_loop_fails(rewritten, wrong):
    report = rewritten(mygrad, *WRONG[wrong])
    assert Status.FAIL in {v.status for v in report.failures}


def test_a_graph_has_one_backward():
    """Which is why the results are one tensor."""
    x = mg.tensor(np.ones(2))
    first, second = 3.0 * x, 5.0 * x
    first.backward(np.ones(2))
    with pytest.raises(mg.errors.InvalidBackprop, match="'cleared' prior to backprop"):
        second.backward(np.ones(2))


def test_what_it_says_of_relu_holds():
    """A version in which this is different passes where the adapter's text says that it fails."""
    x = mg.tensor(np.array([-np.inf, 0, np.nan]))
    with np.errstate(invalid="ignore"):
        y = mg.nnet.relu(x)
        y.backward(np.ones(3))
    assert np.isnan(y.data).tolist() == [True, False, True]
    assert x.grad.tolist() == [0, 0, 0]
