"""Ctrl-C, SIGTERM and SIGKILL: one line or none, what is left of the run, and no process."""

from __future__ import annotations

import json
import re
import sys

import pytest

# Sends a signal to itself, or to its whole group as a terminal does, when the second outcome is written.
SIGNALLED = """
import os, signal, sys

from conformance.cli.main import main
from conformance.running import journal

if __name__ == "__main__":
    # Whoever starts a test in the background may have it ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    number, to, *arguments = sys.argv[1:]
    real, added = journal.Journal.add, []

    def add(self, outcome):
        real(self, outcome)
        added.append(outcome)
        if len(added) == 2:
            (os.killpg if to == "group" else os.kill)(os.getpid(), int(number))

    journal.Journal.add = add
    sys.exit(main(arguments))
"""

# What a run says on standard error when nothing is wrong.
PROGRESS = re.compile(r"\d+/7 (relu|add)")


def lasting(folder):
    report = json.loads((folder / "parity.json").read_text(encoding="utf-8"))
    return {name: value for name, value in report.items() if name not in {"timing", "environment"}}


@pytest.fixture
def signalled(tmp_path, python):
    """Run the command line until it sends itself a signal; return when it and all of its workers ended.

    The workers have its standard error, so that its end is only seen when they have ended too.
    """
    script = tmp_path / "signalled.py"
    script.write_text(SIGNALLED, encoding="utf-8")

    def run(number, to, jobs):
        command = ["run", "relu", "add", "--samples", 3, "--jobs", jobs, "--out", "out"]
        return python(script, number, to, *command, cwd=tmp_path, start_new_session=True)

    return run


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
@pytest.mark.parametrize(
    ("number", "to", "jobs", "code"),
    [(2, "group", 1, 130), (2, "group", 2, 130), (15, "itself", 1, 143), (15, "itself", 2, 143)],
    ids=["Ctrl-C", "Ctrl-C, two jobs", "SIGTERM", "SIGTERM, two jobs"],
)
def test_an_interrupt_is_one_line_and_the_report_is_marked(tmp_path, signalled, number, to, jobs, code):
    done = signalled(number, to, jobs)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if not PROGRESS.fullmatch(line)]
    assert len(lines) == 1, done.stderr
    (told,) = lines
    assert told.startswith("conformance: INTERRUPTED after 1 of 7 pieces of work")
    assert "--resume" in told
    out = tmp_path / "out"
    assert not (out / "run.lock").exists()
    assert not (out / "baseline.json").exists()
    assert "**INTERRUPTED after 1 of 7 pieces of work.**" in (out / "parity.md").read_text(encoding="utf-8")
    timing = json.loads((out / "parity.json").read_text(encoding="utf-8"))["timing"]
    assert timing["stopped"] == "INTERRUPTED after 1 of 7 pieces of work"
    assert len((out / "verdicts.jsonl").read_bytes().splitlines()) == 3  # the header and two outcomes


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows workers do not look for their starter")
def test_workers_end_with_a_run_that_is_killed_and_another_number_of_jobs_goes_on(
    tmp_path, signalled, own_process, command_line
):
    done = signalled(9, "itself", 2)
    assert done.returncode == -9
    assert "Traceback" not in done.stderr
    holder = (tmp_path / "out" / "run.lock").read_text(encoding="ascii")
    arguments = ("run", "relu", "add", "--samples", 3, "--jobs", 1)
    resumed = own_process(*arguments, "--out", "out", "--resume", cwd=tmp_path)
    undisturbed = command_line(*arguments, "--out", "undisturbed", cwd=tmp_path)
    assert (resumed.returncode, undisturbed.returncode) == (0, 0), resumed.stderr
    assert f"takes {tmp_path / 'out'} over from process {holder}" in resumed.stderr
    assert lasting(tmp_path / "out") == lasting(tmp_path / "undisturbed")
