"""Where torch refuses a sample or a use of it, that is an ERROR of it, and a run goes on."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

import conformance
from conformance.calibration.measure import measure_sample
from conformance.cases import CASES
from conformance.cli.main import main
from conformance.errors import ReferenceRaisedError
from conformance.judging.verdict import Status, Verdict
from conformance.pytest_plugin import Check
from conformance.report.record import Report
from conformance.running.diagnose import diagnose
from conformance.running.merge import merge
from conformance.running.shrink import shrink_sample
from conformance.sampling.sample import Sample
from conformance.subjects.torchlike import TorchLike

SCHEMA = json.loads(
    (Path(conformance.__file__).parent / "report" / "parity.schema.json").read_text(encoding="utf-8")
)
TANH = CASES["tanh"]
SAMPLE = "tanh:seed=1,draw=0,class=small,regime=normal,N=5,F=2,method=false"
REFUSED = re.compile(
    r"the reference raised RuntimeError: [^\n]*, in refusing\)\nTraceback .*RuntimeError", re.DOTALL
)

# Each process that judges by it has a reference that refuses some samples, and others in some uses.
REFUSING = """
from dataclasses import replace

from conformance.cases import CASES
from conformance.subjects.torchlike import TorchLike


def refusing(t, x):
    if not x.config["method"] or not t.is_grad_enabled():
        t.nn.functional.linear(x["input"], t.ones(1, 1000))
    return {"output": t.tanh(x["input"])}


def own(t, x):
    return {"output": t.tanh(x["input"])}


