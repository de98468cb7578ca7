"""Recurrent layers on HIPS autograd: they are shown, and wrong ones fail."""

from __future__ import annotations

import pytest

from conformance.judging.verdict import Status
from conformance.subjects.peers import autograd

pytest.importorskip("autograd", reason="autograd is not installed")


def test_its_layers_are_shown_forward_and_backward(shown):
    shown("autograd:autograd")


# What is changed in the text, the case that fails for it, and of how many samples.
WRONG = {
    "gates in another order": ("i, f, g, o =", "f, i, g, o =", "nn.LSTMCell", 4),
    "g and o exchanged": ("i, f, g, o =", "i, f, o, g =", "nn.LSTMCell", 4),
    "gates of the GRU exchanged": ("xr, xz, xn =", "xz, xr, xn =", "nn.GRUCell", 4),
    "the new state for the old": ("(1 - z) * n + z * h", "z * n + (1 - z) * h", "nn.GRUCell", 4),
    "other cotangents": ("vjp((grad_output, grad_lasts))", "vjp((grad_output, lasts))", "nn.LSTM", 4),
    "tanh for relu": ("np.where(y <= 0, 0, y) if", "np.tanh(y) if", "nn.RNNCell", 4),
    "the derivative of maximum": ("np.where(y <= 0, 0, y)", "np.maximum(y, 0)", "nn.RNN", 20),
    "a sigmoid of exp": ("0.5 * (np.tanh(0.5 * x) + 1)", "1 / (1 + np.exp(-x))", "nn.LSTMCell", 24),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_a_wrong_loop_fails(rewritten, wrong):
    report = rewritten(autograd, *WRONG[wrong])
    assert Status.FAIL in {v.status for v in report.failures}
