"""JAX by hand makes torch's layers; a wrong step is seen."""

from __future__ import annotations

import pytest

import conformance
from conformance.judging.verdict import Status
from conformance.subjects.peers import jax_scan

jax = pytest.importorskip("jax", reason="jax is not installed")

CASES = ["nn.LSTM", "nn.GRU", "nn.RNN", "nn.LSTMCell", "nn.GRUCell", "nn.RNNCell"]


def judged(cases, samples=2):
    return conformance.run(jax_scan.make(), cases, samples=samples, seed=1, shrink=False, in_process=True)


def test_it_computes_what_torch_computes_forward_and_backward_in_both_lanes():
    report = judged(CASES)
    assert report.exit_code == 0, report.failures[:3]
    compared = {(v.case, v.check, v.lane) for v in report.verdicts if v.status is Status.PASS}
    assert len(compared) == len(CASES) * 2 * 2


def test_x64_is_on_in_its_lane_only():
    assert judged(["nn.RNNCell"], samples=1).exit_code == 0
    assert not jax.config.jax_enable_x64


def test_a_wrong_step_is_seen(monkeypatch):
    step = jax_scan._step

    def wrong(kind, nonlinearity, p, states, x):
        # The hidden state is not carried from step to step.
        after, output = step(kind, nonlinearity, p, states, x)
        return (states[0] * 0 + after[0] * 0.999, *after[1:]), output

    monkeypatch.setattr(jax_scan, "_step", wrong)
    report = judged(["nn.LSTM"])
    assert report.exit_code == 1
    assert Status.FAIL in {v.status for v in report.failures}
