"""Bundles: what is stored of a failure, and how it is read back."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import conformance
from conformance import TorchLike
from conformance.cases import CASES
from conformance.errors import UsageError
from conformance.judging.verdict import Status, Verdict
from conformance.report.record import Report
from conformance.running import repro
from conformance.running.bundle import write_bundles
from conformance.running.bundle_reader import read_bundle
from conformance.running.replay import replay
from conformance.sampling.sample import Sample
from conformance.subjects import pytorch
from conformance.subjects.protocol import LANES, Task

FAILED = "tanh:seed=1,draw=0,class=small,regime=normal,N=5,F=6,method=true"
SMALLEST = "tanh:seed=1,draw=0,class=small,regime=normal,N=2,F=2,method=true"


def bundle(folder, shrunk, subject=None):
    """Write the bundle of one failure and return its folder."""
    verdict = Verdict("tanh", FAILED, "forward", "float64", "output", Status.FAIL, reason="on purpose")
    report = Report(1, "torch", "torch", (verdict,), shrunk={FAILED: shrunk})
    write_bundles([verdict], report, subject or pytorch.make(), folder)
    return folder / "tanh"


class Raising:
    name = "raising"

    def unsupported(self, task):
        del task

    def run(self, task):
        raise ArithmeticError(task.sample.text)


def test_it_holds_what_was_given_expected_allowed_and_answered(tmp_path):
    found = bundle(tmp_path, SMALLEST)
    about = json.loads((found / "bundle.json").read_text(encoding="utf-8"))
    assert (about["bundle_version"], about["sample"], about["implementation"]) == (7, SMALLEST, "torch")
    assert about["inside"] == {"compute": "float32", "accumulate": "float32"}
    names = {"output", "grad.input"}
    with np.load(found / "arrays.npz") as arrays:
        assert set(arrays) == {"input/input", "input/cotangent.output"} | {
            f"{kind}/{lane}/{name}"
            for kind in ("oracle", "tolerance", "got")
            for lane in LANES
            for name in names
        } | {f"reference/float32/{name}" for name in names}
        given = Task(CASES["tanh"], Sample.parse(SMALLEST), "float64").inputs()["input"]
        np.testing.assert_array_equal(arrays["input/input"], given, strict=True)


def test_of_a_subject_that_raises_no_answer_is_stored(tmp_path):
    with np.load(bundle(tmp_path, SMALLEST, Raising()) / "arrays.npz") as arrays:
        assert {name.partition("/")[0] for name in arrays} == {
            "input",
            "oracle",
            "reference",
            "tolerance",
        }


@pytest.mark.parametrize(
    "answer",
    [[1, 2], {0: np.ones(2)}, {"output": None}, {"output": np.array([object()])}],
    ids=["a list", "a number as a name", "None", "an array of objects"],
)
def test_an_answer_that_is_not_arrays_of_numbers_by_name_is_not_stored(tmp_path, answer):
    class Wrong(Raising):
        def run(self, task):
            del task
            return answer

    with np.load(bundle(tmp_path, SMALLEST, Wrong()) / "arrays.npz") as arrays:
        assert {name.partition("/")[0] for name in arrays} == {
            "input",
            "oracle",
            "reference",
            "tolerance",
        }


def test_where_the_smallest_sample_cannot_be_prepared_the_first_is_stored(tmp_path, monkeypatch):
    tanh = CASES["tanh"].program

    def program(t, x):
        return {"output": t.ops.prims.cbrt(x["input"])} if x.config["N"] == 2 else tanh(t, x)

    monkeypatch.setitem(CASES, "tanh", replace(CASES["tanh"], program=program))
    about = json.loads((bundle(tmp_path, SMALLEST) / "bundle.json").read_text(encoding="utf-8"))
    assert about["sample"] == FAILED


@pytest.mark.parametrize("name", ["arrays.npz", "bundle.json", "repro.py", "stored.py"])
def test_where_one_of_its_files_cannot_be_written_there_is_none(tmp_path, monkeypatch, name):
    real = Path.open

    def full(path, *arguments, **options):
        if path.name == name and path.is_relative_to(tmp_path):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", full)
    monkeypatch.setattr(np, "savez_compressed", lambda path, **_: path.open("wb").close())
    with pytest.raises(OSError, match=f"No space left on device: .*{name}"):
        bundle(tmp_path, SMALLEST)
    assert [*tmp_path.iterdir()] == []


def test_bundles_of_an_earlier_run_go(tmp_path):
    bundle(tmp_path / "failures", SMALLEST)
    report = Report(1, "torch", "torch", ())
    write_bundles([], report, pytorch.make(), tmp_path / "failures")
    assert not (tmp_path / "failures").exists()


def test_it_is_replayed_by_the_implementation_that_failed(tmp_path):
    found = replay(str(bundle(tmp_path, SMALLEST)))
    assert (found.sample, found.implementation) == (SMALLEST, "torch")
    assert {(v.lane, v.observable) for v in found.verdicts} == {
        (lane, name) for lane in LANES for name in ("output", "grad.input")
    }


def test_a_text_is_replayed_by_mytorch_unless_another_is_named():
    assert replay(SMALLEST).implementation == "mytorch"
    assert replay(SMALLEST, "torch").implementation == "torch"


DOUBLE = """
from conformance import TorchLike

