"""The action for other repositories: its two scripts, run with programs that note how they are called."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.cli.main import _parser

ROOT = Path(__file__).parents[1]
ACTION = (ROOT / "action.yml").read_text(encoding="utf-8")

# A program that notes its arguments, and does what the file next to it says for the first of them.
NOTES = f"""#!{sys.executable}
import json, pathlib, sys
here = pathlib.Path(__file__).parent
with (here / "called").open("a", encoding="utf-8") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
code, out = json.loads((here / "answers").read_text(encoding="utf-8")).get(sys.argv[1], [0, ""])
print(out, end="")
sys.exit(code)
"""


@pytest.fixture
def script(tmp_path):
    """Run a script of the action; return its exit code, what it printed, and how it called a program."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (tmp_path / "out").mkdir()

    def run(name, program, answers, **environment):
        (programs / program).write_text(NOTES, encoding="utf-8")
        (programs / program).chmod(0o755)
        (programs / "answers").write_text(json.dumps(answers), encoding="utf-8")
        done = subprocess.run(  # noqa: S603 - the script is this repository's own
            [ROOT / ".github" / "parity" / name],
            cwd=tmp_path,
            env={
                "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
                "OUT": "out",
                "GITHUB_OUTPUT": str(tmp_path / "output"),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        called = programs / "called"
        calls = called.read_text(encoding="utf-8").splitlines() if called.exists() else []
        return done.returncode, done.stdout + done.stderr, list(map(json.loads, calls))

    return run


JUDGED = {"IMPLEMENTATION": "mine.py:mine", "CASES": "nn.LSTM relu", "SEED": "1", "BASELINE": "kept.json"}


@pytest.mark.parametrize(
    ("ran", "gated", "code"),
    [(0, 0, 0), (0, 1, 1), (1, 0, 0), (1, 1, 1), (0, 2, 2)],
    ids=["nothing", "lost", "known difference", "new difference", "another seed"],
)
def test_the_gate_decides_about_a_run(script, tmp_path, ran, gated, code):
    (tmp_path / "kept.json").touch()
    found, _, calls = script("judge.sh", "conformance", {"run": [ran, ""], "gate": [gated, ""]}, **JUDGED)
    assert found == code
    run, gate = (_parser().parse_args(call) for call in calls)
    assert (run.cases, run.implementation, run.seed, run.in_process, run.baseline) == (
        ["nn.LSTM", "relu"],
        "mine.py:mine",
        1,
        False,
        Path("kept.json"),
    )
    assert (gate.report, gate.baseline, gate.markdown) == tuple(
        map(Path, ("out/parity.json", "kept.json", "out/comment.md"))
    )
    # Without a result, an earlier comment stays as it is.
    assert (tmp_path / "output").exists() is (code <= 1)


@pytest.mark.parametrize("ran", [2, 3, 130])
def test_where_a_run_has_no_result_its_exit_code_stands(script, tmp_path, ran):
    (tmp_path / "kept.json").touch()
    code, _, calls = script("judge.sh", "conformance", {"run": [ran, ""]}, **JUDGED)
    assert (code, len(calls)) == (ran, 1)
    assert not (tmp_path / "output").exists()


def test_without_cases_all_are_judged_and_without_a_baseline_it_says_how_to_make_one(script):
    code, told, calls = script("judge.sh", "conformance", {}, **JUDGED | {"CASES": ""})
    run = _parser().parse_args(calls[0])
    assert (run.cases, run.baseline) == ([], None)
    assert (code, len(calls)) == (2, 1)
    assert "There is no kept.json yet" in told


ON_PULL_REQUEST = {"PULL_REQUEST": "7", "GITHUB_REPOSITORY": "someone/project"}
COMMENTS = "repos/someone/project/issues/7/comments"
MARK = "<!-- conformance gate -->"


@pytest.mark.parametrize(
    ("changed", "there_is", "does"),
    [
        (False, "", []),
        (True, "", ["--method", "POST", COMMENTS]),
        (True, "5\n6\n", ["--method", "PATCH", "repos/someone/project/issues/comments/5"]),
        (False, "5\n", ["--method", "DELETE", "repos/someone/project/issues/comments/5"]),
    ],
    ids=["nothing", "first", "again", "no longer"],
)
def test_one_comment_stands_while_something_is_changed(script, tmp_path, changed, there_is, does):
    if changed:
        (tmp_path / "out" / "comment.md").write_text('GATE FAILS: `x` "y" $z\n\n| a |\n', encoding="utf-8")
    code, told, calls = script("comment.sh", "gh", {"api": [0, there_is]}, **ON_PULL_REQUEST)
    assert code == 0, told
    looked, *done = calls
    assert looked[1] == COMMENTS
    assert f'startswith("{MARK}")' in looked[-1]
    assert [call[1:4] for call in done] == ([does] if does else [])
    if changed:
        assert done[0][-1] == f'body={MARK}\nGATE FAILS: `x` "y" $z\n\n| a |'


def test_a_comment_that_cannot_be_written_fails(script, tmp_path):
    (tmp_path / "out" / "comment.md").write_text("GATE FAILS", encoding="utf-8")
    assert script("comment.sh", "gh", {"api": [4, ""]}, **ON_PULL_REQUEST)[0] == 4


def test_the_scripts_get_their_variables_from_the_action():
    given = set(re.findall(r"^        ([A-Z_]+):", ACTION, flags=re.MULTILINE))
    assert given >= {*JUDGED, "PULL_REQUEST", "OUT"}
    named = set(re.findall(r"inputs\.([a-z]+)", ACTION))
    declared = set(re.findall(r"^  ([a-z]+):$", ACTION.partition("runs:")[0], flags=re.MULTILINE))
    assert named == declared


def test_what_the_page_gives_the_action_are_its_inputs():
    page = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
    (given,) = re.findall(r"uses: OWNER/mytorch@[^\n]*\n +with:\n((?: +[a-z]+: .*\n)+)", page)
    inputs = set(re.findall(r"^  ([a-z]+):$", ACTION, flags=re.MULTILINE))
    assert {line.split(":")[0].strip() for line in given.splitlines()} <= inputs
