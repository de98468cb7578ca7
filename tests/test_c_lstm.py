"""The LSTM in C is shown by conformance in both lanes, and its wrong twin is not."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

import conformance
from conformance.cases import CASES

FOLDER = Path(__file__).parents[1] / "examples" / "c_lstm"
COMPILER = shutil.which("cc")

pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler named cc on this machine")


OBSERVABLES = (
    *("h", "c", "grad.input", "grad.h0", "grad.c0"),
    *("grad.weight_ih", "grad.weight_hh", "grad.bias_ih", "grad.bias_hh"),
)


def build(folder: Path, *flags: str) -> Path:
    """Build the program as its README says, and with warnings, which are errors."""
    program = folder / "lstm_cell"
    words = [COMPILER, "-std=c99", "-Wall", "-Wextra", "-Werror", "-O2", *flags]
    done = subprocess.run(  # noqa: S603  # the compiler, on this repository's own file
        [*words, "-o", program, FOLDER / "lstm_cell.c", "-lm"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return program


def judged(program: Path, case: str, samples: int | None) -> conformance.Report:
    return conformance.run(f"cmd:{shlex.quote(str(program))}", [case], samples, shrink=False)


def test_every_sample_passes_forward_and_backward_in_both_lanes(tmp_path):
    report = judged(build(tmp_path), "nn.LSTMCell", None)
    assert report.exit_code == 0, [verdict.reason for verdict in report.failures]
    plain = [verdict for verdict in report.verdicts if verdict.check in {"forward", "backward"}]
    assert all(verdict.agrees for verdict in plain)
    assert {v.observable for v in plain if v.status is conformance.Status.PASS} == set(OBSERVABLES)
    assert {verdict.lane for verdict in plain} == {"float64", "float32"}
    assert {verdict.observable for verdict in plain} == set(OBSERVABLES)
    samples = {verdict.sample for verdict in plain}
    assert len(samples) == CASES["nn.LSTMCell"].default_samples
    for settings in ("bias=false", "states=false", "N=-1", "class=empty", "regime=nonfinite"):
        assert any(settings in sample for sample in samples), settings


def test_two_gates_swapped_are_a_failure(tmp_path):
    report = judged(build(tmp_path, "-DSWAP_GATES"), "nn.LSTMCell", 1)
    assert report.exit_code == 1
    assert {v.observable for v in report.failures} >= {"h", "c", "grad.weight_ih"}


def test_another_case_is_skipped_with_the_programs_reason(tmp_path):
    report = judged(build(tmp_path), "nn.Linear", 1)
    assert report.exit_code == 3
    assert "only nn.LSTMCell" in {verdict.reason for verdict in report.verdicts}


def test_a_missing_folder_is_named(tmp_path):
    program = build(tmp_path)
    done = subprocess.run(  # noqa: S603  # the program that was built above
        [program, tmp_path / "missing"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "cannot open" in done.stderr) == (1, True)
