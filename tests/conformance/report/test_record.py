"""What the reader of a report refuses, and what it says of it."""

from __future__ import annotations

import json

import pytest

from conformance.errors import UsageError
from conformance.judging.verdict import Status, Verdict
from conformance.report.record import Report
from conformance.subjects.declarations import Declarations, Excuse

EXCUSE = Excuse(case="relu", observable="grad.*", regime="nonfinite", reason="0", link="https://example.org")


def report(**fields):
    verdict = Verdict("add", "add:0", "forward", "float32", "output", Status.PASS, 4, headroom=3.0)
    return Report(1, "mytorch", "torch", (verdict,), timing={"began": "now", "seconds": 1.5}, **fields)


def test_what_a_subject_declares_is_read_back():
    declared = Declarations((EXCUSE,), "absolute", "own")
    found = Report.from_json(report(declarations=declared).to_json())
    assert found.declarations == declared
    assert found == report(declarations=declared)


def test_a_case_is_shown_by_a_sample_that_fails_before_a_bad_call():
    # The diagnosis is about the sample.
    call = Verdict("add", "add:0", "errors", None, "rank", Status.FAIL, reason="got no error")
    sample = Verdict("add", "add:1", "forward", "float32", "output", Status.FAIL, 4, headroom=0.5)
    other = Verdict("mul", "mul:0", "errors", None, "rank", Status.FAIL, reason="got no error")
    found = Report(1, "mytorch", "torch", (call, other, sample), timing={"seconds": 1.5})
    assert found.failure_per_case == [sample, other]


def _verdict(**values):
    return lambda data: data["verdicts"][0].update(values)


# What is changed in a report, and what the reader says.
REFUSED = {
    "a later version": (
        lambda d: d.update(schema_version=99),
        "expected schema_version 7, got 99, which a later",
    ),
    "no version": (lambda d: d.pop("schema_version"), "expected an object with a schema_version"),
    "a version that is a truth": (
        lambda d: d.update(schema_version=True),
        "expected schema_version 7, got True",
    ),
    "a version that is a list": (
        lambda d: d.update(schema_version=[7]),
        r"expected schema_version 7, got \[7\]",
    ),
    "an unknown key": (lambda d: d.update(sheep=1), "'sheep' was unexpected"),
    "a missing key": (lambda d: d.pop("seed"), "'seed' is a required property"),
    "another type": (lambda d: d.update(seed="1"), r"\$.seed: '1' is not of type 'integer'"),
    "verdicts that are no list": (lambda d: d.update(verdicts=3), r"\$.verdicts: 3 is not of type 'array'"),
    "a verdict that is none": (lambda d: d.update(verdicts=[3]), "expected an object, got int"),
    "a verdict with an unknown key": (_verdict(sheep=1), "sheep"),
    "an unknown status": (_verdict(status="GOOD"), "'GOOD' is not a valid Status"),
    "an unknown check": (_verdict(check="sideways"), "verdict: check: got 'sideways'"),
    "an unknown lane": (_verdict(lane="float8"), "verdict: lane: got 'float8'"),
    "a profile of nothing": (_verdict(profile={}), "verdict: profile: got {}"),
    "an unknown limit": (lambda d: d.update(scope={"sheep": 1}), "'sheep' was unexpected"),
    "an unknown declaration": (lambda d: d["declarations"].update(sheep=1), "'sheep' was unexpected"),
    "an excuse of everything": (
        lambda d: d["declarations"].update(excuses=[vars(EXCUSE) | {"case": "*", "observable": "*"}]),
        "expected some cases or some observables, got all of both",
    ),
    "totals of other verdicts": (
        lambda d: d["totals"].update({"pass": 2}),
        "totals: the verdicts give .*'pass': 1",
    ),
    "repeats of other verdicts": (lambda d: d["repeated"].update(samples=7), "repeated: the verdicts give"),
}


@pytest.mark.parametrize(("change", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_known_is_refused_with_its_name(change, says):
    data = json.loads(report().to_json())
    change(data)
    with pytest.raises(UsageError, match=f"^report: .*{says}"):
        Report.from_json(json.dumps(data))


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", "4", "null", "", '{"schema_version": 7', "\ud800"])
def test_what_is_no_report_at_all_is_refused(text):
    with pytest.raises(UsageError, match=r"^report: not a parity report: "):
        Report.from_json(text)


def test_a_report_of_another_program_holds_safe_text_only():
    data = json.loads(report().to_json())
    red = "\x1b[31m\n\ud800\ufffe"
    data |= {"reference": red, "environment": {red: red}, "shrunk": {red: red}, "scope": {"limits": [red]}}
    data["timing"]["stopped"] = red
    data["verdicts"][0] |= {"case": red, "sample": red, "shape_class": red, "regime": red, "use": red}
    text = Report.from_json(json.dumps(data)).to_json()
    assert text.isascii()
    assert text.count("x1b[31m") == 12
    assert Report.from_json(text).to_json() == text
