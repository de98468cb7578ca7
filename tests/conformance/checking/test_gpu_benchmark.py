"""benchmarks/gpu.py, dry: what it judges on a card it judges here on the CPU, and writes nothing."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[3] / "benchmarks" / "gpu.py"


@pytest.fixture
def program(monkeypatch):
    spec = importlib.util.spec_from_file_location("gpu_benchmark", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    # Where it is looked for by what it defines.
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "LAYERS", module.LAYERS[:1])
    monkeypatch.setattr(module, "DTYPES", ("float32",))
    return module


def test_a_dry_run_prints_the_table_only(program, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--device", "cpu", "--out", str(tmp_path / "cuda.md")])
    assert program.main() == 0
    printed = capsys.readouterr().out
    assert "on the CPU" in printed
    assert "| Linear | float32 | off | PASS |" in printed
    assert not (tmp_path / "cuda.md").exists()


@pytest.mark.parametrize(
    ("tf32", "verdict", "wrong"),
    [
        ("on", "FAIL", []),
        ("off", "PASS", []),
        ("on", "PASS", ["Linear, TF32 on: PASS"]),
        ("off", "FAIL", ["Linear, TF32 off: FAIL"]),
        ("off", "not judged", ["Linear, TF32 off: not judged"]),
    ],
)
def test_tf32_has_to_fail_and_float32_to_pass(program, tf32, verdict, wrong):
    row = {"layer": "Linear", "dtype": "float32", "TF32": tf32, "verdict": verdict}
    assert program.unexpected([row, {**row, "dtype": "float16", "verdict": "FAIL"}]) == wrong
