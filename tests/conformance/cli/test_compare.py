"""`conformance compare`: exit codes, and two runs with other kernels of torch's."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from conformance.cli.main import main
from conformance.judging.verdict import Status, Verdict
from conformance.report.record import Report

VERDICT = Verdict("add", "add:0", "forward", "float32", "output", Status.PASS, elements=4, headroom=8.0)
TIMING = {"began": "2026-01-01T00:00:00+00:00", "seconds": 1.0}
# Prints the report of a run; without the page and a process of the subject it takes half the time.
JUDGED = """
import conformance

report = conformance.run("mytorch", ["relu", "nn.Linear", "nn.LSTMCell"], 2, in_process=True)
assert report.exit_code == 0, report.failures
print(report.to_json())
"""
REPORT = Report(1, "mytorch", "torch", (VERDICT,), timing=TIMING)
NEARER = replace(REPORT, verdicts=(replace(VERDICT, headroom=1.1),))


@pytest.mark.parametrize(
    ("other", "code", "mentions"),
    [
        (REPORT, 0, "nothing moved by more than rounding may; cases in both: 1"),
        (replace(REPORT, seed=2), 0, "seed"),
        (NEARER, 1, "nearer to its tolerance"),
        ("{}", 2, "not a parity report"),
        (None, 2, "after 'b.json': expected the parity.json that `run` wrote, got none"),
    ],
)
def test_exit_codes(tmp_path, monkeypatch, capsys, other, code, mentions):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.json").write_text(REPORT.to_json(), encoding="utf-8")
    if other is not None:
        text = other if isinstance(other, str) else other.to_json()
        (tmp_path / "b.json").write_text(text, encoding="utf-8")
    assert main(["compare", "a.json", "b.json"]) == code
    assert mentions in "".join(capsys.readouterr())


@pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() not in {"AVX2", "AVX512"},
    reason="this CPU has one capability only, so that there is nothing to compare",
)
def test_two_capabilities_of_one_cpu_move_nothing_and_are_named(python, monkeypatch, capsys, tmp_path):
    """torch reads them when it is imported, so that each has a process of its own."""
    for capability in ("default", "avx2"):
        done = python("-c", JUDGED, cwd=tmp_path, ATEN_CPU_CAPABILITY=capability, OPENBLAS_CORETYPE="Haswell")
        assert done.returncode == 0, done.stderr
        (tmp_path / f"{capability}.json").write_text(done.stdout, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["compare", "default.json", "avx2.json"]) == 0
    compared = capsys.readouterr().out
    differing = [line.split() for line in compared.splitlines() if line.startswith("torch_cpu_capability")]
    assert differing == [["torch_cpu_capability", "DEFAULT", "AVX2"]]
    assert "nothing moved by more than rounding may; cases in both: 3" in compared
