"""The line about samples that were run twice, and the field of parity.json."""

from __future__ import annotations

import json

import pytest

from conformance.judging.verdict import Status, Verdict
from conformance.report.markdown import markdown
from conformance.report.record import Report
from conformance.report.repeatability import repeated


def verdict(
    case="add", sample="add:1", observable="output", *, repeatable, status=Status.PASS, lane="float32"
):
    return Verdict(case, sample, "forward", lane, observable, status, repeatable=repeatable, reason="because")


SAME = [verdict(repeatable=True), verdict(sample="add:2", repeatable=True)]
OTHER = [*SAME, verdict("mul", "mul:1", repeatable=False), verdict("mul", "mul:1", "grad.x", repeatable=True)]


def test_a_sample_counts_once_and_gives_other_bits_if_any_observable_does():
    assert repeated(SAME) == (2, {})
    assert repeated(OTHER) == (3, {"mul": 1})
    lanes = [verdict(repeatable=False), verdict(repeatable=False, lane="float64")]
    assert repeated(lanes) == (1, {"add": 1})


@pytest.mark.parametrize(
    "other",
    [verdict(repeatable=None), verdict(repeatable=False, status=Status.FAIL)],
    ids=["run once", "a failure that does not repeat"],
)
def test_what_does_not_count(other):
    assert repeated([other]) == (0, {})


def test_the_line_names_the_cases():
    assert str(repeated(SAME)) == "2 passing samples were run twice and gave the same bits."
    told = "1 of 3 passing samples that were run twice gave other bits within their tolerance: mul (1)."
    assert str(repeated(OTHER)) == told


def test_the_line_names_ten_cases_at_most():
    many = [verdict(f"case{k}", f"case{k}:1", repeatable=False) for k in range(12)]
    assert str(repeated(many)).endswith("case9 (1), 2 more.")


def test_report_and_summary_hold_it():
    report = Report(1, "mytorch", "torch", tuple(OTHER))
    assert json.loads(report.to_json())["repeated"] == {"samples": 3, "other_bits": {"mul": 1}}
    assert str(repeated(OTHER)) in markdown(report)
