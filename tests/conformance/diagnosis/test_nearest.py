"""The nearest fault: a fault that is the subject is named, also by subjects that are written otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.faults import FAULTS, faulty
from conformance.running.diagnose import diagnose

# In NumPy, and in a process of their own.
PORTED = Path(__file__).parents[2] / "faulty" / "recurrent.py"

# Enough steps to see that gradients stop after 16 of them.
LONG = (
    "nn.LSTM:seed=1,draw=14,class=long,regime=remembering,N=1,L=65,I=2,H=5,layers=1,bidirectional=false,"
    "batch_first=true,bias=false,states=true,form=equal,dropout=none,projection=false"
)

# Of one case each: a fault of the function, of the gradients, of a long sequence, and one of accuracy.
NAMED = (
    ("nn.LSTM", "gates-figo", {"samples": 4}),
    ("nn.LSTMCell", "bias_hh-on-next-gate", {"samples": 12}),
    ("nn.GRU", "gru-reset-before", {"samples": 4}),
    ("nn.RNN", "rnn-no-path-to-input", {"samples": 4}),
    ("nn.LSTM", "bptt-cut-16", {"sample": LONG}),
    ("nn.GRUCell", "sigmoid-by-tanh", {"samples": 24}),
    ("nn.LayerNorm", "layer-norm-two-axes-at-most", {"samples": 12}),
)


def named(found):
    return [each.fault for each in found.diagnosis.named]


@pytest.mark.parametrize(("case", "fault", "judged"), NAMED, ids=[fault for _, fault, _ in NAMED])
def test_a_fault_is_named(case, fault, judged):
    found = diagnose(faulty(FAULTS[fault]), case, **judged)
    assert fault in named(found), found.diagnosis
    assert f"({fault})" in found.diagnosis.lines[0]
    assert found.diagnosis.lines[0].startswith("less accurate: ") == (FAULTS[fault].family == "precision")


# Mistakes of ports, and the words for them.
OUTSIDE = (
    ("nn.GRU", "gru_of_keras", "gates are ordered z, r, n; torch's order is r, z, n (gru-gates-zrn)"),
    ("nn.LSTM", "lstm_of_onnx", "gates are ordered i, o, f, g; torch's order is i, f, g, o (gates-iofg)"),
    ("nn.LSTM", "one_bias", "bias_hh is not added (torch-bias_hh-dropped)"),
    ("nn.LSTM", "bias_twice", "bias_hh is added twice (torch-bias_hh-doubled)"),
    (
        "nn.GRU",
        "both_forward",
        "the reverse direction is not reversed: it runs forward (reverse-is-forward)",
    ),
)


@pytest.mark.parametrize(("case", "name", "line"), OUTSIDE)
def test_a_mistake_in_numpy_is_named(case, name, line):
    found = diagnose(f"{PORTED}:{name}", case, 12)
    assert found.diagnosis.lines[0] == line


@pytest.mark.parametrize(("case", "name"), [("nn.LSTM", "right_lstm"), ("nn.GRU", "right_gru")])
def test_nothing_is_named_of_a_right_port(case, name):
    found = diagnose(f"{PORTED}:{name}", case, 8)
    assert all(verdict.passed for verdict in found.verdicts)
    assert found.diagnosis.lines == ()
