"""Hostile subjects from the command line, on one and on two processes: exit codes, texts, no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SUBJECTS = Path(__file__).parent / "subjects.py"


def conformance(name, folder, *arguments, case="relu", samples=1):
    subject = name if name == "mytorch" else f"{SUBJECTS}:{name}"
    command = ["run", case, "--samples", str(samples), "--out", "out", "--implementation", subject]
    return subprocess.run(  # noqa: S603 - the command is this file's own
        [sys.executable, "-m", "conformance", *command, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def verdicts(folder):
    return json.loads((folder / "out" / "parity.json").read_text(encoding="utf-8"))["verdicts"]


@pytest.mark.parametrize(
    ("name", "jobs", "told"),
    [
        ("Exits", 1, "SystemExit: 0"),
        ("SegmentationFault", 2, "the subject's process was killed by SIGSEGV"),
        ("Loops", 1, "did not answer within 2 s (--time-limit)"),
    ],
)
def test_what_ends_or_hangs_a_process_is_an_error_and_not_shown(tmp_path, name, jobs, told):
    done = conformance(name, tmp_path, "--jobs", jobs, "--time-limit", 2)
    assert done.returncode == 1, done.stderr
    assert "NOT SHOWN" in done.stdout
    assert told in done.stdout
    assert "conformance replay relu:" in done.stdout
    assert "Traceback" not in done.stderr
    assert {v["status"] for v in verdicts(tmp_path) if not v["use"]} == {"ERROR"}


@pytest.mark.parametrize("jobs", [1, 2])
def test_after_three_samples_in_a_row_the_rest_of_the_case_is_one_line(tmp_path, jobs):
    done = conformance("ExitsAtOnce", tmp_path, "--jobs", jobs, samples=6)
    assert done.returncode == 1, done.stderr
    found = verdicts(tmp_path)
    assert [v["status"] for v in found] == ["ERROR"] * 7  # of three samples in two lanes
    assert len({v["sample"] for v in found}) == 4
    assert found[-1]["reason"].startswith("the rest of relu is left out")


def test_what_ends_the_process_where_it_is_imported_is_wrong_use(tmp_path):
    done = conformance("FactoryExits", tmp_path)
    assert done.returncode == 2
    assert not done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith("conformance: implementation ")
    assert not (tmp_path / "out" / "parity.json").exists()


def test_a_subject_in_the_judges_process_is_told(tmp_path):
    done = conformance("mytorch", tmp_path, "--jobs", 1, "--in-process")
    assert done.returncode == 0, done.stderr
    assert "IN PROCESS mytorch ran in the judge's process, as asked for" in done.stdout
