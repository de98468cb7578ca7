"""The baseline of a run: its counts, its schema, and that reading returns what was written."""

from __future__ import annotations

import json
from dataclasses import asdict
from math import inf
from pathlib import Path

import jsonschema
import pytest

import conformance
from conformance.arithmetic.constants import constants, constants_sha256
from conformance.cases import CASES
from conformance.errors import UsageError
from conformance.judging.verdict import AGREES, Status, Verdict
from conformance.report.baseline import Baseline, Place, Shown
from conformance.report.record import Report

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads(
    (Path(conformance.__file__).parent / "report" / "baseline.schema.json").read_text(encoding="utf-8")
)


def verdict(draw=0, status=Status.PASS, headroom=None, **fields):
    values = {
        "case": "add",
        "sample": f"add:{draw}",
        "check": "forward",
        "lane": "float64",
        "observable": "output",
        "elements": 4,
        "shape_class": "small",
        "regime": "normal",
    }
    return Verdict(**values | fields, status=status, headroom=headroom)


def bad_call(status=Status.PASS):
    return verdict(
        check="errors", lane=None, observable="rank", elements=0, shape_class=None, regime=None, status=status
    )


def baseline(*verdicts):
    environment = {"torch": "2.13.0", "threads": 1, "mytorch-conformance": None}
    return Baseline.of(Report(7, "mytorch", "torch", verdicts, environment=environment))


def test_verdicts_are_counted_by_place_with_their_least_headroom():
    found = baseline(
        verdict(0, headroom=9.0),
        verdict(1, headroom=3.14159),
        verdict(1, headroom=inf, lane="float32"),
        verdict(1, headroom=2.0, check="backward", observable="grad.input"),
        bad_call(),
    )
    assert found.shown == {
        Place("add", "forward", "float64", "output"): Shown(2, 3.142),
        Place("add", "forward", "float32", "output"): Shown(1, inf),
        Place("add", "backward", "float64", "grad.input"): Shown(1, 2.0),
        Place("add", "errors", None, "rank"): Shown(1, None),
    }


def in_use(use, **fields):
    return verdict(check="use", use=use, **fields)


IN_USES = (
    in_use("no-grad", headroom=3.14159),
    in_use("no-grad", headroom=9.0, lane="float32", observable="twice/output"),
    in_use("flags", headroom=inf, observable="flag/output.is_leaf"),
)


def test_the_observables_of_a_use_are_counted_together():
    found = baseline(verdict(headroom=5.0), *IN_USES, in_use("flags", status=Status.FAIL, headroom=0.0))
    assert found.shown == {
        Place("add", "forward", "float64", "output"): Shown(1, 5.0),
        Place("add", "use", None, "no-grad"): Shown(2, None),
        Place("add", "use", None, "flags"): Shown(1, None, ((Status.FAIL, 1),)),
    }
    assert found.classes == {"add": {"small": 1}}


@pytest.mark.parametrize("status", [status for status in Status if status not in AGREES])
def test_other_verdicts_are_counted_apart_and_have_no_headroom(status):
    found = baseline(verdict(0, headroom=3.0), verdict(1, status=status, headroom=2.0))
    place = Place("add", "forward", "float64", "output")
    assert found.shown == {place: Shown(1, 3.0, ((status, 1),))}
    assert found.shown[place].statuses() == {Status.PASS: 1, status: 1}


def test_what_is_mistrusted_is_counted_apart_and_its_headroom_is_kept():
    found = baseline(verdict(0, headroom=3.0), verdict(1, status=Status.MISTRUSTED, headroom=2.0))
    place = Place("add", "forward", "float64", "output")
    assert found.shown == {place: Shown(1, 2.0, ((Status.MISTRUSTED, 1),))}
    assert Baseline.from_json(found.to_json()) == found


def test_the_numbers_compared_are_counted_by_case_with_those_of_uses():
    found = baseline(verdict(0), verdict(0, lane="float32"), in_use("flags", elements=1), bad_call())
    assert found.elements == {"add": 9}


def test_what_the_subject_was_judged_by_is_kept():
    found = baseline(verdict()).constants
    assert found["sha256"] == constants_sha256()
    assert {name: found[name] for name in asdict(constants())} == asdict(constants())
    assert (found["accuracy"], found["nan_conventions"]) == ("relative", "torch")


def test_samples_are_counted_once_per_shape_class():
    found = baseline(
        verdict(0), verdict(0, lane="float32"), verdict(1), verdict(2, shape_class="one"), bad_call()
    )
    assert found.classes == {"add": {"small": 2, "one": 1}}


def test_a_case_of_bad_calls_alone_has_no_classes():
    assert baseline(bad_call()).classes == {"add": {}}