CASES["tanh"] = replace(CASES["tanh"], program=refusing)
subject = TorchLike("own", "torch", {"tanh": own})
"""


@pytest.fixture
def refusing(monkeypatch, tmp_path):
    """Write that file; return what names its implementation."""
    monkeypatch.setitem(CASES, "tanh", TANH)  # it is set back in this process
    path = tmp_path / "refusing.py"
    path.write_text(REFUSING, encoding="utf-8")
    return f"{path}:subject"


def lasting(report):
    """Return what does not depend on the process."""
    found = json.loads(report.to_json())
    return {k: v for k, v in found.items() if k not in {"timing", "environment"}}


def run(implementation, cases=("tanh", "cat"), samples=4, **asked):
    return conformance.run(implementation, cases, samples, in_process=True, **asked)


def test_a_run_goes_on_and_its_report_says_which_samples_and_uses_were_refused(refusing, tmp_path):
    out = tmp_path / "out"
    report = run(refusing, out=out)
    of_tanh = [v for v in report.verdicts if v.case == "tanh"]
    errors = [v for v in of_tanh if v.status is Status.ERROR]
    assert [(Sample.parse(v.sample).draw, v.use, v.lane, v.check) for v in errors] == [
        (0, None, "float64", "forward"),
        (0, None, "float32", "forward"),
        (1, None, "float64", "forward"),
        (1, None, "float32", "forward"),
        (3, "no-grad", "float32", "use"),
        (3, "inference-mode", "float32", "use"),
    ]
    assert [v.reason for v in errors if not REFUSED.match(v.reason)] == []
    # What came before and after them, in the sample and in the run, is judged.
    assert {None, "backward-twice", "other-thread"} < {v.use for v in of_tanh if v.status is Status.PASS}
    assert {v.status for v in report.verdicts if v.case == "cat"} == {Status.PASS}
    # It does not show that a subject is wrong, so nothing is shrunk.
    assert (report.exit_code, report.shrunk, report.diagnosed) == (1, {}, {})
    data = json.loads((out / "parity.json").read_text(encoding="utf-8"))
    jsonschema.validate(data, SCHEMA)
    assert "the reference raised RuntimeError" in (out / "parity.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in out.iterdir()) == [
        "details.md",
        "parity.html",
        "parity.json",
        "parity.md",
    ]


def test_two_processes_tell_it_as_one_does(refusing):
    two, one = lasting(run(refusing, jobs=2)), lasting(run(refusing))
    verdicts = zip(two.pop("verdicts"), one.pop("verdicts"), strict=True)
    assert [(a, b) for a, b in verdicts if a != b] == []
    assert two == one


def test_shards_tell_it_as_the_undivided_run_does(refusing):
    shards = {f"{k}": Report.from_json(run(refusing, shard=f"{k}/2").to_json()) for k in (1, 2)}
    assert lasting(merge(shards).report) == lasting(run(refusing))


def test_a_run_that_stops_at_the_first_failure_stops_there(refusing, tmp_path):
    report = run(refusing, exit_first=True, out=tmp_path / "out")
    assert (report.exit_code, {v.status for v in report.verdicts}) == (1, {Status.ERROR})
    # Its journal is read back by a run that goes on.
    assert lasting(run(refusing, out=tmp_path / "out", resume=True)) == lasting(run(refusing))


def test_what_is_refused_only_when_it_is_judged_is_an_error_too(monkeypatch):
    def refusing(t, x):
        return {"output": t.nn.functional.linear(x["input"], t.ones(1, 1000))}

    monkeypatch.setitem(CASES, "tanh", replace(TANH, one_side=refusing))
    report = run("torch", cases=["tanh"], samples=1)
    assert [(v.status, v.lane) for v in report.verdicts if REFUSED.match(v.reason)] == [
        (Status.ERROR, "float64"),
        (Status.ERROR, "float32"),
    ]


@pytest.fixture
def refused(monkeypatch):
    """Let the reference refuse every sample of tanh without its method."""

    def refusing(t, x):
        if not x.config["method"]:
            t.nn.functional.linear(x["input"], t.ones(1, 1000))
        return {"output": t.tanh(x["input"])}

    monkeypatch.setitem(CASES, "tanh", replace(TANH, program=refusing))


pytestmark = pytest.mark.filterwarnings("ignore:IN PROCESS")


@pytest.mark.usefixtures("refused")
def test_a_test_of_pytest_fails_with_it():
    with pytest.raises(AssertionError, match=r"reason .* the reference raised RuntimeError"):
        Check("torch", "tanh", "one", 1, ("float64",))()


@pytest.mark.usefixtures("refused")
def test_the_selftest_ends_and_names_the_sample(capsys, tmp_path):
    asked = ["selftest", "--fault", "tanh-derived-at-input", "--case", "tanh", "--jobs", "1"]
    assert main([*asked, "--out", str(tmp_path)]) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith("conformance: ReferenceRaisedError: the reference raised RuntimeError: ")
    assert ", in refusing); in tanh:seed=" in told


@pytest.mark.usefixtures("refused")
def test_the_calibration_ends():
    with pytest.raises(ReferenceRaisedError, match=r", in refusing\)"):
        measure_sample(Sample.parse(SAMPLE), [])


@pytest.mark.usefixtures("refused")
def test_a_replay_says_it_in_one_line(capsys):
    assert main(["replay", SAMPLE]) == 2
    told = f"conformance: torch cannot run {SAMPLE}: the reference raised RuntimeError: "
    assert capsys.readouterr().err.startswith(told)


@pytest.mark.usefixtures("refused")
def test_a_failure_is_not_shrunk_to_a_sample_that_torch_refuses():
    class Raising(TorchLike):
        def run(self, task):
            del task
            raise ArithmeticError("on purpose")

    class Wrong(TorchLike):
        def run(self, task):
            return {name: array + 1 for name, array in super().run(task).items()}

    # The smallest sample would be one without the method.
    failed = SAMPLE.replace("false", "true")
    for status, subject in ((Status.ERROR, Raising("x", "torch")), (Status.FAIL, Wrong("x", "torch"))):
        verdict = Verdict("tanh", failed, "forward", "float64", None, status)
        smallest = Sample.parse(shrink_sample(verdict, subject)).settings
        assert smallest == {"N": 2, "F": 2, "method": True}


@pytest.mark.usefixtures("refused")
def test_a_diagnosis_passes_over_it():
    assert diagnose("torch", "tanh", 4).diagnosis.lines == (
        "not sought: the subject raises an exception, or its sample cannot be prepared",
    )
