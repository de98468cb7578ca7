"""torch in other forms: each computes what torch does, and is the form that it says it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import conformance
from conformance.cases import CASES
from conformance.errors import UsageError
from conformance.judging.verdict import Status
from conformance.sampling.space import draw
from conformance.subjects.peers import PEERS, torch_forms
from conformance.subjects.protocol import Task
from conformance.subjects.pytorch import make
from conformance.subjects.torchlike import TorchLike


def judged(subject, cases, samples=2):
    return conformance.run(subject, cases, samples=samples, seed=1, shrink=False, in_process=True)


def task(case, dtype="float32"):
    """The first sample of a case."""
    return Task(CASES[case], draw(case, CASES[case].space, 1, 1)[0], dtype)


@pytest.mark.parametrize("name", ["torch-without-onednn", "torch-threads", "torch-steps", "torch-gates"])
def test_it_computes_what_torch_computes_forward_and_backward(name):
    report = judged(PEERS[name].made(), ["nn.LSTM", "nn.GRUCell", "nn.RNN"])
    assert report.exit_code == 0, report.failures[:3]
    assert {v.check for v in report.verdicts if v.status is Status.PASS} == {"forward", "backward"}
    assert {v.lane for v in report.verdicts if v.status is Status.PASS} == {"float64", "float32"}


SETTINGS = {
    "torch-without-onednn": (lambda: torch.backends.mkldnn.enabled, False),
    "torch-threads": (torch.get_num_threads, torch_forms.THREADS),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_its_setting_holds_while_it_runs_and_is_set_back(monkeypatch, name):
    read, expected = SETTINGS[name]
    seen = []
    monkeypatch.setattr(TorchLike, "observables", lambda *_: seen.append(read()) or {})
    before = read()
    PEERS[name].made().run(task("nn.LSTM"))
    assert (seen, read()) == ([expected], before)


def test_gate_by_gate_no_layer_is_called(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(torch.nn.LSTM, "forward", lambda *_: 1 / 0)
        found = PEERS["torch-gates"].made().run(task("nn.LSTM"))
    expected = make().run(task("nn.LSTM"))
    assert set(found) == set(expected)
    assert all(np.allclose(found[name], each, 1e-5, 1e-6) for name, each in expected.items())


def test_a_wrong_step_is_seen():
    def step(kind, _, x, states, p):
        assert kind == "LSTM"
        h, c = torch.lstm_cell(x, states, *p)
        # Half of the gradient is lost.
        return h, c + (c.detach() - c) / 2

    wrong = torch_forms.layers("wrong", torch_forms._taped(torch_forms._stepped(step)), kinds=["LSTM"])
    report = judged(wrong, ["nn.LSTM"])
    assert report.exit_code == 1
    assert {v.check for v in report.failures} == {"backward"}


def test_without_a_compiler_it_says_what_is_missing(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(UsageError, match=r"expected a C\+\+ compiler, .* got no no-such-compiler"):
        torch_forms.compiled()


def test_a_cuda_device_is_used_or_refused():
    if torch.cuda.is_available():
        assert judged(torch_forms.on_cuda(), ["nn.LSTMCell"]).exit_code == 0
    else:
        with pytest.raises(UsageError, match="torch finds no CUDA device"):
            torch_forms.on_cuda()
