"""`conformance gate`: exit codes, the files that it writes, and a run that it gates."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from conformance.cli.main import main
from conformance.judging.verdict import Status, Verdict
from conformance.report.baseline import Baseline
from conformance.report.record import Report

VERDICT = Verdict(
    "add",
    "add:0",
    "forward",
    "float32",
    "output",
    Status.PASS,
    elements=4,
    headroom=8.0,
    shape_class="small",
    regime="normal",
)
TIMING = {"began": "2026-01-01T00:00:00+00:00", "seconds": 1.0}
GOOD = Report(1, "mytorch", "torch", (VERDICT,), timing=TIMING)
FAILED = replace(GOOD, verdicts=(replace(VERDICT, status=Status.FAIL, headroom=0.5, reason="because"),))
NEW = replace(GOOD, verdicts=(VERDICT, replace(VERDICT, case="mul", sample="mul:0")))


@pytest.fixture
def gate(tmp_path, monkeypatch, capsys):
    """Run the command on a report and a baseline; return its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "baseline.json").write_text(Baseline.of(GOOD).to_json(), encoding="utf-8")

    def run(report, *options):
        text = report.to_json() if isinstance(report, Report) else report
        (tmp_path / "parity.json").write_text(text, encoding="utf-8")
        code = main(["gate", "parity.json", "--baseline", "baseline.json", *options])
        return code, "".join(capsys.readouterr())

    return run


def test_it_exits_with_0_where_nothing_is_lost(gate):
    code, told = gate(GOOD)
    assert (code, told) == (0, "GATE HOLDS: mytorch against torch, seed 1: nothing is lost\n")


def test_a_file_is_one_subject_however_its_path_is_spelled(gate, tmp_path):
    named = [replace(GOOD, implementation=f"{path}:subject") for path in ("./mine.py", "mine.py", "other.py")]
    (tmp_path / "baseline.json").write_text(Baseline.of(named[0]).to_json(), encoding="utf-8")
    assert [gate(report)[0] for report in named] == [0, 0, 2]


def test_it_exits_with_1_and_one_table_where_something_is(gate):
    code, told = gate(FAILED)
    assert code == 1
    assert told.splitlines()[0].split() == ["what", "where", "before", "after", "why"]
    assert (
        told.index("verdicts  add") < told.index("replay     conformance replay add:0") < told.index("GATE")
    )


@pytest.mark.parametrize(
    ("report", "mentions"),
    [
        (replace(GOOD, seed=2), "seed: the baseline is of 1, and the report of 2"),
        (replace(GOOD, implementation="other"), "implementation: the baseline is of mytorch"),
        (
            GOOD.to_json().replace('"schema_version": 7', '"schema_version": 3'),
            "expected schema_version 7, got 3",
        ),
        ("not JSON", "not a parity report"),
    ],
)
def test_it_exits_with_2_where_the_two_cannot_be_compared(gate, report, mentions):
    for options in ((), ("--accept", "whatever")):
        code, told = gate(report, *options)
        assert (code, mentions in told) == (2, True)


@pytest.mark.parametrize(
    ("content", "mentions"),
    [
        (b'{"schema_version": 2}', "expected schema_version 4, got 2"),
        (b"{}", "not a baseline"),
        (b"\xff\xfe", "baseline.json': expected a baseline.json, got a file that is not text"),
        (None, "--accept REASON makes it of this run"),
    ],
)
def test_it_exits_with_2_where_there_is_no_baseline_that_it_can_read(gate, tmp_path, content, mentions):
    (tmp_path / "baseline.json").unlink()
    if content is not None:
        (tmp_path / "baseline.json").write_bytes(content)
    code, told = gate(GOOD)
    assert (code, mentions in told) == (2, True)


def test_the_report_of_an_earlier_run_is_refused_where_a_later_one_was_killed(gate, tmp_path):
    (tmp_path / "verdicts.jsonl").write_text("", encoding="utf-8")
    code, printed = gate(GOOD)
    assert (code, "is of one before it; end it with --resume" in printed) == (2, True)
    # One that was interrupted is a report of its own.
    assert "INTERRUPTED" in gate(replace(GOOD, timing={**TIMING, "stopped": "INTERRUPTED after 1 of 2"}))[1]


def test_a_reason_makes_the_run_the_baseline_and_stands_there(gate, tmp_path):
    code, told = gate(FAILED, "--accept", "the kernel is wrong")
    assert code == 0
    assert "verdicts  add" in told
    written = Baseline.from_json((tmp_path / "baseline.json").read_text(encoding="utf-8"))
    assert [entry["reason"] for entry in written.accepted] == ["the kernel is wrong"]
    assert gate(FAILED)[0] == 0


def test_a_first_baseline_is_made_where_none_is(gate, tmp_path):
    (tmp_path / "baseline.json").unlink()
    assert gate(GOOD, "--accept", "the first")[0] == 0
    assert (tmp_path / "baseline.json").read_text(encoding="utf-8") == Baseline.of(GOOD).to_json()


@pytest.mark.parametrize(
    ("report", "reason"),
    [(FAILED, " "), (replace(GOOD, environment={"subject": "in the judge's process"}), "we know")],
)
def test_what_is_not_accepted_leaves_the_baseline(gate, tmp_path, report, reason):
    assert gate(report, "--accept", reason)[0] == 2
    assert (tmp_path / "baseline.json").read_text(encoding="utf-8") == Baseline.of(GOOD).to_json()


@pytest.mark.parametrize(("report", "written"), [(GOOD, False), (NEW, True), (FAILED, True)])
def test_a_comment_is_written_only_if_something_changed(gate, tmp_path, report, written):
    gate(report, "--markdown", "comment.md")
    assert (tmp_path / "comment.md").exists() is written
    if written:
        assert (tmp_path / "comment.md").read_text(encoding="utf-8").startswith("**mytorch ")


def test_a_run_and_its_gate(command_line, tmp_path):
    run = ("run", "relu", "--seed", 1, "--jobs", 1)
    first = command_line(*run, "--samples", 3, "--out", "one", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    written = command_line(
        "gate", "one/parity.json", "--baseline", "kept/relu.json", "--accept", "new", cwd=tmp_path
    )
    assert written.returncode == 0, written.stderr
    data = json.loads((tmp_path / "kept" / "relu.json").read_text(encoding="utf-8"))
    assert list(data["cases"]) == ["relu"]
    again = command_line("gate", "one/parity.json", "--baseline", "kept/relu.json", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    in_process = command_line(*run, "--samples", 3, "--in-process", "--out", "two", cwd=tmp_path)
    assert in_process.returncode == 0, in_process.stderr
    gated = command_line("gate", "two/parity.json", "--baseline", "kept/relu.json", cwd=tmp_path)
    assert (gated.returncode, "in the judge's process, as asked for" in gated.stdout) == (1, True)
