"""Exit codes of the command line, and messages instead of tracebacks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.cases import CASES
from conformance.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "code", "mentions"),
    [
        (["run", "nn.Linnear"], 2, ("nn.Linnear", "nn.Linear", "sigmoid")),
        (["run", "--dtype", "int8"], 2, ("int8", "float32", "float64")),
        (["run", "--implementation", "nobody"], 2, ("nobody", "mytorch", "module:attribute")),
        (["run", "--samples", "-1"], 2, ("samples", "-1")),
        (["run", "--samples", "few"], 2, ("--samples", "few")),
        (["run", "--jobs", "0"], 2, ("jobs", "0")),
        (["run", "sigmoid", "--samples", "0"], 3, ()),
        (["replay", "sigmoid"], 2, ("sample", "sigmoid")),
        (["replay", "sigmoyd:seed=1,draw=0,class=small,regime=normal,N=1"], 2, ("sigmoyd", "sigmoid")),
        (["replay", "sigmoid:seed=1,draw=0,class=small,regime=normal,N=1"], 2, ("lacks", "F", "method")),
        (["replay", "sigmoid:seed=1,draw=0,class=small,regime=normal,N=-5,F=1,method=true"], 2, ("N", "-5")),
        (
            ["replay", "sigmoid:seed=1,draw=0,class=big,regime=normal,N=5,F=1,method=true"],
            2,
            ("'big'", "small"),
        ),
        (["replay", "sigmoid:seed=1,draw=0,class=one,regime=mad,N=5,F=1,method=true"], 2, ("'mad'", "huge")),
        (["replay", "sigmoid:seed=1,draw=0,class=one,regime=normal,N=5,F=1,method=2"], 2, ("method", "2")),
        (["replay", "sigmoid:seed=1,draw=0,class=one,regime=normal,N=5,F=1,method=true,Q=1"], 2, ("Q", "F")),
        (["replay", "."], 2, ("bundle", "bundle.json")),
        (["list", "sheep"], 2, ("sheep", "cases")),
        ([], 2, ("COMMAND",)),
    ],
)
def test_exit_codes(command_line, tmp_path, arguments, code, mentions):
    done = command_line(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert [word for word in mentions if word not in done.stderr] == []
    assert "Traceback" not in done.stderr


def test_a_sample_that_cannot_be_prepared_is_named_with_its_rule(monkeypatch, capsys):
    case = replace(CASES["tanh"], program=lambda t, x: {"output": t.special.bessel_j0(x["input"])})
    monkeypatch.setitem(CASES, "tanh", case)
    sample = "tanh:seed=1,draw=0,class=small,regime=normal,N=2,F=2,method=true"
    assert main(["replay", sample]) == 1
    told = capsys.readouterr().err
    assert told.startswith("conformance: NoiseError: ")
    assert [word for word in ("bessel_j0", f"; in {sample}") if word not in told] == []
