"""Golden vectors: written, answered elsewhere, and judged as a run judges."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from conformance.cases import CASES
from conformance.errors import DegenerateError, UsageError
from conformance.judging.verdict import Status
from conformance.registry import find_implementation
from conformance.running import export as exporting
from conformance.running.answers import judge_answers
from conformance.running.export import export
from conformance.running.run import run
from conformance.sampling.sample import Sample
from conformance.subjects.modes import quietly_on_one_thread
from conformance.subjects.protocol import Task
from conformance.subjects.supports import Supports
from conformance.subjects.task_directory import read_arrays, write_arrays
from conformance.subjects.torchlike import TorchLike

LANES = ("float64", "float32")


def answer(folder, subject):
    """Answer every task of an export, as a program elsewhere would."""
    subject = find_implementation(subject)
    for task in sorted((folder / "tasks").iterdir()):
        about = json.loads((task / "task.json").read_text(encoding="utf-8"))
        sample = Sample.parse(about["sample"])
        with quietly_on_one_thread(), np.errstate(all="ignore"):
            trace = subject.run(Task(CASES[sample.case], sample, about["dtype"]))
        write_arrays(task / "outputs.safetensors", trace)


@pytest.fixture
def exported(tmp_path):
    """An export of one sample of nn.LSTMCell in both lanes, answered by torch."""
    folder = tmp_path / "export"
    assert export(["nn.LSTMCell"], 1, 1, LANES, folder) == 2
    answer(folder, "torch")
    return folder


def change(path, **changed):
    """Put other arrays into a file of arrays."""
    write_arrays(path, read_arrays(path) | changed)


@pytest.mark.parametrize(("implementation", "code"), [("torch", 0), ("fault:gates-figo", 1)])
def test_the_verdicts_are_those_of_a_run(tmp_path, implementation, code):
    cases = ["models.LSTMCell", "relu", "argmax", "optim.SGD", "rand", "floor", "nn.GRUCell@single-rows"]
    export(cases, 2, 3, LANES, tmp_path / "export")
    answer(tmp_path / "export", implementation)
    report = judge_answers(tmp_path / "export").report
    live = run(implementation, cases, 2, 3, shrink=False)

    assert compared(report.verdicts) == compared(live.verdicts)
    assert (report.exit_code, live.exit_code) == (code, code)


def compared(verdicts):
    """What must be the same for a subject that is called and for its answers, which are judged once."""
    return [
        {name: value for name, value in verdict.to_json().items() if name != "repeatable"}
        for verdict in verdicts
        if verdict.check in {"forward", "backward", "training"}
    ]


class OutputsOnly(TorchLike):
    """Has no gradients."""

    supports = Supports(backward=None, uses=(), bad_calls=False)

    def run(self, task):
        return {name: array for name, array in super().run(task).items() if not name.startswith("grad.")}


def test_answers_without_gradients_are_judged_forward_only_as_a_subject_without_them(tmp_path):
    subject = OutputsOnly("outputs only", "mytorch")
    export(["relu"], 2, 1, LANES, tmp_path / "export")
    answer(tmp_path / "export", subject)
    report, live = judge_answers(tmp_path / "export").report, run(subject, ["relu"], 2)
    assert compared(report.verdicts) == compared(live.verdicts)
    assert (report.exit_code, live.exit_code) == (0, 0)
    assert report.limits == live.limits == "forward only, plain calls only, no bad calls"


def test_another_convention_at_nan_is_told_from_a_wrong_gradient(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    subject = find_implementation("faulty.declaring:flat_at_nan")
    # The first samples with NaN come late.
    export(["relu"], 26, 1, ["float32"], tmp_path / "export")
    answer(tmp_path / "export", subject)
    report = judge_answers(tmp_path / "export").report
    live = run(subject, ["relu"], 26, dtypes=["float32"], shrink=False, in_process=True)
    assert compared(report.verdicts) == compared(live.verdicts)
    (failed,) = report.failures
    assert failed.reason.startswith("only gradients at NaN inputs differ")


def test_a_case_of_which_every_task_is_declined_is_not_shown(tmp_path):
    export(["relu", "tanh"], 1, 1, ["float32"], tmp_path / "export")
    answer(tmp_path / "export", "torch")
    (tmp_path / "export" / "tasks" / "tanh-0-float32" / "unsupported.txt").write_text("no tanh")
    report = judge_answers(tmp_path / "export").report
    assert (report.exit_code, report.unseen) == (1, {"tanh": "no tanh"})


def test_one_altered_number_is_a_failure_at_its_place(exported):
    path = exported / "tasks" / "nn.LSTMCell-0-float32" / "outputs.safetensors"
    h = read_arrays(path)["h"].copy()
    h[2, 1] += 1e-3
    change(path, h=h)
    report = judge_answers(exported).report
    (failed,) = report.failures
    assert (failed.status, failed.observable, failed.lane) == (Status.FAIL, "h", "float32")
    assert (failed.worst_index, report.exit_code) == ([2, 1], 1)


@pytest.mark.parametrize(("share", "status"), [(0.5, Status.PASS), (3.0, Status.FAIL)])
def test_the_tolerance_of_each_element_is_the_one_in_the_file(exported, share, status):
    name = "nn.LSTMCell-0-float64"
    expected, tolerance = (
        read_arrays(exported / "expected" / name / f"{file}.safetensors")["grad.input"]
        for file in ("expected", "tolerance")
    )
    moved = expected.copy()
    moved[1, 1] += share * tolerance[1, 1]
    change(exported / "tasks" / name / "outputs.safetensors", **{"grad.input": moved})
    (verdict,) = (
        v
        for v in judge_answers(exported).report.verdicts
        if (v.observable, v.lane) == ("grad.input", "float64")
    )
    assert verdict.status is status


def test_a_missing_answer_is_an_error_and_the_others_are_judged(exported):
    (exported / "tasks" / "nn.LSTMCell-0-float64" / "outputs.safetensors").unlink()
    judged = judge_answers(exported)
    (error,) = judged.report.failures
    assert (error.status, error.lane, error.reason) == (
        Status.ERROR,
        "float64",
        "there is no outputs.safetensors",
    )
    assert any(v.status is Status.PASS and v.lane == "float32" for v in judged.report.verdicts)
    assert judged.folders[error.sample, error.lane].name == "nn.LSTMCell-0-float64"


def test_an_answer_that_cannot_be_read_is_an_error_of_its_task(exported):
    path = exported / "tasks" / "nn.LSTMCell-0-float64" / "outputs.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    (error,) = judge_answers(exported).report.failures
    assert (error.status, "expected a complete safetensors file" in error.reason) == (Status.ERROR, True)


def test_a_declined_task_is_skipped_and_a_reported_exception_is_an_error(exported):
    first, second = sorted((exported / "tasks").iterdir())
    (first / "unsupported.txt").write_text("only float64\n", encoding="utf-8")
    (second / "error.json").write_text('{"class": "ValueError", "message": "no"}', encoding="utf-8")
    verdicts = judge_answers(exported).report.verdicts
    assert [(v.status, v.reason) for v in verdicts] == [
        (Status.ERROR, "the program reports ValueError: no"),
        (Status.SKIP, "only float64"),
    ]


def test_nothing_is_compared_where_all_is_declined(exported):
    for task in (exported / "tasks").iterdir():
        (task / "unsupported.txt").write_text("not this layer", encoding="utf-8")
    assert judge_answers(exported).report.exit_code == 3


def test_what_is_expected_is_not_in_the_folder_of_the_task(tmp_path):
    export(["relu"], 1, 1, ["float32"], tmp_path / "export")
    files = {str(path.relative_to(tmp_path / "export")) for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {
        "export.json",
        "tasks/relu-0-float32/task.json",
        "tasks/relu-0-float32/inputs.safetensors",
        "expected/relu-0-float32/expected.safetensors",
        "expected/relu-0-float32/tolerance.safetensors",
        "expected/relu-0-float32/reference.safetensors",
    }


def test_the_same_seed_gives_the_same_files(tmp_path):
    def digests(folder, seed):
        export(["nn.LSTMCell"], 2, seed, ["float32"], folder)
        about = json.loads((folder / "export.json").read_text(encoding="utf-8"))
        return [task["sha256"] for task in about["tasks"]]

    first, again, other = (digests(tmp_path / name, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert first == again
    assert first != other


def test_half_types_are_not_exported(tmp_path):
    with pytest.raises(UsageError, match="dtypes: expected float64 or float32, got bfloat16"):
        export(["relu"], 1, 1, ["float32", "bfloat16"], tmp_path / "out")


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    for out in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(UsageError, match=r"^out: expected a folder that is empty or does not exist"):
            export(["relu"], 1, 1, LANES, out)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_export_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def degenerate(*_):
        raise DegenerateError("constant")

    monkeypatch.setattr(exporting, "prepare", degenerate)
    with pytest.raises(DegenerateError):
        export(["relu"], 1, 1, LANES, tmp_path / "export")
    assert list(tmp_path.iterdir()) == []


def rewrite(folder, change):
    path = folder / "export.json"
    about = json.loads(path.read_text(encoding="utf-8"))
    change(about)
    path.write_text(json.dumps(about), encoding="utf-8")


def flip(path):
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)


NAME = "nn.LSTMCell-0-float32"


def manifest(text):
    return lambda folder: (folder / "export.json").write_text(text, encoding="utf-8")


def first_task(**changed):
    return lambda folder: rewrite(folder, lambda about: about["tasks"][0].update(changed))


def whole(**changed):
    return lambda folder: rewrite(folder, lambda about: about.update(changed))


UNKNOWN = "nn.Q:seed=1,draw=0,class=small,regime=normal"
# What is done to the export, and the words of the one line about it.
DAMAGE = {
    "no manifest": (lambda d: (d / "export.json").unlink(), "got a folder without export.json"),
    "no text": (lambda d: (d / "export.json").write_bytes(b"\xff"), "UnicodeDecodeError"),
    "cut": (manifest("{"), "JSONDecodeError"),
    "a list": (manifest("[]"), "TypeError"),
    "another version": (whole(export_version=9), "expected export_version 2, got 9"),
    "tasks are a number": (whole(tasks=3), "TypeError"),
    "no tasks": (lambda d: rewrite(d, lambda about: about.pop("tasks")), "KeyError: 'tasks'"),
    "seed": (whole(seed="x"), "ValueError"),
    "lane": (first_task(lane="float8"), "got 'float8'"),
    "case": (first_task(sample=UNKNOWN), "unknown case 'nn.Q'"),
    "sample": (first_task(sample="relu"), "sample: expected"),
    "no sight": (lambda d: rewrite(d, lambda about: about["tasks"][0].pop("would_pass")), "KeyError"),
    "sight": (first_task(would_pass=[]), "AttributeError"),
    "what would pass": (first_task(would_pass={"h": ["anything"]}), "would_pass: expected names of zeros"),
    "digests": (first_task(sha256=[]), "AttributeError"),
    "name": (first_task(name="other"), "FileNotFoundError"),
    "task altered": (lambda d: flip(d / "tasks" / NAME / "task.json"), "task.json' is damaged or altered"),
    "input altered": (lambda d: flip(d / "tasks" / NAME / "inputs.safetensors"), "is damaged or altered"),
    "expected altered": (lambda d: flip(d / "expected" / NAME / "expected.safetensors"), "is damaged"),
    "tolerance lost": (lambda d: (d / "expected" / NAME / "tolerance.safetensors").unlink(), "there is no"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_export_is_told_in_one_line(exported, damage):
    damaging, words = DAMAGE[damage]
    damaging(exported)
    with pytest.raises(UsageError) as caught:
        judge_answers(exported)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
