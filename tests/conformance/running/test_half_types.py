"""What a subject declares to compute and add up in, in half types, and all that holds to it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import conformance
from conformance import Supports, TorchLike, UsageError
from conformance.cases import CASES
from conformance.cli.main import main
from conformance.diagnosis.asking import Asker
from conformance.diagnosis.localise import localise
from conformance.diagnosis.refeeding import Problem
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status
from conformance.registry import find_implementation
from conformance.report.baseline import Baseline
from conformance.report.gate import Gate
from conformance.running import diagnose
from conformance.running.bundle_reader import read_bundle
from conformance.running.diagnosed_samples import Asked
from conformance.running.replay import replay
from conformance.running.shrink import shrink_sample
from conformance.running.work import SampleWork
from conformance.sampling.sample import Sample
from conformance.sampling.space import draw
from conformance.subjects import pytorch
from conformance.subjects.protocol import Task

SCHEMAS = {
    name: json.loads(
        (Path(conformance.__file__).parent / "report" / f"{name}.schema.json").read_text(encoding="utf-8")
    )
    for name in ("parity", "baseline")
}

# A linear layer that adds up its products one after the other, each partial sum stored in the dtype of its
# inputs; and the same that declares it, or declares something else.
SOURCE = """
from conformance import Supports, TorchLike


def linear(t, x):
    given, weight = x["input"], x["weight"]
    total = given[..., :0] @ weight[:, :0].T
    for k in range(weight.shape[1]):
        total = total + given[..., k : k + 1] * weight[:, k]
    return {"output": total + x["bias"] if "bias" in x else total}


def made(name, **inside):
    plain = {"training": False, "uses": (), "bad_calls": False}
    limits = Supports(cases=["nn.Linear"], dtypes=["bfloat16"], **plain, **inside)
    return TorchLike(name, "torch", {"nn.Linear": linear}, supports=limits)