def test_a_case_without_a_pass_has_no_headrooms():
    found = baseline(verdict(status=Status.FAIL))
    place = Place("add", "forward", "float64", "output")
    assert (found.classes, found.shown) == (
        {"add": {"small": 1}},
        {place: Shown(0, None, ((Status.FAIL, 1),))},
    )
    assert Baseline.from_json(found.to_json()) == found


def test_it_is_read_back_as_it_was_written():
    found = baseline(
        verdict(headroom=1.5),
        verdict(headroom=inf, lane="float32"),
        verdict(observable=None),
        verdict(case="sub", sample="sub:0"),
        verdict(1, status=Status.ERROR),
        *IN_USES,
        in_use("flags", status=Status.FAIL),
        bad_call(),
    ).with_accepted([{"reason": "a case was renamed", "lost": ["case: mul"]}])
    text = found.to_json()
    jsonschema.validate(json.loads(text), SCHEMA)
    assert Baseline.from_json(text) == found
    assert '    ["forward", "float64", "output", {"PASS": 1, "ERROR": 1}, 1.5],\n' in text
    assert '["forward", "float32", "output", 1, "inf"]' in text
    assert json.loads(text)["uses"] == ["no-grad", "flags"]
    assert '   "uses": [2, {"PASS": 1, "FAIL": 1}],\n' in text
    assert '   "uses": [0, 0],\n' in text


@pytest.mark.parametrize(
    "row",
    [
        ["sideways", "float64", "output", 1, 2.0],
        ["use", None, "no-grad", 1, 2.0],
        ["forward", "semantic", "output", 1, 2.0],
        ["forward", "float64", "output", 0, 2.0],
        ["forward", "float64", "output", {}, 2.0],
        ["forward", "float64", "output", {"PASS": 0}, 2.0],
        ["forward", "float64", "output", {"GOOD": 1}, 2.0],
        ["forward", "float64", "output", 1, 0.5],
        ["forward", "float64", "output", 1],
        ["forward", "float64", "output", 1, 2.0, "more"],
    ],
)
def test_the_schema_refuses_a_wrong_row(row):
    data = json.loads(baseline(verdict(headroom=2.0)).to_json())
    data["cases"]["add"]["observables"].append(row)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, SCHEMA)


@pytest.mark.parametrize("counts", [[-1], [1.5], ["no-grad"], [{"GOOD": 1}], {"no-grad": 1}, 1])
def test_the_schema_refuses_wrong_counts_of_uses(counts):
    data = json.loads(baseline(verdict(headroom=2.0), *IN_USES).to_json())
    data["cases"]["add"]["uses"] = counts
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, SCHEMA)


@pytest.mark.parametrize(
    "entry", [{}, {"reason": "x"}, {"reason": "", "lost": ["y"]}, {"reason": "x", "lost": []}]
)
def test_the_schema_refuses_what_was_accepted_without_a_reason_or_a_loss(entry):
    data = json.loads(baseline(verdict(headroom=2.0)).to_json())
    data["accepted"].append(entry)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema_version": 3}',
        baseline(verdict(headroom=2.0)).to_json().replace(", 1, 2.0]", ", 1]"),
        baseline(verdict(headroom=2.0)).to_json().replace('"observables": [', '"observed": ['),
        baseline(verdict(headroom=2.0)).to_json().replace('"uses": [],\n   "obs', '"uses": [1],\n   "obs'),
        baseline(verdict(headroom=2.0)).to_json().replace(" 2.0]", ' "much"]'),
    ],
)
def test_other_texts_are_refused(text):
    with pytest.raises(UsageError, match="not a baseline"):
        Baseline.from_json(text)


def test_another_version_is_refused_with_both_numbers():
    text = baseline().to_json().replace('"schema_version": 4', '"schema_version": 9')
    with pytest.raises(UsageError, match="expected schema_version 4, got 9"):
        Baseline.from_json(text)


def test_the_committed_one_keeps_the_schema_and_is_of_a_default_run():
    text = (ROOT / "reports" / "baseline.json").read_text(encoding="utf-8")
    jsonschema.validate(json.loads(text), SCHEMA)
    found = Baseline.from_json(text)
    assert (found.seed, found.implementation, found.reference) == (1, "mytorch", "torch")
    # A case that is newer than the reports has no row until they are renewed; a removed one must have none.
    assert not set(found.classes) - set(CASES), "renew the reports: tox run -e reports"
    assert found.to_json() == text


def test_version_3_is_read_too_as_it_only_lacks_a_status():
    found = baseline(verdict(headroom=3.0))
    older = found.to_json().replace('"schema_version": 4', '"schema_version": 3')
    assert Baseline.from_json(older) == found


def test_a_part_of_a_baseline_is_the_baseline_of_a_part():
    add, mul = [verdict(0, headroom=9.0), bad_call()], verdict(0, case="mul", sample="mul:0", headroom=3.0)
    assert baseline(*add, mul).only(["add", "sub"]) == baseline(*add)
    assert baseline(*add, mul).only({"add", "mul"}) == baseline(*add, mul)
