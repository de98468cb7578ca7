"""Exit codes of the command line, and messages instead of tracebacks."""

from __future__ import annotations

import re
import sys
from dataclasses import replace

import pytest

from conformance.cases import CASES
from conformance.cli import list as list_command
from conformance.cli.main import main
from conformance.errors import Terminated
from conformance.running.output import held


@pytest.mark.parametrize(
    ("arguments", "code", "mentions"),
    [
        (["run", "nn.Linnear"], 2, ("nn.Linnear", "nn.Linear", "conformance list cases")),
        (["selftest", "--fault", "h0-ignore"], 2, ("h0-ignored", "conformance list faults")),
        (["run", "lstm"], 2, ("nn.LSTM", "Did you mean", "conformance list cases")),
        (["run", 9_000 * "lstm"], 2, ("characters cut", "conformance list cases")),
        (["run", "\x1b[31m"], 2, (r"\x1b[31m",)),
        (["run", "--dtype", "int8"], 2, ("int8", "float32", "float64")),
        (["run", "--implementation", "nobody"], 2, ("nobody", "mytorch", "module:attribute")),
        (["run", "--samples", "-1"], 2, ("samples", "-1")),
        (["run", "--samples", "0"], 2, ("samples: expected a whole number of at least 1, got 0",)),
        (["run", "--samples", "few"], 2, ("--samples: expected a whole number, got 'few'",)),
        (["run", "--seed", "1.5"], 2, ("--seed: expected a whole number, got '1.5'",)),
        (["run", "--time-limit", "soon"], 2, ("--time-limit: expected a number, got 'soon'",)),
        (["run", "--jobs"], 2, ("--jobs: expected a value, got none",)),
        (["run", "--backend", "x\ny"], 2, ("--backend: expected local or dask, got 'x",)),
        (["run", "--sampels", "3"], 2, ("unrecognized arguments: --sampels", "`conformance run --help`")),
        (["export"], 2, ("required: CASE, --out", "`conformance export --help`")),
        (["rnu"], 2, ("unknown command 'rnu'. Did you mean run?", "`conformance --help`")),
        (["run", "--jobs", "0"], 2, ("jobs", "0")),
        (["diagnose", "sigmoid", "--samples", "0"], 2, ("samples: expected", "at least 1, got 0")),
        (["replay", "sigmoid"], 2, ("sample", "sigmoid")),
        (["replay", "sigmoyd:seed=1,draw=0,class=small,regime=normal,N=1"], 2, ("sigmoyd", "sigmoid")),
        (["replay", "sigmoid:seed=1,draw=0,class=small,regime=normal,N=1"], 2, ("lacks", "F", "method")),
        (["replay", "sigmoid:seed=1,draw=0,class=small,regime=normal,N=-5,F=1,method=true"], 2, ("N", "-5")),
        (
            ["replay", "sigmoid:seed=1,draw=0,class=big,regime=normal,N=5,F=1,method=true"],
            2,
            ("'big'", "small", "one"),
        ),
        (
            ["replay", "sigmoid:seed=1,draw=0,class=one,regime=mad,N=5,F=1,method=true"],
            2,
            ("'mad'", "normal"),
        ),
        (["replay", "sigmoid:seed=1,draw=0,class=one,regime=normal,N=5,F=1,method=2"], 2, ("method", "2")),
        (["replay", "sigmoid:seed=1,draw=0,class=one,regime=normal,N=5,F=1,method=true,Q=1"], 2, ("Q", "F")),
        (
            ["replay", "sigmoid:seed=1,draw=0,class=one,regime=normal,N=-1,F=1,method=true"],
            2,
            ("N", "a size"),
        ),
        (
            ["replay", "sigmoid:seed=1,draw=0,class=one,regime=normal,N=true,F=1,method=true"],
            2,
            ("N", "True"),
        ),
        (["replay", "sigmoid:seed=1,draw=0,class=one,regime=normal,N=5,F=1,method=1"], 2, ("method", "1")),
        (["replay", "sigmoid:seed=1,draw=0,class=one,regime=normal,F=5,N=1,method=true"], 2, ("the order",)),
        (
            [
                *("replay", "--implementation", ""),
                "tanh:seed=1,draw=0,class=one,regime=normal,N=1,F=1,method=true",
            ],
            2,
            ("unknown implementation ''",),
        ),
        (["replay", "."], 2, ("bundle", "bundle.json")),
        (["run", "sigmoid", "--out", "file"], 2, ("a folder that can be written to", "file")),
        (["run", "sigmoid", "--out", "file/new"], 2, ("a folder that can be written to", "file/new")),
        (["run", "sigmoid", "--implementation", "..torch:nn"], 2, ("..torch:nn", "TypeError")),
        (["run", "sigmoid", "--implementation", "broken:x"], 2, ("broken:x", "ZeroDivisionError", "line 2")),
        (["run", "sigmoid", "--implementation", "mistyped:x"], 2, ("mistyped:x", "SyntaxError", "line 1")),
        (["run", "sigmoid", "--resume", "--out", "other"], 2, ("seed was 7 and is 1", "of another run")),
        (["list", "sheep"], 2, ("what: expected cases, implementations, faults or rules, got 'sheep'",)),
        ([], 2, ("COMMAND",)),
    ],
)
def test_exit_codes(monkeypatch, capsys, tmp_path, arguments, code, mentions):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "file").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "verdicts.jsonl").write_text('{"seed": 7}\n', encoding="utf-8")
    (tmp_path / "broken.py").write_text("x = 0\n1 / x\n", encoding="utf-8")
    (tmp_path / "mistyped.py").write_text("x = = 1\n", encoding="utf-8")
    found = main(arguments)
    told = capsys.readouterr().err
    assert found == code, told
    assert [word for word in mentions if word not in told] == []
    assert (len(told) < 2_200, "Traceback" in told) == (True, False)
    # One line, and nothing else.
    assert re.fullmatch("conformance: .*\n", told)


