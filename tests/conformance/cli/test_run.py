"""`conformance run`: its output, its files, and a user's own implementation."""

from __future__ import annotations

import json
import re
import sys
from contextlib import nullcontext

import pytest

from conformance.cli.main import main
from conformance.errors import UsageError

SUBJECT = '''
from conformance import TorchLike

class NoGradient(TorchLike):
    """Leaves out every gradient."""

    def run(self, task):
        return {name: array for name, array in super().run(task).items() if not name.startswith("grad.")}

made = NoGradient("mine", "mytorch")

def make():
    return made
'''


def test_a_run_that_shows_parity_exits_0_and_writes_both_reports(command_line, tmp_path):
    done = command_line(
        "run", "sigmoid", "unsqueeze", "--seed", 1, "--samples", 4, "--out", "out", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "SHOWN: mytorch against torch, seed 1" in done.stdout
    assert "sigmoid" in done.stderr  # progress
    record = json.loads((tmp_path / "out" / "parity.json").read_text(encoding="utf-8"))
    assert (record["schema_version"], record["totals"]["fail"]) == (7, 0)
    assert "| unsqueeze |" in (tmp_path / "out" / "parity.md").read_text(encoding="utf-8")
    assert not (tmp_path / "out" / "failures").exists()


@pytest.mark.parametrize(
    ("asked", "started"),
    [
        ("relu --jobs 2", [2]),
        ("relu", []),
        ("relu --samples 400", [2]),
        ("relu --samples 400 --jobs 1", []),
        ("relu --samples 400 --shard 1/9", []),
        ("relu --samples 400 --shard 1/9 --jobs 3", [3]),
        ("relu --samples 400 --resume", []),
        ("relu --jobs 2 -x", []),
        ("relu --jobs 2 --backend dask --scheduler tcp://x:1", []),
    ],
)
def test_workers_are_started_before_the_plan_where_there_will_be_some(monkeypatch, asked, started):
    found = []

    def meanwhile(_, calls, jobs):
        assert len(calls) == jobs
        found.append(jobs)
        return nullcontext()

    def planned(*_, **__):
        assert found == started
        raise UsageError("planned")

    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    monkeypatch.setattr("conformance.processes.meanwhile", meanwhile)
    monkeypatch.setattr("conformance.running.run.run", planned)
    assert main(["run", *asked.split(), "-q"]) == 2
    assert found == started


def test_a_run_on_two_processes_prints_what_one_on_one_does(command_line, tmp_path):
    asked = ("run", "sigmoid", "cat", "--samples", 2, "-q", "--out", "out", "--jobs")
    one, two = (command_line(*asked, jobs, cwd=tmp_path) for jobs in (1, 2))
    assert (two.returncode, two.stderr) == (0, "")
    assert re.sub(r"in \d+ s", "", one.stdout) == re.sub(r"in \d+ s", "", two.stdout)


@pytest.mark.parametrize("attribute", ["made", "make", "NoGradient"])
def test_your_own_implementation_is_found_in_the_current_directory(command_line, tmp_path, attribute):
    (tmp_path / "mine.py").write_text(
        SUBJECT.replace("class NoGradient(TorchLike):", "class Base(TorchLike):").replace(
            'NoGradient("mine", "mytorch")', 'Base("mine", "mytorch")'
        )
        + '\nclass NoGradient(Base):\n    def __init__(self):\n        super().__init__("mine", "mytorch")\n',
        encoding="utf-8",
    )
    done = command_line("run", "tanh", "--samples", 1, "--implementation", f"mine:{attribute}", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "missing: expected grad.input" in done.stdout
    assert (tmp_path / "reports" / "latest" / "parity.json").exists()


def test_a_failure_is_a_bug_report_and_its_replay_fails_too(command_line, tmp_path):
    done = command_line(
        "run", "models.LSTM", "--samples", 1, "--implementation", "fault:gates-gifo", cwd=tmp_path
    )
    assert done.returncode == 1, done.stderr
    report = done.stdout[done.stdout.index("FAIL models.LSTM · outputs · float64") :]
    for word in ("sample", "worst at", "expected", "got", "tolerance", "smallest", "replay"):
        assert f"\n  {word}" in report, report
    command = next(line.split()[1:] for line in report.splitlines() if line.startswith("  replay"))
    assert command[0] == "conformance"
    again = command_line(*command[1:], cwd=tmp_path)
    assert again.returncode == 1, again.stderr
    assert "FAIL" in again.stdout
    assert command_line(*command[1:3], cwd=tmp_path).returncode == 0  # mytorch itself


@pytest.mark.skipif(sys.platform == "win32", reason="such names are not allowed there")
def test_a_folder_with_control_characters_is_shown_escaped(own_process, tmp_path):
    out = tmp_path / "\x1b[2J"
    (out / "failures" / "\x1b[3J").mkdir(parents=True)
    done = own_process("run", "relu", "--samples", 1, "--implementation", "torch", "--out", out, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    shown = f"{tmp_path}/\\x1b[2J"
    files = ", ".join(f"{shown}/{name}" for name in ("parity.html", "parity.md", "parity.json"))
    assert f"\nReport: {files}\n" in done.stdout
    assert f"leaves \\x1b[3J in {shown}/failures" in done.stderr


PARTIAL = """
import numpy as np
from conformance import Functional, Supports


def tanh(case, config, arrays):
    return {"output": FACTOR * np.tanh(arrays["input"])}


mine = Functional("mine", tanh, supports=Supports(cases=["tanh"], dtypes=["float32"]))
"""


@pytest.mark.parametrize(("factor", "word", "status"), [("1", "SHOWN", 0), ("2", "NOT SHOWN", 1)])
def test_the_limits_of_a_subject_stand_next_to_the_verdict(command_line, tmp_path, factor, word, status):
    (tmp_path / "mine.py").write_text(PARTIAL.replace("FACTOR", factor), encoding="utf-8")
    done = command_line("run", "tanh", "--samples", 1, "--implementation", "mine.py:mine", cwd=tmp_path)
    assert done.returncode == status, done.stderr
    limits = "forward only, float32, plain calls only, no bad calls"
    verdict = f"{word}: mine.py:mine against torch, seed 1; judged: {limits}"
    assert f"\n{verdict}, relative accuracy of tanh and sigmoid\n" in done.stdout
    heading = (tmp_path / "reports" / "latest" / "parity.md").read_text(encoding="utf-8").splitlines()[0]
    assert heading.endswith(f"(judged: {limits})")


def test_a_named_case_of_which_nothing_is_compared_is_named(command_line, tmp_path):
    (tmp_path / "mine.py").write_text(PARTIAL.replace("FACTOR", "1"), encoding="utf-8")
    done = command_line("run", "tanh", "exp", "--samples", 1, "--implementation", "mine:mine", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "\nNOT SEEN exp: nothing was compared: the subject supports no sample of it\n" in done.stdout
    assert "\nOUTSIDE 1 case\n" in done.stdout
    assert "; judged: forward only, float32, plain calls only, no bad calls, 1 of 2 cases, " in done.stdout


EXCUSED = """
from conformance import Excuse, TorchLike

WHY = {"reason": "a sine", "link": "https://example.org/1"}
OUTPUT, GRADIENT = (Excuse(case="tanh", observable=name, **WHY) for name in ("output", "grad.*"))

def made(*excuses):
    return TorchLike(
        "mine",
        "mytorch",
        {"tanh": lambda t, x: {"output": t.tanh(x["input"]) + 1e-3}},
        excuses=excuses,
        nan_conventions="own",
    )

some = made(OUTPUT)
more = made(OUTPUT, GRADIENT)
nameless = lambda: made(Excuse(case="tanh", observable="*", reason="a sine"))
"""


def test_excuses_are_told_and_one_that_is_not_needed_fails(command_line, tmp_path):
    (tmp_path / "mine.py").write_text(EXCUSED, encoding="utf-8")

    def run(attribute):
        asked = ("run", "tanh", "--samples", 1, "--dtype", "float64", "--implementation", f"mine:{attribute}")
        return command_line(*asked, cwd=tmp_path)

    done = run("some")
    assert done.returncode == 0, done.stdout + done.stderr
    own = "own conventions at NaN (declared, and not needed)"
    verdict = f"seed 1; judged: relative accuracy of tanh and sigmoid, {own}"
    assert f"SHOWN: mine:some against torch, {verdict}\n" in done.stdout
    assert "a sine (https://example.org/1)" in done.stdout
    done = run("more")
    assert done.returncode == 1, done.stderr
    assert "\nEXCUSE NO LONGER NEEDED Excuse(case='tanh', observable='grad.*'): all " in done.stdout
    assert "\nNOT SHOWN: mine:more" in done.stdout
    done = run("nameless")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Excuse(case='tanh', observable='*'): link: expected a line of text, got ''" in done.stderr


@pytest.mark.parametrize("implementation", ["mytorch", "mine.py:made"])
def test_quiet_prints_the_failures_and_the_verdict_only(command_line, tmp_path, implementation):
    (tmp_path / "mine.py").write_text(SUBJECT, encoding="utf-8")
    asked = ("run", "tanh", "--samples", 1, "--jobs", 1, "--implementation", implementation, "-q")
    done = command_line(*asked, cwd=tmp_path)
    first, *_, last = done.stdout.splitlines()
    assert done.stderr == ""
    if implementation == "mytorch":
        assert done.stdout.count("\n") == 3
        assert first.startswith("SHOWN: ")
    else:
        assert first.startswith("FAIL tanh · ")
        assert last == "Next: " + next(
            line.split(maxsplit=1)[1] for line in done.stdout.splitlines() if line.startswith("  replay ")
        )


def test_verbose_has_a_line_per_case_as_soon_as_it_is_judged(command_line, tmp_path):
    done = command_line("run", "relu", "tanh", "--samples", 1, "--jobs", 1, "-v", cwd=tmp_path)
    assert [line.split(" PASS")[0].rstrip("0123456789") for line in done.stderr.splitlines()] == [
        "relu: ",
        "tanh: ",
    ]
    assert command_line("run", "-q", "-v", cwd=tmp_path).returncode == 2


def test_the_job_summary_is_appended(command_line, tmp_path):
    for _ in range(2):
        command_line("run", "relu", "--samples", 1, "--jobs", 1, cwd=tmp_path, GITHUB_STEP_SUMMARY="job.md")
    assert (tmp_path / "job.md").read_text(encoding="utf-8").count("### Parity is shown\n") == 2


RELU = ("run", "relu", "--samples", 1, "--jobs", 1, "-q")


def test_the_page_says_what_changed_and_the_exit_code_does_not(command_line, tmp_path):
    assert command_line(*RELU, "--out", "one", cwd=tmp_path).returncode == 0
    kept = json.loads((tmp_path / "one" / "baseline.json").read_text(encoding="utf-8"))
    kept["cases"]["relu"]["elements"] += 1
    (tmp_path / "kept.json").write_text(json.dumps(kept), encoding="utf-8")
    for options, told in (
        (("--baseline", "one/baseline.json"), "Nothing changed since the baseline (mytorch, seed 1"),
        (("--baseline", "kept.json"), "1 lost and 0 gained"),
        # Of another seed nothing can be said, and the run is worth as much.
        (("--baseline", "kept.json", "--seed", 2), "Nothing is compared: seed: the baseline is of 1"),
    ):
        done = command_line(*RELU, "--out", "two", *options, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert told in (tmp_path / "two" / "parity.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "baseline 'kept.json': expected a baseline.json, got none"), ("{}", "not a baseline: expected")],
)
def test_a_baseline_that_cannot_be_read_is_refused_before_anything_is_judged(
    command_line, tmp_path, content, says
):
    if content:
        (tmp_path / "kept.json").write_text(content, encoding="utf-8")
    done = command_line(*RELU, "--baseline", "kept.json", cwd=tmp_path)
    assert (done.returncode, says in done.stderr, done.stderr.count("\n")) == (2, True, 1)
    assert not (tmp_path / "reports").exists()