mine = TorchLike("mine", "mytorch", {"relu": lambda _, x: {"output": 2 * x["input"]}})
"""


def test_one_of_a_path_is_replayed_from_any_directory(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(DOUBLE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    report = conformance.run("mine.py:mine", ["relu"], 1, out="out", shrink=False)
    assert (report.exit_code, report.implementation) == (1, "mine.py:mine")
    monkeypatch.chdir(tmp_path / "out" / "failures" / "relu")
    found = replay(".")
    assert found.implementation == f"{(tmp_path / 'mine.py').resolve()}:mine"
    assert found.failed == replay(".", "../../../mine.py:mine").failed == report.failures[0]
    assert {verdict.status for verdict in found.verdicts if not verdict.passed} == {Status.FAIL}
    # The reports, which may be compared with those of another machine, have the name as it was given.
    assert str(tmp_path) not in (tmp_path / "out" / "parity.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["mine", "mytorch"])
def test_one_of_an_object_is_not_replayed_by_its_name(tmp_path, capsys, name):
    double = TorchLike(name, "mytorch", {"relu": lambda _, x: {"output": 2 * x["input"]}})
    conformance.run(double, ["relu"], 1, out=tmp_path, shrink=False)
    for file in ("parity.md", "details.md"):
        text = (tmp_path / file).read_text(encoding="utf-8")
        assert "--implementation MODULE:ATTRIBUTE (it was given as an object)" in text
    folder = tmp_path / "failures" / "relu"
    with pytest.raises(
        UsageError, match=f"'{name}' was given as an object; name it: --implementation MODULE:"
    ):
        replay(str(folder))
    (tmp_path / "mine.py").write_text(DOUBLE, encoding="utf-8")
    named = f"{tmp_path / 'mine.py'}:mine"
    assert any(not verdict.passed for verdict in replay(str(folder), named).verdicts)
    assert repro.main(folder, []) == 1
    assert (
        f"\n{name} was given as an object, so name it to run it: python repro.py [" in capsys.readouterr().out
    )


def test_it_replays_the_use_that_failed(tmp_path):
    used = Sample.parse(SMALLEST).used("twice")
    verdict = Verdict("tanh", used.text, "use", "float64", "first/output", Status.FAIL, use="twice")
    report = Report(1, "torch", "torch", (verdict,))
    write_bundles([verdict], report, pytorch.make(), tmp_path)
    prepared = read_bundle(tmp_path / "tanh").prepared
    assert prepared.sample == used
    assert set(prepared.expectations["float32"].oracle) == {
        f"{call}/{name}" for call in ("first", "second") for name in ("output", "grad.input")
    }
    with np.load(tmp_path / "tanh" / "arrays.npz") as arrays:
        assert {name for name in arrays if name.startswith("input/")} == {
            "input/input",
            "input/cotangent.output",
        }