def test_the_exit_code_is_that_of_the_process(own_process, tmp_path):
    done = own_process("run", "nn.Linnear", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    "arguments",
    [["run", "sigmoid", "--samples", "1"], ["selftest", "--fault", "h0-ignored"], ["calibrate", "add"]],
)
def test_a_folder_that_cannot_be_used_is_refused_before_anything_is_judged(capsys, tmp_path, arguments):
    with held(tmp_path):
        assert main([*arguments, "--jobs", "1", "--out", str(tmp_path)]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n"), str(tmp_path) in shown.err) == ("", 1, True)


@pytest.mark.parametrize(
    ("interrupt", "code", "told"),
    [
        (KeyboardInterrupt(), 130, "INTERRUPTED"),
        (KeyboardInterrupt("after 3"), 130, "after 3"),
        (Terminated(), 143, "INTERRUPTED"),
    ],
)
def test_an_interrupt_is_one_line_and_130_or_143(monkeypatch, capsys, interrupt, code, told):
    def interrupted(_):
        raise interrupt

    monkeypatch.setattr(list_command, "command", interrupted)
    assert main(["list", "cases"]) == code
    assert capsys.readouterr().err == f"conformance: {told}\n"


def test_a_sample_that_cannot_be_prepared_is_named_with_its_rule(monkeypatch, capsys):
    case = replace(CASES["tanh"], program=lambda t, x: {"output": t.ops.prims.cbrt(x["input"])})
    monkeypatch.setitem(CASES, "tanh", case)
    sample = "tanh:seed=1,draw=0,class=small,regime=normal,N=2,F=2,method=true"
    assert main(["replay", sample]) == 1
    told = capsys.readouterr().err
    assert told.startswith("conformance: NoiseError: ")
    assert [word for word in ("cbrt", f"; in {sample}") if word not in told] == []
