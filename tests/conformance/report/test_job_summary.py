"""The summary of a GitHub job: short, in fences, and never a reason to fail."""

from __future__ import annotations

import logging

import pytest

from conformance.judging.verdict import Status, Verdict
from conformance.report.job_summary import append_summary, job_summary
from conformance.report.record import Report


def report(*statuses, reason="because"):
    verdicts = tuple(
        Verdict(f"case{n}", f"case{n}:0", "forward", "float32", "output", status, 4, reason=reason)
        for n, status in enumerate(statuses)
    )
    return Report(1, "mine", "torch", verdicts, timing={"began": "now", "seconds": 2.5})


def test_it_is_appended_where_the_variable_says(monkeypatch, tmp_path):
    file = tmp_path / "summary.md"
    file.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    for _ in range(2):
        append_summary(report(Status.PASS))
    assert file.read_text(encoding="utf-8") == "before\n" + 2 * job_summary(report(Status.PASS))


@pytest.mark.parametrize("value", [None, ""])
def test_elsewhere_nothing_is_written(monkeypatch, tmp_path, value):
    monkeypatch.chdir(tmp_path)
    if value is not None:
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", value)
    append_summary(report(Status.PASS))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_to_is_a_warning(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "such"))
    with caplog.at_level(logging.WARNING):
        append_summary(report(Status.PASS))
    assert "GITHUB_STEP_SUMMARY cannot be written to" in caplog.text


def test_all_is_well_in_a_few_lines():
    text = job_summary(report(Status.PASS))
    assert text.startswith("### Parity is shown\n\n```text\nSHOWN: mine against torch, seed 1; ")
    assert text.count("\n") == 6


def test_it_stays_short_whatever_fails_and_however_long_the_reasons_are():
    text = job_summary(report(*[Status.FAIL] * 300, reason=1900 * "x"))
    assert len(text) < 3_000
    assert text.count("\nconformance replay ") == 5
    assert "\nand in 295 more\n" in text


def test_what_a_subject_writes_does_not_leave_its_fence():
    lines = job_summary(report(Status.ERROR, reason="no\n```\n# SHOWN\n<img>")).splitlines()
    fences = [line for line in lines if line.startswith("```")]
    assert fences == ["```text", "```"] * 2 + ["```sh", "```"]
    assert "# SHOWN" not in lines
