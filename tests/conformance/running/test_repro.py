"""The program in a bundle: it compares as the judge does, and runs a subject, without conformance."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from conformance.cases import CASES
from conformance.judging.judge import judge
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import run_subject
from conformance.judging.verdict import Status, Verdict
from conformance.registry import find_implementation
from conformance.report.record import Report
from conformance.running import repro, stored
from conformance.running.bundle import write_bundles
from conformance.sampling.sample import Sample
from conformance.sampling.space import draw
from conformance.subjects.protocol import EVERY_LANE, LANES
from conformance.subjects.torchlike import TorchLike

TANH = "tanh:seed=1,draw=0,class=small,regime={},N=3,F=2,method=true"
CELL = "nn.LSTMCell:seed=1,draw=0,class={},regime=normal,N=3,I=2,H=4,bias=true,states=true"


class Rounded(TorchLike):
    """Computes float64 through float32."""

    def run(self, task):
        trace = super().run(task)
        return {
            name: array.astype("float32").astype(array.dtype) if array.dtype.kind == "f" else array
            for name, array in trace.items()
        }


class Odd(TorchLike):
    """Leaves one gradient out, adds an array, and returns another shape, dtype and type where it can."""

    def run(self, task):
        trace = super().run(task)
        first, *others = trace
        odd = {
            first: np.atleast_1d(trace[first])[:1],
            "more": np.ones(3),
            others[0]: trace[others[0]].astype("float16"),
        }
        odd |= {name: trace[name].tolist() for name in others[1:2]}
        return {name: value for name, value in (trace | odd).items() if name not in others[2:3]}


def written(folder, subject, text, lane="float64", observable="output", status=Status.FAIL):
    """Write the bundle of a failure and return its folder."""
    sample = Sample.parse(text)
    verdict = Verdict.on(sample, lane, observable, status, training=False, reason="why\n\x1b[31mand how")
    environment = {"numpy": "1.0", "torch": "2.0", "blas": "openblas 0.3 (Haswell)", "threads": 1}
    report = Report(1, subject.name, "torch", (verdict,), environment=environment)
    write_bundles([verdict], report, subject, folder)
    return folder / sample.case


@pytest.mark.parametrize("subject", ["mytorch", "fault:gates-figo", Rounded, Odd], ids=str)
@pytest.mark.parametrize(
    "text",
    [
        TANH.format("normal"),
        TANH.format("nonfinite"),
        TANH.format("tiny"),
        TANH.format("normal") + ",use=flags",
        CELL.format("small"),
        CELL.format("strided"),
    ],
)
def test_it_compares_as_the_judge_does(tmp_path, subject, text):
    made = find_implementation(subject) if isinstance(subject, str) else subject(subject.__name__, "torch")
    folder = written(tmp_path, made, text)
    _, arrays = stored.read(folder)
    sample = Sample.parse(text)
    prepared = prepare(CASES[sample.case], sample)
    seen = set()
    for lane, expected in prepared.expectations.items():
        trace = run_subject(prepared, lane, made)
        for verdict in judge(expected, trace):
            name = verdict.observable
            seen.add((lane, name))
            if name not in expected.oracle:
                continue
            found = stored.compare(arrays, lane, name, trace.get(name))
            assert (found.reason is None) == (verdict.status is Status.PASS), (verdict, found)
            if found.rows:
                assert f"{len(found.rows)} of {verdict.elements} elements" in str(verdict.reason)
                errors = [error for *_, error, _ in found.rows]
                assert errors == sorted(errors, reverse=True)
                assert errors[0] == verdict.max_error
                (row,) = [row for row in found.rows if row[0] == verdict.worst_index]
                told = [verdict.expected, verdict.got, verdict.tolerance]
                np.testing.assert_equal([row[1], row[2], row[4]], told)
    assert set(stored.observables(arrays)) <= seen
    assert {lane for lane, _ in seen} == set(LANES)


def test_its_lanes_are_those_of_subjects():
    assert stored._LANES == EVERY_LANE


@pytest.fixture
def alone(tmp_path):
    """Run the program of a bundle where neither conformance nor torch can be imported."""
    barred = tmp_path / "barred"
    barred.mkdir()
    for name in ("conformance", "torch", "mytorch"):
        (barred / f"{name}.py").write_text("raise ImportError('barred')\n", encoding="utf-8")

    def run(folder, *arguments, cwd=tmp_path):
        return subprocess.run(  # noqa: S603 - the program was just written here
            [sys.executable, "-W", "error", "-P", folder / "repro.py", *arguments],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(barred), "PYTHONIOENCODING": "ascii", "PYTHONSAFEPATH": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return run


SUBJECT = '''
class Mine:
    """Knows tanh, and doubles its gradient; needs NumPy only."""

    name = "mine"

    def unsupported(self, task):
        return None if task.case.name == "tanh" else "only tanh"

    def run(self, task):
        assert task.sample.regime == "normal" and task.config == {"N": 3, "F": 2, "method": True}
        assert task.differentiable == {"input"} and task.sample.shape_class == "small"
        y = numpy.tanh(task.inputs()["input"])
        grad = FACTOR * (1 - y * y) * task.cotangent("output", y.shape)
        assert y.dtype == grad.dtype == task.dtype
        return {"output": y, "grad.input": grad}


class Kept:
    Mine = Mine
'''


@pytest.mark.parametrize("form", ["mine:Mine", "mine.py:Mine", "./mine.py:Kept.Mine"])
def test_without_conformance_it_shows_the_failure_and_runs_the_subject_again(tmp_path, alone, form):
    path = tmp_path / "mine.py"
    path.write_text(f"import numpy\n\nFACTOR = 2\n{SUBJECT}", encoding="utf-8")
    subject = find_implementation(f"{path}:Mine")
    subject.name = form
    folder = written(tmp_path / "out", subject, TANH.format("normal"))
    shown = alone(folder)
    assert (shown.returncode, shown.stderr) == (1, "")
    for line in (
        "FAIL output in float64",
        f"  implementation  {form}",
        f"  sample          {TANH.format('normal')}",
        "  reason          why",
        "                  \\x1b[31mand how",
        "    blas: openblas 0.3 (Haswell)",
        "    threads: 1",
        f"    numpy: 1.0; here {np.__version__}",
        "    input: float64 (3, 2)",
        "    cotangent.output: float64 (3, 2)",
        "  float64 grad.input: 6 of 6 elements are wrong",
        "  float64 output: agrees",
        f"{form}, run now on the stored inputs:",
    ):
        assert line in shown.stdout.splitlines(), shown.stdout
    rows = [line.split() for line in shown.stdout.splitlines() if line.startswith("    [")]
    assert len(rows) == 24  # six elements in two lanes, stored and now
    errors = [float(row[-2]) for row in rows[:6]]
    assert errors == sorted(errors, reverse=True)
    assert all(2 * float(row[2]) == pytest.approx(float(row[3])) for row in rows)
    # Once mended, it agrees. From another folder a path finds what is next to it.
    (tmp_path / "factor.py").write_text("FACTOR = 1.0\n", encoding="utf-8")
    path.write_text(f"import numpy\nfrom factor import FACTOR\n{SUBJECT}", encoding="utf-8")
    assert alone(folder).returncode == 0
    assert alone(folder, f"{path}:Mine", cwd=tmp_path / "out").returncode == 0


def test_a_file_with_the_name_of_the_library_that_it_plugs_in_imports_that(tmp_path, alone):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "factor.py").write_text("FACTOR = 1.0\n", encoding="utf-8")
    path = tmp_path / "a" / "colorsys.py"
    path.write_text(f"import numpy\n\nFACTOR = 2\n{SUBJECT}", encoding="utf-8")
    folder = written(tmp_path / "out", find_implementation(f"{path}:Mine"), TANH.format("normal"))
    text = f"import numpy\nfrom colorsys import rgb_to_hsv\nfrom factor import FACTOR\n{SUBJECT}"
    path.write_text(text, encoding="utf-8")
    done = alone(folder, f"{path}:Mine")
    assert done.returncode == 0, done.stdout


def test_a_subject_that_needs_conformance_is_compared_by_the_stored_arrays(tmp_path, alone):
    (tmp_path / "mine.py").write_text("import conformance\n", encoding="utf-8")
    folder = written(tmp_path / "out", Rounded("mine.py:mine", "torch"), TANH.format("normal"))
    shown = alone(folder)
    assert (shown.returncode, shown.stderr) == (1, "")
    assert "  float64 output: 6 of 6 elements are wrong" in shown.stdout
    assert "mine.py:mine cannot be run here, without conformance: ModuleNotFoundError" in shown.stdout
    assert "`conformance replay` runs it" in shown.stdout


def test_a_subject_that_exits_does_not_end_in_0(tmp_path, alone):
    (tmp_path / "leave.py").write_text("raise SystemExit(0)\n", encoding="utf-8")
    folder = written(tmp_path / "out", Rounded("leave:mine", "torch"), TANH.format("normal"))
    shown = alone(folder)
    assert shown.returncode == 1
    assert "SystemExit: 0" in shown.stdout


def test_damage_is_told_without_conformance_too(tmp_path, alone):
    folder = written(tmp_path / "out", Rounded("x", "torch"), TANH.format("normal"))
    about = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    (folder / "bundle.json").write_text(json.dumps(about | {"sample": "tanh:"}), encoding="utf-8")
    shown = alone(folder)
    assert (shown.returncode, shown.stdout, shown.stderr.count("\n")) == (2, "", 1)
    assert "its hash is not" in shown.stderr


def test_the_failing_observable_comes_first_and_many_elements_are_cut(tmp_path, capsys):
    text = TANH.format("normal").replace("N=3,F=2", "N=5,F=5")
    folder = written(tmp_path, Rounded("x", "torch"), text, observable="grad.input")
    assert repro.main(folder, []) == 1
    lines = capsys.readouterr().out.splitlines()
    compared = lines[next(n for n, line in enumerate(lines) if line.startswith("The stored")) + 1 :]
    assert compared[0].startswith("  float64 grad.input: ")
    assert any(line.endswith("more, with smaller errors") for line in compared)
    assert sum(line.startswith("    [") for line in compared) <= 20


@pytest.mark.parametrize(
    "arguments", [["--help"], ["nope"], ["-x:y"], [""], ["mine:Mine", "b", "c"], ["mine:Mine", "mine:Mine"]]
)
def test_other_arguments_are_wrong_use_and_no_failure(tmp_path, capsys, arguments):
    assert repro.main(tmp_path, arguments) == 2
    printed = capsys.readouterr()
    usage = "usage: python repro.py [module:attribute | path.py:attribute]; got "
    assert (printed.out, printed.err) == ("", f"{usage}{(arguments[1:] or arguments)[0]!r}\n")


def test_a_subject_that_raised_has_no_arrays_and_stays_a_failure(tmp_path, capsys):
    class Raising(TorchLike):
        def run(self, task):
            raise ValueError(task.dtype)

    folder = written(tmp_path, Raising("x", "torch"), TANH.format("normal"), status=Status.ERROR)
    assert repro.main(folder, []) == 1
    assert "the subject's are not there" in capsys.readouterr().out


def test_random_draws_are_not_compared_element_by_element(tmp_path, capsys):
    case = next(case for case in CASES.values() if case.distribution)
    (sample,) = draw(case.name, case.space, 1, 1)
    folder = written(tmp_path, find_implementation("mytorch"), sample.text, observable=None)
    assert repro.main(folder, []) == 0
    assert "drawn at random: not compared here" in capsys.readouterr().out
