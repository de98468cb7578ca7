"""A run that is killed at any place and goes on: the report is that of an undisturbed run."""

from __future__ import annotations

import json
import sys

import pytest

# Kills itself at a place that is counted in writes, so that nothing depends on time.
KILLED = """
import json, os, signal, sys
from pathlib import Path

import conformance
from conformance.running import journal

ASKED = {"cases": ["relu", "add", "eq"], "samples": 3, "seed": 2}
MIDDLE = 40


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def after_line(number, length=None):
    lines = []

    real = journal.Journal._write

    def write(self, line):
        if len(lines) == number and length is not None:
            self._file.write(json.dumps(line).encode()[:length])
            die()
        real(self, line)
        lines.append(line)
        if len(lines) > number and length is None:
            die()

    journal.Journal._write = write


def after_calls(owner, name, number):
    calls, real = [], getattr(owner, name)

    def call(self, *args, **options):
        if len(calls) == number:
            die()
        calls.append(name)
        return real(self, *args, **options)

    setattr(owner, name, call)


PLACES = {
    "in the header": lambda: after_line(0, MIDDLE),
    "after the header": lambda: after_line(0),
    "in the first line": lambda: after_line(1, MIDDLE),
    "after the first line": lambda: after_line(1),
    "after the first case": lambda: after_line(3),
    "in the fifth line": lambda: after_line(5, MIDDLE),
    "after the last line": lambda: after_line(COUNT),
    "before the report": lambda: after_calls(Path, "write_text", 0),
    "in the report": lambda: after_calls(Path, "replace", 2),
    "after the report": lambda: after_calls(journal.Journal, "remove", 0),
}


# At this place the subject has a process of its own, which the kill leaves behind. The reference needs none:
# starting one in each run took most of the time of this test.
HOSTED = "after the first case"


def run(name, **options):
    subject = "mytorch" if name in {HOSTED, "undisturbed, hosted"} else "torch"
    return conformance.run(subject, **ASKED, out=Path(sys.argv[1]) / name, **options)


from conformance.running.plan import plan

COUNT = len(plan(ASKED["cases"], ASKED["samples"], ASKED["seed"], ["float64", "float32"]))
# These come first, so that the children have what a run imports.
run("undisturbed")
run("undisturbed, hosted")
for name, place in PLACES.items():
    if not (child := os.fork()):
        place()
        run(name)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, (name, status)
    assert (Path(sys.argv[1]) / name / "verdicts.jsonl").exists()
for name in PLACES:
    run(name, resume=True)
"""


def lasting(folder):
    report = json.loads((folder / "parity.json").read_text(encoding="utf-8"))
    return {name: value for name, value in report.items() if name not in {"timing", "environment"}}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_killed_at_ten_places_and_resumed_a_run_gives_the_report_of_an_undisturbed_one(tmp_path, python):
    script = tmp_path / "killed.py"
    script.write_text(KILLED, encoding="utf-8")
    done = python(script, tmp_path / "out", cwd=tmp_path, PYTHONWARNINGS="ignore")
    assert done.returncode == 0, done.stderr
    folders = {folder.name: folder for folder in (tmp_path / "out").iterdir()}
    undisturbed, hosted = (lasting(folders.pop(f"undisturbed{more}")) for more in ("", ", hosted"))
    assert len(folders) == 10
    assert min(len(undisturbed["verdicts"]), len(hosted["verdicts"])) > 150
    files = {"parity.json", "parity.html", "parity.md", "details.md", "baseline.json"}
    for name, folder in folders.items():
        assert lasting(folder) == (hosted if name == "after the first case" else undisturbed), name
        assert {path.name for path in folder.iterdir()} == files, name
