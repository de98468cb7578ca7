"""The result of a check is a report of a run, and its JSON is what the schema says."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from math import inf
from pathlib import Path

import jsonschema
import pytest
import torch

import conformance
from conformance.checking.compare import Compared
from conformance.checking.criteria import CRITERIA
from conformance.checking.result import SCHEMA, CheckResult
from conformance.checking.row import Judged, Row
from conformance.errors import UsageError
from conformance.faults.exploits import FOLDER, REFERENCE
from conformance.judging.sight import DECIDING, INPUT, NAMES
from conformance.judging.verdict import Status

X = torch.linspace(-2, 2, 24).reshape(4, 6)
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def flat(x):
    """What no zeros, no mean and no rolled rows would be told apart from."""
    return x - x


def raising(x):
    raise ZeroDivisionError(f"no candidate today, of {x.shape}")


# By what becomes of it: a reference, a candidate, and its exit code.
CHECKS = {
    "shown": ("torch:sin", "torch:sin", 0),
    "wrong values": ("torch:sin", "torch:tanh", 1),
    "an exception": ("torch:sin", f"{__file__}:raising", 1),
    "blind": (f"{Path(__file__).with_name('test_check.py')}:flat", f"{__file__}:flat", 1),
    **{
        f"exploit {name}": (str(REFERENCE), str(FOLDER / f"{name}.py"), 1)
        for name in ("zeros", "first_calls")
    },
}


@cache
def result(name):
    reference, candidate, _ = CHECKS[name]
    inputs = None if name.startswith("exploit") else (X,)
    return conformance.check(reference, candidate, inputs=inputs, seed=1)


@pytest.mark.parametrize("name", CHECKS)
def test_it_is_a_report_with_a_verdict_per_criterion(name):
    found = result(name)
    assert isinstance(found, conformance.Report)
    assert isinstance(found, conformance.CheckResult)
    assert found.exit_code == CHECKS[name][2]
    assert found.passed is (found.exit_code == 0)
    assert (found.reference, found.implementation) == (found.reference, found.candidate)
    assert found.seed == 1
    assert found.environment["torch"] == torch.__version__
    # What any reader of a run's report asks of its verdicts.
    assert [v.criterion for v in found.verdicts] == [row.criterion for row in found.rows]
    assert {v.case for v in found.verdicts} == {found.reference}
    assert {v.lane for v in found.verdicts} == {"float32"}
    assert [v.status for v in found.verdicts] == [row.status for row in found.rows]
    assert sum(v.elements for v in found.verdicts) == found.totals["compared_elements"]
    assert [v.criterion for v in found.failures] == [row.criterion for row in found.rows if not row.ok]
    assert bool(found.failures) is (found.totals["fail"] + found.totals["error"] > 0)
    assert len(found.failure_per_case) == bool(found.failures)
    assert (found.stopped, found.in_process, found.unseen, found.shortfalls) == (None, None, {}, [])
    for text in (str(found), found.to_markdown()):
        assert f"{found.candidate} against {found.reference}, float32, --seed 1" in text


def test_criteria_have_the_checks_of_a_run():
    checks = {v.criterion: (v.check, v.use) for v in result("shown").verdicts}
    assert checks.pop("values") == ("forward", None)
    assert checks.pop("gradients") == ("backward", None)
    assert {*checks.values()} == {("use", name) for name in checks}


def test_headrooms_and_sight_are_those_of_a_run():
    exact = Row("values", "PASS", None, "output", 4)
    nearest = Row("values", "FAIL", 0.5, "output", 4, "far")
    left_out = Row("eval", "SKIP", reason="not a module")
    blind = Row("values", "MISTRUSTED", None, "output", 4, "zeros would pass", DECIDING)
    found = [Judged.of(row, "sin", "float32", 1) for row in (exact, nearest, left_out, blind)]
    assert [v.headroom for v in found] == [inf, 0.5, None, inf]
    assert [v.reason for v in found] == [None, "far", "not a module", "zeros would pass"]
    assert found[3].would_pass == list(DECIDING)
    assert [v.passed for v in found] == [True, False, True, True]
    assert found[3].status is Status.MISTRUSTED


def test_the_report_of_a_run_has_tables_too():
    found = conformance.run("torch", ["nn.Linear"], 1, dtypes=["float32"], in_process=True)
    assert found.passed
    assert found.to_markdown().startswith("# Parity of torch with torch: shown")


@pytest.mark.parametrize("name", CHECKS)
def test_its_json_is_what_the_schema_says_and_is_read_back(name):
    found = result(name)
    VALIDATOR.validate(json.loads(found.to_json()))
    assert CheckResult.from_json(found.to_json()) == found


def would_pass(reference, x, **how):
    rows = conformance.check(reference, reference, inputs=(x,), seed=1, **how).rows
    return {row.criterion: row.would_pass for row in rows}


def test_a_row_says_which_cheap_wrong_answers_would_have_passed():
    # The slopes of positive numbers are all alike, but the gradients are the cotangents.
    positive = would_pass("torch:relu", X.abs() + 0.5)
    assert positive["values"] == positive["gradients"] == (INPUT,)
    assert set(positive.values()) == {(INPUT,), None}
    # Whether the candidate changes settings is asked by calls that are judged too; a skip compares nothing.
    assert {name for name, names in positive.items() if names is None} == {
        row.criterion for row in result("shown").rows if not row.elements
    }
    assert set(would_pass("torch:relu", X).values()) == {(), None}


def test_what_is_wrong_says_nothing_of_what_would_pass_and_the_tables_are_brief():
    assert [row.would_pass for row in result("wrong values").rows if not row.ok] == [None]
    assert set(DECIDING) <= set(result("blind").rows[0].would_pass)
    found = conformance.check("torch:relu", "torch:relu", inputs=(X.abs() + 0.5,), seed=1)
    assert "would pass as values, too: the input itself\n\nwould pass as gradients, too: the" in str(found)
    assert "would pass" not in str(result("shown"))
    assert "| would pass |" in found.to_markdown()
    assert "| input |" in found.to_markdown()


def test_a_wrong_answer_passes_only_where_no_call_notices_it():
    found = Compared(elements=1)
    found.saw("output", [*DECIDING, INPUT])
    assert (found.blind, found.would_pass) == (True, [*DECIDING, INPUT])
    found.saw("grad[0]", [])
    assert (found.blind, found.would_pass) == (False, [*DECIDING, INPUT])
    found.saw("output", ["zeros"])
    assert found.would_pass == ["zeros"]


def test_the_schema_knows_every_wrong_answer():
    row = VALIDATOR.schema["$defs"]["row"]["properties"]
    assert set(row["would_pass"]["items"]["enum"]) == set(NAMES)


def test_what_operations_compute_in_is_recorded():
    half = conformance.check(
        "torch:sin", "torch:sin", inputs=(X,), seed=1, dtype="bfloat16", accumulate="bfloat16"
    )
    data = json.loads(half.to_json())
    VALIDATOR.validate(data)
    assert (data["dtype"], data["environment"]["accumulate"]) == ("bfloat16", "bfloat16")


def broken(**changes):
    return lambda data: data | changes


def in_row(place, **changes):
    def change(data):
        rows = list(data["rows"])
        rows[place] = {name: value for name, value in (rows[place] | changes).items() if value is not without}
        return data | {"rows": rows}

    return change


def without(_):
    """Marks a key that is taken out."""


# What is changed in the record of what was shown, and what the reader names.
BROKEN = {
    "another version": (broken(schema_version=1), "schema_version 2, got 1"),
    "no rows": (broken(rows=[]), "rows"),
    "an unknown key": (broken(colour="red"), "colour"),
    "a seed below zero": (broken(seed=-1), "seed"),
    "a dtype that is not there": (broken(dtype="half"), "dtype"),
    "a word for passed": (broken(passed="yes"), "passed"),
    "constants without their hash": (broken(constants={"tensor": 1.0}), "constants"),
    "an excused row": (lambda d: d | {"totals": d["totals"] | {"excused": 1}}, "excused"),
    "a status that is not there": (in_row(0, status="GOOD", would_pass=None), "status"),
    "a row without a status": (in_row(0, status=without), "status"),
    "a row with an unknown key": (in_row(0, colour="red"), "colour"),
    "a pass beyond its tolerance": (in_row(0, headroom=0.5), "headroom"),
    "a pass with a reason": (in_row(0, reason="far"), "reason"),
    "a failure without a reason": (in_row(0, status="FAIL", would_pass=None), "reason"),
    "a skip that compared": (
        in_row(0, status="SKIP", reason="none", headroom=None, would_pass=None),
        "elements",
    ),
    "fewer elements than none": (in_row(0, elements=-1, would_pass=None), "elements"),
    "an unknown wrong answer": (in_row(0, would_pass=["ones"]), "would_pass"),
    "a pass that does not say what would": (in_row(0, would_pass=None), "would_pass"),
}
# What only the reader can tell: the schema does not know the criteria, and does not count.
CONTRADICTING = {
    "an unknown criterion": (in_row(0, criterion="value"), "unknown criterion 'value'. Did you mean values"),
    "other totals": (lambda d: d | {"totals": d["totals"] | {"pass": 0}}, "totals: the rows give"),
    "passed, and it has not": (broken(passed=False), "passed: the rows give True"),
}


@pytest.mark.parametrize("name", [*BROKEN, *CONTRADICTING])
def test_a_broken_record_is_refused_and_named(name):
    change, told = (BROKEN | CONTRADICTING)[name]
    data = change(json.loads(result("shown").to_json()))
    assert bool([*VALIDATOR.iter_errors(data)]) is (name in BROKEN)
    with pytest.raises(UsageError, match=told) as refused:
        CheckResult.from_json(json.dumps(data))
    assert str(refused.value).startswith("check: ")


@pytest.mark.parametrize("text", ["", "[]", "{}", "nothing", '{"rows": ' * 100_000])
def test_what_is_not_a_record_is_refused(text):
    with pytest.raises(UsageError, match="check: "):
        CheckResult.from_json(text)


def test_the_reader_of_runs_says_what_reads_a_check():
    with pytest.raises(
        UsageError, match=r"report: this is the record of a check, which CheckResult.from_json"
    ):
        conformance.Report.from_json(result("shown").to_json())
    run = conformance.Report(1, "mytorch", "torch", ())
    with pytest.raises(UsageError, match="check: expected schema_version 2, got"):
        CheckResult.from_json(run.to_json())


def test_every_criterion_can_be_shown_and_read():
    rows = [Row(each.name, "PASS", 2.0, "output", 1, would_pass=()) for each in CRITERIA]
    found = CheckResult.of(rows, "torch:sin", "torch:sin", "float32", 1)
    assert CheckResult.from_json(found.to_json()) == found
    assert all(each.about in found.to_markdown() for each in CRITERIA)


def test_one_row_that_shows_something_is_enough_and_one_that_is_wrong_too_much():
    blind = Row("values", "MISTRUSTED", None, "output", 4, "zeros would pass")
    passed, wrong = Row("scale 16", "PASS", 2.0, "output", 4), Row("settings", "FAIL", reason="changed")
    codes = [
        CheckResult.of(rows, "x", "x", "float32", 1).exit_code
        for rows in ([blind], [blind, passed], [passed, wrong], [replace(passed, elements=0)], [])
    ]
    assert codes == [1, 0, 1, 3, 3]
