"""ONNX's recurrent nodes by both of their runners: the right layout is shown, and each wrong one fails."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

import conformance
from conformance.judging.verdict import Status
from conformance.subjects import layouts
from conformance.subjects.peers import onnx

CASES = ["nn.LSTM", "nn.GRU", "nn.RNN", "nn.LSTMCell", "nn.GRUCell", "nn.RNNCell"]
LANES = {"onnxruntime": {"float32"}, "reference_evaluator": {"float32", "float64"}}

pytest.importorskip("onnx", reason="onnx is not installed")

# The evaluator's NumPy warns where exp overflows and where inf meets inf, which torch does not.
pytestmark = pytest.mark.filterwarnings(
    "ignore:overflow encountered:RuntimeWarning", "ignore:invalid value encountered:RuntimeWarning"
)


def needs(runner):
    # It is not imported here: that would write its files.
    if runner == "onnxruntime" and find_spec("onnxruntime") is None:
        pytest.skip("onnxruntime is not installed")


def judged(runner, cases=CASES, samples=4, **options):
    needs(runner)
    subject = f"conformance.subjects.peers.onnx:{runner}"
    return conformance.run(subject, cases, samples=samples, seed=1, shrink=False, **options)


@pytest.mark.parametrize("runner", LANES)
def test_its_layers_are_shown_in_one_and_in_both_directions(runner):
    report = judged(runner, samples=6)
    assert report.exit_code == 0, report.failures[:3]
    assert report.limits.startswith("forward only, ")
    passed = [v for v in report.verdicts if v.status is Status.PASS]
    assert {v.case for v in passed} == {*CASES}
    assert {v.lane for v in passed} == LANES[runner]
    for kind in ("LSTM", "GRU", "RNN"):
        assert any(v.case == f"nn.{kind}" and "bidirectional=true" in v.sample for v in passed), kind


def test_the_evaluator_has_no_relu_and_the_report_says_so():
    report = judged("reference_evaluator", ["nn.RNNCell"], samples=6)
    skipped = [v for v in report.verdicts if v.status is Status.SKIP and "evaluator" in str(v.reason)]
    assert {"nonlinearity=relu" in v.sample for v in skipped} == {True}
    zeros = np.zeros((1, 1, 1))
    with pytest.raises(RuntimeError, match="Unknown activation function 'Relu'"):
        onnx.run_node("RNN", {"W": zeros, "R": zeros}, zeros, (zeros,), "relu", onnx.by_reference_evaluator)


def test_what_onnxruntime_says_of_double_and_of_relu_at_nan_holds():
    """A version in which one of these is different changes what the adapter declares, or what fails."""
    needs("onnxruntime")
    ones = np.ones((1, 4, 1))
    with pytest.raises(Exception, match="LSTM operator does not support double yet"):
        onnx.run_node("LSTM", {"W": ones, "R": ones}, ones[:, :1], (ones[:, :1], ones[:, :1]), "tanh")
    one, nan = np.ones((1, 1, 1), np.float32), np.full((1, 1, 1), np.nan, np.float32)
    output, _ = onnx.run_node("RNN", {"W": one, "R": one}, nan, (one,), "relu")
    assert output.item() == 0
    output, _ = onnx.run_node("RNN", {"W": one, "R": one}, nan, (one,), "tanh")
    assert np.isnan(output.item())


# The gates that torch has where ONNX's layout has another order, and other orders.
WRONG = {
    "LSTM": ["ifgo", "iofg"[::-1], "iogf", "oifg", "fiog"],
    "GRU": ["rzn", "znr", "nrz"],
}


@pytest.mark.parametrize(("kind", "gates"), [(kind, gates) for kind in WRONG for gates in WRONG[kind]])
def test_gates_in_another_order_fail(kind, gates, monkeypatch):
    """`ifgo` is an ONNX LSTM that is read in torch's order."""
    right = layouts.FRAMEWORKS["onnx"]
    monkeypatch.setitem(layouts._ONNX_GATES, kind, gates)
    wrong = replace(right, layouts=tuple(map(layouts._onnx, layouts.GATES)))
    monkeypatch.setitem(layouts.FRAMEWORKS, "onnx", wrong)
    report = judged("reference_evaluator", [f"nn.{kind}", f"nn.{kind}Cell"], samples=2, in_process=True)
    assert {v.case for v in report.failures if v.status is Status.FAIL} == {f"nn.{kind}", f"nn.{kind}Cell"}


def exchanged(runner, kind, p, *given, run=onnx._both):
    return run(runner, kind, p[::-1], *given)


def not_interleaved(runner, kind, p, x, states, nonlinearity):
    """Y read as (L, N, D, H), which ONNX's `layout=1` and other frameworks have."""
    output, *lasts = onnx.run_node(kind, onnx._weights(kind, p), x, states, nonlinearity, runner)
    return output.reshape(len(x), x.shape[1], 2 * output.shape[3]), tuple(lasts)


@pytest.mark.parametrize("wrong", [exchanged, not_interleaved])
def test_directions_in_another_place_fail(wrong, monkeypatch):
    monkeypatch.setattr(onnx, "_both", wrong)
    report = judged("reference_evaluator", ["nn.LSTM"], samples=8, in_process=True)
    assert {v.status for v in report.failures} == {Status.FAIL}, report.failures[:1]
    assert {"bidirectional=true" in v.sample for v in report.failures} == {True}


def test_the_reset_gate_before_the_product_fails(monkeypatch):
    made = onnx.run_node.__globals__["_attributes"]

    def before(*given):
        return {**made(*given), "linear_before_reset": 0}

    monkeypatch.setitem(onnx.run_node.__globals__, "_attributes", before)
    report = judged("reference_evaluator", ["nn.GRU", "nn.GRUCell"], samples=3, in_process=True)
    assert {v.case for v in report.failures if v.status is Status.FAIL} == {"nn.GRU", "nn.GRUCell"}


PROGRAM = """
import os

import numpy as np

from conformance.subjects.onnx_models import run_node

one = np.ones((1, 1, 1), np.float32)
print(run_node("RNN", {"W": one, "R": one}, one, (one,), "tanh")[0].shape)
print(os.environ["TMPDIR"])
"""


def test_a_run_of_onnxruntime_leaves_no_file(python, tmp_path):
    needs("onnxruntime")
    folders = {name: tmp_path / name for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
    for folder in folders.values():
        folder.mkdir()
    ran = python("-c", PROGRAM, cwd=tmp_path, **{name: str(folder) for name, folder in folders.items()})
    assert ran.stdout.splitlines() == ["(1, 1, 1, 1)", str(folders["TMPDIR"])], ran.stderr
    assert [str(path) for path in tmp_path.rglob("*") if path.is_file()] == []
