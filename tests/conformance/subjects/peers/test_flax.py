"""flax's cells make torch's layers; other gates, and what its GRU lacks, are seen."""

from __future__ import annotations

import pytest

from conformance.cases import CASES
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status
from conformance.sampling.sample import Sample
from conformance.subjects.peers.flax import simple_cell

for needed in ("jax", "flax"):
    pytest.importorskip(needed, reason=f"{needed} is not installed")

CELLS = {
    "lstm_cell": ["nn.LSTM", "nn.LSTMCell"],
    "optimized_lstm_cell": ["nn.LSTM", "nn.LSTMCell"],
    "gru_cell": ["nn.GRU", "nn.GRUCell"],
    "simple_cell": ["nn.RNN", "nn.RNNCell"],
}


@pytest.mark.parametrize("cell", CELLS)
def test_it_computes_what_torch_computes_forward_and_backward(judged, cell):
    # The first samples of nn.GRU have biases.
    report = judged(f"flax:{cell}", CELLS[cell], samples=8 if cell == "gru_cell" else 3)
    assert report.exit_code == 0, report.failures[:3]
    compared = {(v.case, v.check, v.lane) for v in report.verdicts if v.status is Status.PASS}
    assert len(compared) == 2 * 2 * 2


@pytest.mark.parametrize("cell", CELLS)
def test_other_gates_are_seen(exchanged, cell):
    report = exchanged(f"flax:{cell}", CELLS[cell][1:])
    assert report.exit_code == 1
    assert {v.status for v in report.failures} == {Status.FAIL}


def test_the_gru_is_judged_without_biases_and_says_why(judged):
    report = judged("flax:gru_cell", ["nn.GRUCell"], samples=6)
    assert {v.reason for v in report.verdicts if v.status is Status.SKIP} == {"GRUCell has no b_hn"}
    assert {"bias=false" in v.sample for v in report.verdicts if v.status is Status.PASS} == {True}


def test_the_gradient_of_relu_at_nan_is_excused():
    text = (
        "nn.RNN:seed=1,draw=0,class=small,regime=nonfinite,N=2,L=2,I=2,H=2,layers=1,bidirectional=false,"
        "batch_first=false,bias=true,states=true,form=equal,dropout=none,nonlinearity=relu"
    )
    verdicts = judge_sample(prepare(CASES["nn.RNN"], Sample.parse(text)), simple_cell())
    differ = {v.observable for v in verdicts if v.status is Status.EXCUSED}
    assert differ == {f"grad.{name}" for name in ("input", "h0", "weight_ih_l0", "bias_ih_l0", "bias_hh_l0")}
    assert all(v.agrees for v in verdicts if v.observable not in differ)
