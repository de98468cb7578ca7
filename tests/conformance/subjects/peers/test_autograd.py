"""Recurrent layers on HIPS autograd: they are shown, and wrong ones fail."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

import conformance
from conformance.judging.verdict import Status
from conformance.subjects.peers import autograd

pytest.importorskip("autograd", reason="autograd is not installed")

CASES = ["nn.LSTM", "nn.GRU", "nn.RNN", "nn.LSTMCell", "nn.GRUCell", "nn.RNNCell"]
TEXT = Path(autograd.__file__).read_text(encoding="utf-8")


def judged(subject, cases=CASES, samples=4, **options):
    return conformance.run(subject, cases, samples=samples, seed=1, shrink=False, **options)


def test_its_layers_are_shown_forward_and_backward():
    report = judged("conformance.subjects.peers.autograd:autograd")
    assert report.exit_code == 0, report.failures[:3]
    compared = {(v.case, v.check, v.lane) for v in report.verdicts if v.status is Status.PASS}
    assert len(compared) == len(CASES) * 2 * 2


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


@pytest.fixture
def changed(monkeypatch):
    """Return the implementation with one piece of its text changed."""

    def change(old, new):
        assert TEXT.count(old) == 1
        module = ModuleType("changed")
        monkeypatch.setitem(sys.modules, "changed", module)
        exec(TEXT.replace(old, new), vars(module))  # noqa: S102 - the text is ours
        return module.autograd()

    return change


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_a_wrong_loop_fails(changed, wrong):
    old, new, case, samples = WRONG[wrong]
    report = judged(changed(old, new), [case], samples=samples, in_process=True)
    assert Status.FAIL in {v.status for v in report.failures}
