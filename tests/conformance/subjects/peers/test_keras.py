"""keras's layers, on NumPy and on jax, are torch's; other gates, and float64 in float32, are seen."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from conformance.judging.verdict import Status

# Without a backend, importing keras raises that tensorflow is not installed, so it is looked for only.
for needed in ("jax", "keras"):
    if find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed", allow_module_level=True)

CASES = ["nn.LSTM", "nn.GRU", "nn.RNN", "nn.LSTMCell", "nn.GRUCell", "nn.RNNCell"]
CHECKS = {"on_numpy": {"forward"}, "on_jax": {"forward", "backward"}}

TWO_BACKENDS = """
import os

os.environ["KERAS_BACKEND"] = "numpy"
import keras

import conformance
from conformance.subjects.peers.keras import on_jax

report = conformance.run(on_jax(), ["nn.RNNCell"], samples=1, in_process=True)
print({v.reason for v in report.failures})
"""


@pytest.mark.parametrize("function", CHECKS)
def test_it_computes_what_torch_computes(judged, function):
    report = judged(f"keras:{function}", CASES)
    assert report.exit_code == 0, report.failures[:3]
    compared = {(v.case, v.check, v.lane) for v in report.verdicts if v.status is Status.PASS}
    assert compared == {(case, check, "float32") for case in CASES for check in CHECKS[function]}


@pytest.mark.parametrize("function", CHECKS)
@pytest.mark.parametrize("case", ["nn.LSTMCell", "nn.GRUCell", "nn.RNNCell"])
def test_other_gates_are_seen(exchanged, function, case):
    report = exchanged(f"keras:{function}", [case])
    assert report.exit_code == 1
    assert {v.status for v in report.failures} == {Status.FAIL}


@pytest.mark.parametrize("function", CHECKS)
def test_it_does_not_compute_in_float64(changed, function):
    lines = ("from conformance.subjects.peers import keras", "keras.DTYPES = ['float64']")
    report = changed("\n".join((*lines, f"mine = keras.{function}")), ["nn.LSTMCell"])
    assert report.exit_code == 1
    assert {(v.status, v.lane) for v in report.failures} == {(Status.FAIL, "float64")}


def test_one_process_has_one_backend(python, tmp_path):
    ended = python("-c", TWO_BACKENDS, cwd=tmp_path)
    assert "keras: expected the backend jax, got numpy" in ended.stdout, ended.stderr
