"""`conformance export` and `conformance judge`: what they print, and their exit codes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from conformance.cli.main import main
from conformance.running import answers
from conformance.subjects.task_directory import read_arrays, write_arrays


def export(out, *options):
    return main(["export", "relu", "--samples", "1", "--dtype", "float32", "--out", str(out), *options])


@pytest.fixture
def exported(tmp_path, capsys):
    """An export of one sample of relu, with the answer."""
    assert export(tmp_path / "out") == 0
    task = tmp_path / "out" / "tasks" / "relu-0-float32"
    given = read_arrays(task / "inputs.safetensors")
    on = given["input"] > 0
    answer = {"output": given["input"] * on, "grad.input": given["cotangent.output"] * on}
    write_arrays(task / "outputs.safetensors", answer)
    capsys.readouterr()
    return tmp_path / "out"


def test_an_export_says_how_it_is_judged(tmp_path, capsys):
    assert export(tmp_path / "out") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"1 tasks in {tmp_path / 'out' / 'tasks'}")
    assert second == f"conformance judge {tmp_path / 'out'}"


def test_right_answers_are_shown_with_the_table_of_a_run(exported, tmp_path, capsys):
    assert main(["judge", str(exported)]) == 0
    judged = capsys.readouterr().out
    options = ["--samples", "1", "--dtype", "float32", "--out", str(tmp_path / "run"), "--jobs", "1"]
    assert main(["run", "relu", "--implementation", "torch", *options]) == 0
    head = capsys.readouterr().out.splitlines()[0]
    # How wide the columns are depends on what was seen in uses, which are not exported.
    assert judged.split()[:3] == head.split()[:3] == ["case", "samples", "passed"]
    judged_by = "plain calls only, no bad calls, relative accuracy of tanh and sigmoid"
    assert f"SHOWN: the answers in {exported} against torch, seed 1; judged: {judged_by}\n" in judged
    assert not (exported / "parity.json").exists()


def test_reports_are_written_where_they_are_asked_for(exported, tmp_path):
    assert main(["judge", str(exported), "--out", str(tmp_path / "reports")]) == 0
    assert (tmp_path / "reports" / "parity.json").is_file()


@pytest.mark.parametrize(
    ("name", "words"), [("", "a folder that can be written to"), ("parity.md", "a file")]
)
def test_where_no_report_can_be_written_nothing_is_judged(
    exported, tmp_path, monkeypatch, capsys, name, words
):
    out = tmp_path / "reports"
    if name:
        (out / name).mkdir(parents=True)
    else:
        out.touch()
    monkeypatch.setattr(answers, "judge_answers", None)
    assert main(["judge", str(exported), "--out", str(out)]) == 2
    assert "conformance: out" in (told := capsys.readouterr().err)
    assert words in told


def test_a_wrong_answer_is_not_shown_and_its_folder_is_named(exported, capsys):
    path = exported / "tasks" / "relu-0-float32" / "outputs.safetensors"
    trace = read_arrays(path)
    write_arrays(path, trace | {"output": trace["output"] + 1})
    assert main(["judge", str(exported), "--out", str(exported / "reports")]) == 1
    # There is no implementation of this name.
    report = (exported / "reports" / "parity.md").read_text(encoding="utf-8")
    assert "--implementation MODULE:ATTRIBUTE (it was given as files)" in report
    printed = capsys.readouterr().out
    assert "FAIL relu · output · float32" in printed
    assert f"  answer     {path.parent}" in printed
    assert "replay" not in printed
    assert "NOT SHOWN: the answers in" in printed


def test_no_answer_is_not_shown_and_none_to_any_task_is_nothing_compared(exported, capsys):
    task = exported / "tasks" / "relu-0-float32"
    (task / "outputs.safetensors").unlink()
    assert main(["judge", str(exported)]) == 1
    assert "there is no outputs.safetensors" in capsys.readouterr().out
    (task / "unsupported.txt").write_text("only float64", encoding="utf-8")
    assert main(["judge", str(exported)]) == 3
    printed = capsys.readouterr().out
    assert "NOT SEEN relu: nothing was compared: only float64" in printed
    assert "NOTHING COMPARED" in printed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["judge", "nowhere"], "export 'nowhere': expected the folder that `export` wrote, got none"),
        (["export", "relus", "--out", "out"], "unknown case 'relus'"),
        (["export", "relu", "--samples", "-1", "--out", "out"], "samples: expected"),
        (["export", "relu", "--dtype", "float8", "--out", "out"], "unknown dtype 'float8'"),
        (["export", "relu", "--seed", "-1", "--out", "out"], "seed: expected"),
        (["export", "relu", "--out", "."], "out: expected a folder that is empty"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(arguments, words, tmp_path, monkeypatch, capsys):
    (tmp_path / "mine.txt").touch()
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("conformance: ")
    assert words in printed.err
    assert printed.err.count("\n") == 1


def test_a_damaged_export_is_one_line_and_exit_code_2(exported, capsys):
    path = exported / "expected" / "relu-0-float32" / "expected.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    assert main(["judge", str(exported)]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert "is damaged or altered" in printed.err


def test_a_folder_with_control_characters_is_shown_escaped(tmp_path, capsys):
    assert export(tmp_path / "\x1b[2J") == 0
    task = tmp_path / "\x1b[2J" / "tasks" / "relu-0-float32"
    assert main(["judge", str(task.parents[1])]) == 1
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert printed.count("/\\x1b[2J/tasks") == 2


def test_no_samples_are_refused_before_anything_is_written(tmp_path, capsys):
    assert export(tmp_path / "out", "--samples", "0") == 2
    assert "samples: expected a whole number of at least 1, got 0" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_answers_are_judged_where_torch_is_not_installed(exported):
    code = "import sys; sys.modules['torch'] = None; import conformance.cli.main as cli; sys.exit(cli.main())"
    done = subprocess.run(  # noqa: S603 - the code is this test's own
        [sys.executable, "-c", code, "judge", exported], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
