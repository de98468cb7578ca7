"""The nearest fault: a fault that is the subject is named, also by subjects that are written otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.faults import FAULTS, faulty
from conformance.running.diagnose import diagnose

# In NumPy, and in a process of their own.
PORTED = Path(__file__).parents[2] / "faulty" / "recurrent.py"

# Of one case each: a fault of the function, of the gradients, of a long sequence, and one of accuracy.
NAMED = (
    ("nn.LSTM", "gates-figo", 12),
    ("nn.LSTMCell", "bias_hh-on-next-gate", 12),
    ("nn.GRU", "gru-reset-before", 12),
    ("nn.RNN", "rnn-no-path-to-input", 12),
    ("nn.LSTM", "bptt-cut-16", 24),
    ("nn.GRUCell", "sigmoid-by-tanh", 24),
    ("nn.LayerNorm", "layer-norm-two-axes-at-most", 12),
)


def named(found):
    return [each.fault for each in found.diagnosis.named]


@pytest.mark.parametrize(("case", "fault", "samples"), NAMED)
def test_a_fault_is_named(case, fault, samples):
    found = diagnose(faulty(FAULTS[fault]), case, samples)
    assert fault in named(found), found.diagnosis
    assert f"({fault})" in found.diagnosis.lines[0]


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
    found = diagnose(f"{PORTED}:{name}", case, 24)
    assert found.diagnosis.lines[0] == line


@pytest.mark.parametrize(("case", "name"), [("nn.LSTM", "right_lstm"), ("nn.GRU", "right_gru")])
def test_nothing_is_named_of_a_right_port(case, name):
    found = diagnose(f"{PORTED}:{name}", case, 24)
    assert all(verdict.passed for verdict in found.verdicts)
    assert found.diagnosis.lines == ()
