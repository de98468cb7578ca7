"""A run: equal samples for every subject, an equal file when repeated, and the exit code."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

import conformance
from conformance.cases import CASES
from conformance.cases.case import BadCall, Case
from conformance.errors import DegenerateError
from conformance.judging.prepared import Prepared
from conformance.judging.verdict import Status
from conformance.processes import in_processes
from conformance.report.record import Report
from conformance.running import doing
from conformance.sampling.space import Space
from conformance.sampling.values import Input
from conformance.subjects.torchlike import TorchLike

SCHEMA = json.loads(
    (Path(conformance.__file__).parent / "report" / "parity.schema.json").read_text(encoding="utf-8")
)
QUICK = ("sigmoid", "cat")


def lasting(report: Report) -> dict:
    """The parts of a report that are equal in two runs: all but the times and the host."""
    return {k: v for k, v in json.loads(report.to_json()).items() if k not in {"timing", "environment"}}


class Raises(TorchLike):
    """Raises on every second sample; a class, so that it can be sent to a worker process."""

    def run(self, task):
        if task.sample.draw % 2:
            raise ZeroDivisionError("on purpose")
        return super().run(task)


class Wrong(TorchLike):
    """Adds one to every output."""

    def run(self, task):
        return {name: array + 1 for name, array in super().run(task).items()}


class Refuses(TorchLike):
    def unsupported(self, task):
        return f"no {task.dtype} here"


def test_mytorch_is_shown():
    report = conformance.run("mytorch", cases=QUICK, seed=1)
    assert report.exit_code == 0
    assert report.totals["fail"] == report.totals["error"] == report.totals["skip"] == 0
    assert report.totals["compared_elements"] > 10_000


def test_the_same_seed_writes_the_same_file_on_any_number_of_processes():
    first, second = (conformance.run("mytorch", cases=QUICK, samples=6, jobs=jobs) for jobs in (1, 2))
    assert lasting(first) == lasting(second)


@pytest.mark.parametrize(("jobs", "used"), [(-1, 1), (2, 2)])
def test_a_run_of_few_samples_starts_no_worker_unless_it_is_asked_to(monkeypatch, jobs, used):
    asked = []

    def here(function, arguments, jobs):
        asked.append(jobs)
        return in_processes(function, arguments, 1)

    monkeypatch.setattr(doing, "in_processes", here)
    conformance.run("mytorch", cases=["relu"], samples=2, jobs=jobs)
    assert asked == [used]


def test_every_implementation_sees_the_same_samples():
    runs = [conformance.run(name, cases=QUICK, samples=6, shrink=False) for name in ("mytorch", "torch")]
    seen = [[(v.sample, v.observable) for v in run.verdicts] for run in runs]
    assert seen[0] == seen[1]


def test_another_seed_draws_others():
    runs = [conformance.run("torch", cases=["sigmoid"], samples=3, seed=seed) for seed in (1, 2)]
    assert {v.sample for v in runs[0].verdicts}.isdisjoint(v.sample for v in runs[1].verdicts)


def test_a_subject_that_raises_is_an_error_and_the_run_goes_on():
    report = conformance.run(Raises("raises", "mytorch"), cases=["sigmoid"], samples=4, shrink=False)
    errors = [v for v in report.verdicts if v.status is Status.ERROR]
    assert len([v for v in errors if not v.use]) == 4  # two samples in two lanes
    assert all("ZeroDivisionError: on purpose" in v.reason and "Traceback" in v.reason for v in errors)
    assert len([v for v in report.verdicts if v.status is Status.PASS and not v.use]) == 8
    assert report.exit_code == 1


def test_a_run_that_skips_everything_has_compared_nothing():
    report = conformance.run(Refuses("refuses", "mytorch"), cases=["sigmoid"], samples=2)
    assert len([v for v in report.verdicts if not v.use]) == 4
    assert {v.status for v in report.verdicts} == {Status.SKIP}
    assert {v.reason for v in report.verdicts} == {"no float64 here", "no float32 here"}
    assert report.exit_code == 3


def test_an_empty_verdict_beside_others_is_not_shown():
    report = conformance.run("torch", cases=["sigmoid"], samples=1)
    empty = conformance.Verdict("x", "x:", "forward", "float64", None, Status.EMPTY, reason="why")
    assert report.exit_code == 0
    assert Report(1, "torch", "torch", (*report.verdicts, empty)).exit_code == 1


@pytest.mark.parametrize("dtypes", [["float32"], ["float64"], ["float32", "float64"]])
def test_only_the_lanes_asked_for_are_judged(dtypes):
    report = conformance.run("torch", cases=["sigmoid"], samples=1, dtypes=dtypes)
    assert {v.lane for v in report.verdicts} == set(dtypes)


@pytest.mark.parametrize(
    ("arguments", "mentions"),
    [
        ({"cases": ["sigmoyd"]}, ("'sigmoyd'", "Did you mean sigmoid", "conformance list cases")),
        ({"dtypes": ["float8"]}, ("'float8'", "float64", "float32", "float16")),
        ({"implementation": "mitorch"}, ("'mitorch'", "mytorch", "torch", "module:attribute")),
        ({"implementation": "fault:none"}, ("'none'", "conformance list faults")),
        ({"implementation": "no_such_module:x"}, ("no_such_module",)),
        ({"implementation": "json:x"}, ("json", "'x'")),
        ({"implementation": "json:JSONDecodeError.__doc__"}, ("json",)),
        ({"implementation": "json:__name__"}, ("expected an Implementation", "run")),
        ({"implementation": None}, ("implementation", "expected a name or an Implementation", "None")),
        ({"cases": "tanh"}, ("cases", "expected a list of names", "'tanh'")),
        ({"cases": 3}, ("cases", "expected a list of names", "3")),
        ({"cases": ["tanh", 3]}, ("cases", "expected a list of names", "3")),
        ({"dtypes": "float32"}, ("dtypes", "expected a list of names", "'float32'")),
        ({"dtypes": ()}, ("dtypes", "at least one of float64, float32", "()")),
        ({"jobs": 0}, ("jobs", "a whole number of 1 to 4096", "0")),
        ({"jobs": 4097}, ("jobs", "a whole number of 1 to 4096", "4097")),
        ({"implementation": ""}, ("unknown implementation", "conformance list implementations", "''")),
        ({"jobs": -2}, ("jobs", "a whole number of 1 to 4096", "-2")),
        ({"jobs": None}, ("jobs", "a whole number of 1 to 4096", "None")),
        ({"seed": 1.5}, ("seed", "a whole number of at least 0", "1.5")),
        ({"seed": True}, ("seed", "a whole number of at least 0", "True")),
        ({"seed": "1"}, ("seed", "a whole number of at least 0", "'1'")),
        ({"samples": 2.5}, ("samples", "a whole number of at least 1", "2.5")),
        ({"out": 3}, ("out", "a folder", "3")),
        ({"out": ""}, ("out", "a folder", "''")),
        ({"out": "a\0b"}, ("out", "a folder", "'a\\x00b'")),
        ({"baseline": 3}, ("baseline", "a file's path", "3")),
        ({"baseline": "kept.json"}, ("baseline", "a folder for the page in `out`", "None")),
        ({"shrink": "no"}, ("shrink", "expected True or False", "'no'")),
        ({"resume": 1}, ("resume", "expected True or False", "1")),
        ({"exit_first": 3}, ("exit_first", "expected True or False", "3")),
        ({"in_process": "no"}, ("in_process", "expected True or False", "'no'")),
        ({"progress": 3}, ("progress", "expected a function or None", "3")),
        ({"host_command": "'unclosed"}, ("host command", "a program with its arguments", "unclosed")),
        ({"host_command": 3}, ("host command", "a program with its arguments", "3")),
        ({"host_command": " "}, ("host command", "a program with its arguments", "' '")),
        ({"samples": -1}, ("samples", "at least 1", "-1")),
        ({"seed": -1}, ("seed", "at least 0", "-1")),
    ],
)
def test_wrong_usage_is_named(arguments, mentions):
    with pytest.raises(conformance.UsageError) as caught:
        conformance.run(**arguments)
    assert [word for word in mentions if word not in str(caught.value)] == []


@pytest.mark.parametrize(
    "subject", ["mytorch", "fault:gates-figo", Raises("raises", "mytorch"), Refuses("refuses", "mytorch")]
)
def test_the_report_keeps_its_schema(subject):
    report = conformance.run(subject, cases=["models.LSTMCell"], samples=3, shrink=False)
    jsonschema.validate(json.loads(report.to_json()), SCHEMA)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop("totals"),
        lambda data: data.pop("minimums"),
        lambda data: data.pop("repeated"),
        lambda data: data.pop("constants"),
        lambda data: data["constants"].pop("warn"),
        lambda data: data.pop("declarations"),
        lambda data: data.pop("given_as"),
        lambda data: data["declarations"].update(accuracy="exact"),
        lambda data: data["declarations"].update(excuses=["all"]),
        lambda data: data["verdicts"][0].update(repeatable="yes"),
        lambda data: data.update(schema_version=1),
        lambda data: data["verdicts"][0].pop("lane"),
        lambda data: data["verdicts"][0].update(status="pass"),
        lambda data: data["verdicts"][0].update(check="sideways"),
        lambda data: data["verdicts"][0].update(max_error="large"),
        lambda data: data["verdicts"][0].update(lane=None),
        lambda data: data["verdicts"][0].update(lane="semantic"),
        lambda data: data["verdicts"][0].update(status="FAIL"),
        lambda data: data["verdicts"][0].update(extra=1),
    ],
)
def test_the_schema_refuses_what_is_none(change):
    data = json.loads(conformance.run("torch", cases=["sigmoid"], samples=1).to_json())
    change(data)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, SCHEMA)


def test_a_report_reads_back_what_it_wrote():
    report = conformance.run("fault:h0-ignored", cases=["models.LSTMCell"], samples=3, shrink=False)
    assert Report.from_json(report.to_json()) == report


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema_version": 8}', '{"schema_version": 7}'])
def test_what_is_no_report_is_refused(text):
    with pytest.raises(conformance.UsageError, match="report"):
        Report.from_json(text)


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5, 6])
def test_a_report_of_an_older_version_is_refused_with_what_to_do(version):
    data = json.loads(conformance.run("torch", cases=["sigmoid"], samples=1).to_json())
    with pytest.raises(
        conformance.UsageError, match=rf"expected schema_version 7, got {version}.*make the report again"
    ):
        Report.from_json(json.dumps(data | {"schema_version": version}))


def _case(name, program, **fields):
    return Case(
        name=name,
        space=Space({"N": "batch"}, classes=("small",), regimes=("normal",)),
        inputs=lambda config: {"input": Input((config["N"], 3))},
        program=program,
        samples=2,
        **fields,
    )


def _read_out(t, x):
    """Take noisy numbers out of tensors, where no noise can follow them."""
    return {"output": t.tensor((x["input"] * 3).tolist())}


def _at_a_tie(t, x):
    """Decide by the sign of a rounding error."""
    del t
    return {"output": (x["input"] * 3 / 3 - x["input"]).relu()}


# Programs for which no sample can be prepared, and what the reason names.
UNPREPARED = {
    "no rule": (lambda t, x: {"output": t.ops.prims.cbrt(x["input"])}, r"^NoiseError: .*cbrt"),
    "read out": (_read_out, r"^NoiseError: tolist: "),
    "at a tie": (_at_a_tie, r"^DegenerateError: at a tie:seed=1,draw=0,.*draws"),
}


@pytest.fixture
def unprepared(request, monkeypatch):
    """Add a case for which no sample can be prepared; return its name, and what the reason must match."""
    program, reason = UNPREPARED[request.param]
    monkeypatch.setitem(CASES, request.param, _case(request.param, program))
    return request.param, reason


@pytest.mark.parametrize("unprepared", UNPREPARED, indirect=True)
def test_a_case_that_cannot_be_prepared_is_an_error_and_the_next_case_is_judged(unprepared, tmp_path):
    name, reason = unprepared
    report = conformance.run("torch", cases=[name, "sigmoid"], samples=2, out=tmp_path)
    mine = [v for v in report.verdicts if v.case == name]
    others = [v for v in report.verdicts if v.case == "sigmoid" and not v.use]
    assert [(v.status, v.lane, v.check, v.observable) for v in mine] == [
        (Status.ERROR, lane, "forward", None) for _ in range(2) for lane in ("float64", "float32")
    ]
    assert len({v.sample for v in mine}) == 2
    assert re.search(reason, mine[0].reason)
    assert len(others) == 8
    assert {v.status for v in others} == {Status.PASS}
    assert report.exit_code == 1
    # It does not show that a subject is wrong, so nothing is shrunk or stored.
    assert report.shrunk == {}
    assert not (tmp_path / "failures").exists()
    jsonschema.validate(json.loads((tmp_path / "parity.json").read_text(encoding="utf-8")), SCHEMA)


def test_a_use_that_cannot_be_prepared_is_an_error_and_the_run_ends_with_its_report(monkeypatch, tmp_path):
    used = Prepared.used

    def strided_at_a_tie(prepared, use, lanes):
        if use == "strided":
            raise DegenerateError("at a tie")
        return used(prepared, use, lanes)

    monkeypatch.setattr(Prepared, "used", strided_at_a_tie)
    report = conformance.run("torch", cases=["tanh"], samples=6, out=tmp_path)
    wrong = [v for v in report.verdicts if v.status is Status.ERROR]
    assert wrong
    assert {(v.use, v.reason) for v in wrong} == {("strided", "DegenerateError: at a tie")}
    assert (report.exit_code, [*tmp_path.glob("failures/*")]) == (1, [])
    assert not (tmp_path / "verdicts.jsonl").exists()


def test_a_failure_after_a_use_that_cannot_be_prepared_still_has_its_bundle(monkeypatch, tmp_path):
    used = Prepared.used

    def at_a_tie(prepared, use, lanes):
        if prepared.sample.draw == 0:
            raise DegenerateError("at a tie")
        return used(prepared, use, lanes)

    class Late(TorchLike):
        def run(self, task):
            wrong = task.sample.draw == 3
            return {name: array + wrong for name, array in super().run(task).items()}

    monkeypatch.setattr(Prepared, "used", at_a_tie)
    late = Late("late", "torch")
    report = conformance.run(late, cases=["tanh"], samples=4, in_process=True, shrink=False, out=tmp_path)
    first = next(v for v in report.verdicts if not v.passed)
    assert (first.status, first.reason) == (Status.ERROR, "DegenerateError: at a tie")
    stored = json.loads((tmp_path / "failures" / "tanh" / "bundle.json").read_text(encoding="utf-8"))
    assert (stored["failure"]["status"], ",draw=3," in stored["sample"]) == ("FAIL", True)


def test_a_failure_after_what_cannot_be_prepared_still_has_its_bundle(monkeypatch, tmp_path):
    def program(t, x):
        return {"output": (t.ops.prims.cbrt if x.config["cbrt"] else t.tanh)(x["input"])}

    case = _case("mixed", program)
    flags = Space({"N": "batch"}, classes=("small",), regimes=("normal",), flags={"cbrt": (True, False)})
    monkeypatch.setitem(CASES, "mixed", replace(case, space=flags))
    report = conformance.run(
        Wrong("wrong", "torch"),
        cases=["mixed"],
        samples=4,
        seed=2,
        shrink=False,
        in_process=True,  # the case is in this process only
        out=tmp_path,
    )
    assert report.verdicts[0].status is Status.ERROR
    assert report.totals["error"] == 4
    assert report.totals["fail"] > 0
    assert (tmp_path / "failures" / "mixed" / "bundle.json").exists()


def test_a_bad_call_that_torch_accepts_is_an_error_and_the_run_goes_on(monkeypatch):
    case = _case(
        "fine", lambda t, x: {"output": t.tanh(x["input"])}, base={"N": 2}, bad_calls=(BadCall("fine", ()),)
    )
    monkeypatch.setitem(CASES, "fine", case)
    report = conformance.run("torch", cases=["fine", "sigmoid"], samples=1)
    (error,) = report.failures
    assert (error.case, error.check, error.lane, error.status) == ("fine", "errors", None, Status.ERROR)
    assert {v.status for v in report.verdicts if v is not error} == {Status.PASS}
    assert report.exit_code == 1