silent = made("silent")
declares = made("declares", accumulate="bfloat16")
pretends = made("pretends", accumulate="float32")
"""


@pytest.fixture(scope="module")
def adds(tmp_path_factory):
    """The file with the three subjects."""
    path = tmp_path_factory.mktemp("subjects") / "adds.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


def judged(adds, name, **how):
    return conformance.run(f"{adds}:{name}", ["nn.Linear"], 8, in_process=True, **how)


@pytest.fixture(scope="module")
def reports(adds, tmp_path_factory):
    """The report of each subject, and the folder that it was written to."""
    folders = {name: tmp_path_factory.mktemp("out") / name for name in ("silent", "declares", "pretends")}
    return {name: (judged(adds, name, out=out), out) for name, out in folders.items()}


def test_sums_in_bfloat16_fail_unless_they_are_declared(reports):
    failed = {
        name: sum(v.status is Status.FAIL for v in report.verdicts) for name, (report, _) in reports.items()
    }
    assert failed["declares"] == 0
    assert reports["declares"][0].exit_code == 0
    assert failed["silent"] == failed["pretends"] > 5
    assert reports["silent"][0].exit_code == reports["pretends"][0].exit_code == 1


def test_the_report_says_what_was_declared(reports):
    words = "half types computed in float32 and added up in bfloat16"
    for name, (report, out) in reports.items():
        written = json.loads((out / "parity.json").read_text(encoding="utf-8"))
        jsonschema.validate(written, SCHEMAS["parity"])
        said = written["scope"]
        assert (words in said["limits"]) is (words in report.limits) is (name == "declares")
        given = {"compute": "float32", "accumulate": "bfloat16"} if name == "declares" else None
        assert said.get("half_types") == given
        assert conformance.Report.from_json(report.to_json()).scope == report.scope


def test_torch_itself_is_not_told_apart_by_what_it_declares():
    (sample,) = draw("nn.Linear", CASES["nn.Linear"].space, 5, 1)
    for inside in ({}, {"accumulate": "float32"}, {"compute": "float32"}):
        limits = replace(pytorch.half().supports, **inside)
        subject = TorchLike("torch", "torch", supports=limits)
        outcome = SampleWork(sample, ("bfloat16", "float16")).judge(subject)
        assert {verdict.status for verdict in outcome.verdicts} == {Status.PASS}


def test_a_bundle_is_replayed_as_it_was_judged(adds, reports, capsys):
    bundle = reports["silent"][1] / "failures" / "nn.Linear"
    again = replay(str(bundle), in_process=True)
    assert Status.FAIL in {verdict.status for verdict in again.verdicts}
    assert not again.inside
    # Whatever another implementation declares, it is judged by the tolerances of the bundle.
    other = replay(str(bundle), f"{adds}:declares", in_process=True)
    assert [v.tolerance for v in other.verdicts] == [v.tolerance for v in again.verdicts]
    told = "judged as when the bundle was written, half types computed and added up in float32; "
    assert (
        other.inside
        == f"{told}this implementation declares half types computed in float32 and added up in bfloat16"
    )
    assert main(["replay", str(bundle), "--implementation", f"{adds}:declares", "--in-process"]) == 1
    assert other.inside in capsys.readouterr().out


def test_a_bundle_holds_what_was_declared(tmp_path):
    # Wrong by more than any rounding.
    wrong = tmp_path / "wrong.py"
    source = SOURCE.replace("total + given", "total - given")
    wrong.write_text(source, encoding="utf-8")
    report = conformance.run(f"{wrong}:declares", ["nn.Linear"], 3, in_process=True, out=tmp_path / "out")
    bundle = tmp_path / "out" / "failures" / "nn.Linear"
    about = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    assert about["inside"] == {"compute": "float32", "accumulate": "bfloat16"}
    by_bundle = replay(str(bundle), in_process=True)
    by_text = replay(by_bundle.sample, f"{wrong}:declares", in_process=True)
    assert [v.tolerance for v in by_bundle.verdicts] == [v.tolerance for v in by_text.verdicts]
    # A text says nothing of dtypes: the implementation does.
    plain = replay(by_bundle.sample, f"{wrong}:silent", in_process=True)
    output = {name: found.verdicts[0].tolerance for name, found in (("declared", by_text), ("silent", plain))}
    assert output["declared"] > output["silent"]
    assert report.failures[0].sample in report.shrunk
    # repro.py compares with the tolerances that are stored.
    prepared = read_bundle(bundle).prepared
    with np.load(bundle / "arrays.npz") as arrays:
        stored = arrays["tolerance/bfloat16/output"]
    np.testing.assert_array_equal(stored, prepared.expectations["bfloat16"].tolerance["output"])


def test_a_failure_is_shrunk_by_what_was_declared(reports):
    report, _ = reports["silent"]
    adds = report.implementation.rpartition(":")[0]
    failure = next(v for v in report.failures if v.observable == "output")
    assert shrink_sample(failure, find_implementation(f"{adds}:silent")) != failure.sample
    # Nothing smaller fails, nor does the sample itself.
    assert shrink_sample(failure, find_implementation(f"{adds}:declares")) == failure.sample


def test_a_diagnosis_holds_to_what_was_declared(reports):
    report, _ = reports["silent"]
    adds = report.implementation.rpartition(":")[0]
    failure = next(v for v in report.failures if v.observable == "output")
    found = {
        name: localise("nn.Linear", failure.sample, find_implementation(f"{adds}:{name}"), "bfloat16")
        for name in ("silent", "declares")
    }
    assert found["declares"].told == "nothing wrong"
    assert found["silent"].observable == "output"
    sample = Sample.parse(failure.sample)
    arrays = Task(CASES["nn.Linear"], sample, "bfloat16").inputs()
    problem = Problem(CASES["nn.Linear"], sample, "bfloat16", arrays)
    for name, accumulate in (("silent", "float32"), ("declares", "bfloat16")):
        wrong = Asker(find_implementation(f"{adds}:{name}")).ask(problem).wrong
        assert ("output" in wrong) is (name == "silent")
        asked = [Asked(sample, "bfloat16", 1)]
        (seen,) = diagnose._observed(asked, find_implementation(f"{adds}:{name}"), 1)
        assert seen.prepared.inside.accumulate == accumulate


def test_a_sample_in_another_use_keeps_what_was_declared():
    (sample,) = draw("nn.Linear", CASES["nn.Linear"].space, 5, 1)
    inside = Supports(dtypes=["bfloat16"], accumulate="bfloat16").inside
    found = prepare(CASES["nn.Linear"], sample, ("float32",), inside=inside)
    assert found.inside == found.used("twice", ("float32",)).inside == inside
    assert found.absolute.inside == inside


def test_a_run_that_goes_on_declares_the_same(tmp_path, monkeypatch):
    # The same file declares other things in another environment, of a process of its own.
    path = tmp_path / "adds.py"
    path.write_text(f"import os\n{SOURCE}\nchosen = globals()[os.environ['CHOSEN']]\n", encoding="utf-8")
    monkeypatch.setenv("CHOSEN", "silent")
    out = tmp_path / "out"

    def run(**more):
        return conformance.run(f"{path}:chosen", ["nn.Linear"], 2, shrink=False, out=out, **more)

    assert run(exit_first=True).stopped
    monkeypatch.setenv("CHOSEN", "declares")
    with pytest.raises(
        UsageError, match="half types was 'computed and added up in float32' and is 'computed in"
    ):
        run(resume=True)


def test_the_gate_sees_that_a_subject_declares_less_precision(reports):
    before, after = (Baseline.of(reports[name][0]) for name in ("pretends", "declares"))
    for each in (before, after):
        jsonschema.validate(json.loads(each.to_json()), SCHEMAS["baseline"])
    assert before.constants["half_types"] == "computed and added up in float32"
    renamed = replace(reports["declares"][0], implementation=reports["pretends"][0].implementation)
    lost = Gate(renamed, Baseline.from_json(before.to_json())).lost
    assert ("constant", ("constants", "half_types"), "another") in [(c.kind, c.where, c.why) for c in lost]


def test_a_report_without_half_types_has_a_baseline_without_them():
    report = conformance.run("torch", ["tanh"], 1, dtypes=["float32"], in_process=True)
    assert "half_types" not in Baseline.of(report).constants


def test_in_a_test_suite_the_declaration_counts(adds):
    told = {}
    for name in ("silent", "declares"):
        mark = conformance.parametrize(
            find_implementation(f"{adds}:{name}"), ["nn.Linear"], dtypes=["bfloat16"], in_process=True
        )
        check = next(each for each in mark.args[1] if each.shape_class == "small")
        try:
            with pytest.warns(UserWarning, match="in the judge's process"):
                check()
        except AssertionError as failure:
            told[name] = str(failure)
    assert told.keys() == {"silent"}
    assert "differ by more than rounding explains" in told["silent"]


def test_one_lane_may_have_what_another_has_not():
    with pytest.raises(UsageError, match="Supports: compute: expected at least the precision of float16"):
        Supports(dtypes=["bfloat16", "float16"], compute="bfloat16")
    assert Supports(dtypes=["bfloat16"], compute="bfloat16").inside == ("bfloat16", "bfloat16")
    (sample,) = draw("tanh", CASES["tanh"].space, 3, 1)
    with pytest.raises(UsageError, match="compute: expected at least the precision of float16"):
        prepare(
            CASES["tanh"],
            sample,
            ("float16",),
            inside=Supports(dtypes=["bfloat16"], compute="bfloat16").inside,
        )


def test_arithmetic_in_the_half_type_allows_more_than_that_of_kernels():
    (sample,) = draw("nn.Linear", CASES["nn.Linear"].space, 5, 1)
    tolerances = [
        prepare(
            CASES["nn.Linear"], sample, ("float16",), inside=Supports(dtypes=["float16"], **inside).inside
        )
        .expectations["float16"]
        .tolerance["output"]
        .mean()
        for inside in ({}, {"accumulate": "float16"}, {"compute": "float16"})
    ]
    assert tolerances[0] < tolerances[1] <= tolerances[2]
    assert {
        v.status for v in judge_sample(prepare(CASES["nn.Linear"], sample, ("float16",)), pytorch.half())
    } == {Status.PASS}
