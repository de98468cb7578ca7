"""The smallest row of each workload with the least budget, from the command line: no time is judged."""

from __future__ import annotations

import json
from math import isfinite

import pytest

from conformance.bench.memory import NAME, lacking
from conformance.bench.targets import TARGETS
from conformance.bench.workloads import WORKLOADS


@pytest.fixture(autouse=True)
def kernels_of_the_machine(monkeypatch):
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)


@pytest.fixture
def smallest(command_line, tmp_path):
    done = command_line(
        *("bench", "--sizes", "small", "--budget", "0", "--json", "--out", "out"), cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, tmp_path / "out"


def test_each_row_has_finite_positive_ratios_and_the_report_its_lines(smallest):
    printed, out = smallest
    record = json.loads((out / "performance.json").read_text(encoding="utf-8"))
    report = (out / "performance.md").read_text(encoding="utf-8")
    assert record["schema_version"] == 1
    rows = {row["name"]: row for row in record["rows"]}
    absent = {name for name in WORKLOADS if {*WORKLOADS[name].sides} & {*record["skipped"]} - {"numba"}}
    assert absent <= {name for name in WORKLOADS if "against" in name}
    assert rows.keys() == {*WORKLOADS, *([] if lacking() else [NAME])} - absent
    for name, row in rows.items():
        assert row["refused"] == ""
        assert "mytorch" in {pair.split("/")[0] for pair in row["ratios"]}
        for ratio in row["ratios"].values():
            assert 0 < ratio["low"] <= ratio["median"] <= ratio["high"]
            assert isfinite(ratio["high"])
            assert ratio["rounds"] >= 3
        assert f"| {name} | {row['label']} | " in report
        assert f"{name}, {row['label']}: mytorch/" in printed
    for target in TARGETS:
        assert f"| {target.what} | " in report
    for what in ("command", "CPU", "kernels", "threads", "load", "versions"):
        assert f"| {what} | " in report
    for name in record["skipped"]:
        assert f"- {name}: " in report
    assert "](performance.svg)" in report
    assert (out / "performance.svg").read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("LSTM trian",), "unknown workload 'LSTM trian'. Did you mean LSTM train"),
        (("Linear", "--budget", "-1"), "budget: expected a finite number of seconds, 0 or more, got -1.0"),
        (("--out", "file"), "out 'file': expected a folder that can be written to"),
    ],
)
def test_wrong_use_is_told_in_a_line(command_line, tmp_path, arguments, told):
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = command_line("bench", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr


def test_sides_that_do_not_compute_the_same_are_an_exit_code(command_line, tmp_path, monkeypatch):
    from mytorch import nn

    forward = nn.Linear.forward
    monkeypatch.setattr(nn.Linear, "forward", lambda self, x: forward(self, x) * 1.001)
    done = command_line("bench", "Linear", "--sizes", "small", "--budget", "0", cwd=tmp_path)
    assert done.returncode == 1
    assert "Linear, N 16, I 32, O 32: REFUSED: mytorch against torch: result 0: exp" in done.stdout
    report = (tmp_path / "reports" / "latest" / "performance.md").read_text(encoding="utf-8")
    assert "## Refused" in report
