"""Weights that were carried over to keras or ONNX wrongly: the mistake is named from the outside."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from conformance.running.diagnose import diagnose

PORTED = Path(__file__).parents[2] / "faulty" / "ported.py"

MISTAKES = (
    ("keras", "nn.GRU", "keras_gru", "gates are ordered z, r, n; torch's order is r, z, n (gru-gates-zrn)"),
    (
        "onnxruntime",
        "nn.LSTM",
        "onnx_lstm_as_stored",
        "gates are ordered i, o, f, g; torch's order is i, f, g, o (gates-iofg)",
    ),
    ("onnxruntime", "nn.LSTM", "onnx_lstm_one_bias", "bias_hh is not added (torch-bias_hh-dropped)"),
    (
        "onnxruntime",
        "nn.LSTM",
        "onnx_lstm_both_forward",
        "the reverse direction is not reversed: it runs forward (reverse-is-forward)",
    ),
)


@pytest.mark.parametrize(("framework", "case", "name", "line"), MISTAKES, ids=[row[2] for row in MISTAKES])
def test_a_mistake_in_a_framework_is_named(framework, case, name, line, monkeypatch):
    # Not imported here: keras would keep its backend for the tests that follow in this process.
    if find_spec(framework) is None:
        pytest.skip(f"{framework} is in the environment of peers")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    found = diagnose(f"{PORTED}:{name}", case, 16)
    assert found.diagnosis.lines[0] == line


def test_onnxruntime_itself_is_less_accurate_and_not_another_function():
    if find_spec("onnxruntime") is None:
        pytest.skip("onnxruntime is in the environment of peers")
    found = diagnose(f"{PORTED}:onnx_lstm", "nn.LSTM", 16)
    assert found.diagnosis.lines[0].startswith("less accurate: ")
