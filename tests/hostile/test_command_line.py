"""Hostile subjects from the command line, on one and on two processes: exit codes, texts, no traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SUBJECTS = Path(__file__).parent / "subjects.py"


@pytest.fixture
def judged(tmp_path, command_line):
    """Judge a subject of subjects.py on relu, or another by its name."""

    def run(name, *arguments, samples=1):
        subject = name if name == "mytorch" else f"{SUBJECTS}:{name}"
        options = ("--samples", samples, "--out", "out", "--implementation", subject)
        return command_line("run", "relu", *options, *arguments, cwd=tmp_path)

    return run


def verdicts(folder):
    return json.loads((folder / "out" / "parity.json").read_text(encoding="utf-8"))["verdicts"]


@pytest.mark.parametrize(
    ("name", "jobs", "told"),
    [
        ("Exits", 1, "SystemExit: 0"),
        ("SegmentationFault", 2, "the subject's process was killed by SIGSEGV"),
        ("Loops", 1, "did not answer within 2 s (--time-limit)"),
        ("Loops", 2, "did not answer within 2 s (--time-limit)"),
    ],
)
def test_what_ends_or_hangs_a_process_is_an_error_and_not_shown(tmp_path, judged, name, jobs, told):
    done = judged(name, "--jobs", jobs, "--time-limit", 2)
    assert done.returncode == 1, done.stderr
    assert "NOT SHOWN" in done.stdout
    assert told in done.stdout
    assert "conformance replay relu:" in done.stdout
    assert "Traceback" not in done.stderr
    assert {v["status"] for v in verdicts(tmp_path) if not v["use"]} == {"ERROR"}


@pytest.mark.parametrize("jobs", [1, 2])
def test_after_three_samples_in_a_row_the_rest_of_the_case_is_one_line(tmp_path, judged, jobs):
    done = judged("ExitsAtOnce", "--jobs", jobs, samples=6)
    assert done.returncode == 1, done.stderr
    found = verdicts(tmp_path)
    assert [v["status"] for v in found] == ["ERROR"] * 7  # of three samples in two lanes
    assert len({v["sample"] for v in found}) == 4
    assert found[-1]["reason"].startswith("the rest of relu is left out")


def test_a_subject_in_the_judges_process_is_told(judged):
    done = judged("mytorch", "--jobs", 1, "--in-process")
    assert done.returncode == 0, done.stderr
    assert "IN PROCESS mytorch ran in the judge's process, as asked for" in done.stdout
