"""What would have passed is told per case and check, and what is mistrusted is counted everywhere."""

from __future__ import annotations

import pytest

from conformance.judging.sight import DECIDING
from conformance.judging.verdict import Status, Verdict
from conformance.report import sight
from conformance.report.details import details
from conformance.report.job_summary import job_summary
from conformance.report.markdown import markdown
from conformance.report.page import render_page
from conformance.report.record import Report
from conformance.report.sentence import sentence
from conformance.report.tables import summary
from conformance.report.terminal import terminal


def verdict(*blind, draw=0, case="add", status=Status.PASS, **fields):
    values = {"check": "forward", "lane": "float32", "observable": "output", "elements": 4}
    values |= {"shape_class": "small", "regime": "normal", "would_pass": list(blind), "headroom": 3.0}
    values |= {} if status is Status.PASS else {"reason": "because"}
    return Verdict(case=case, sample=f"{case}:{draw}", status=status, **values | fields)


def blind(**fields):
    return verdict(*DECIDING, status=Status.MISTRUSTED, **fields)


def in_use(use, *blind):
    return verdict(*blind, check="use", use=use, observable=f"{use}/output")


def report(*verdicts):
    return Report(1, "mine", "torch", verdicts, timing={"began": "now", "seconds": 2.5})


GRADIENT = {"check": "backward", "observable": "grad.input"}


@pytest.mark.parametrize(
    ("verdicts", "told"),
    [
        ([verdict()], ""),
        ([verdict("zeros")], "forward: zeros"),
        # What one of its samples would have shown does not pass.
        ([verdict("zeros", "rolled rows"), verdict("rolled rows", draw=1)], "forward: rolled"),
        ([verdict("zeros"), verdict(draw=1)], ""),
        # Another output is another answer, as is another lane.
        ([verdict(), verdict("zeros", observable="h_n")], "forward: zeros"),
        ([verdict("float16 rounding"), verdict(lane="float64")], "forward: float16"),
        # Of one output, every use is a further sample.
        ([in_use("twice", "zeros"), in_use("expanded", "zeros", "rolled rows")], "use: zeros"),
        ([verdict("the input itself"), verdict("zeros", **GRADIENT)], "forward: input; backward: zeros"),
        # Failures, draws and what has no elements tell nothing.
        ([verdict(would_pass=None)], ""),
        ([blind()], "forward: zeros, mean, rolled"),
    ],
)
def test_what_would_pass_is_what_no_sample_would_have_shown(verdicts, told):
    assert summary(report(*verdicts))[0]["would pass"] == told


def test_a_row_per_case_and_check_counts_what_would_have_agreed():
    found = sight.summary(
        report(verdict("zeros"), blind(draw=1), blind(**GRADIENT), verdict(would_pass=None))
    )
    assert found == [
        {
            "case": "add",
            "check": check,
            "agreements": agreements,
            "zeros": zeros,
            "the mean everywhere": 1,
            "rolled rows": 1,
            "narrower rounding": "",
            "the input itself": "",
            "MISTRUSTED": 1,
        }
        for check, agreements, zeros in (("forward", 2, 2), ("backward", 1, 1))
    ]


def test_what_is_mistrusted_is_listed_with_where_it_is():
    found = report(verdict(), blind(draw=1, regime="steep"), blind(draw=2, regime="steep"), blind(**GRADIENT))
    assert sight.mistrusted(found) == [
        {
            "case": "add",
            "check": check,
            "MISTRUSTED": count,
            "observables": observable,
            "shape classes": "small",
            "regimes": regime,
        }
        for check, count, observable, regime in (
            ("forward", "2 of 3", "output", "steep"),
            ("backward", "1 of 1", "grad.input", "normal"),
        )
    ]


def test_every_form_of_a_report_counts_what_is_mistrusted():
    found = report(verdict(), blind(draw=1))
    assert found.totals["mistrusted"] == 1
    assert found.exit_code == 0
    assert "1 are MISTRUSTED" not in sentence(found, None).text
    assert "of which 1 is MISTRUSTED" in sentence(found, None).text
    assert "1 of 2 agreements is MISTRUSTED" in terminal(found)
    assert "1 mistrusted" in terminal(found, quiet=True)
    assert "1 mistrusted" in job_summary(found)
    assert "| add | forward | 1 of 2 |" in markdown(found)
    assert "| add | forward | 2 | 1 | 1 | 1 |" in details(found)
    page = render_page(found)
    assert "of which 1 is MISTRUSTED" in page
    assert 'data-status="mistrusted pass"' in page


def test_a_report_without_any_says_nothing_of_it():
    found = report(verdict())
    assert "MISTRUSTED" not in terminal(found) + markdown(found) + sentence(found, None).text


def test_a_case_without_a_pass_is_not_shown():
    found = report(verdict(), blind(case="sub"))
    assert (found.exit_code, found.mistrusted_alone) == (1, ["sub"])
    line = "NOTHING BUT MISTRUSTED sub: none of its numbers passed"
    for text in (terminal(found, quiet=True), markdown(found), job_summary(found), render_page(found)):
        assert line in text


@pytest.mark.parametrize(
    "other",
    [verdict(elements=0), verdict(check="use", use="twice"), verdict(check="errors", lane=None, elements=0)],
)
def test_what_shows_nothing_either_does_not_help(other):
    assert report(other, blind(draw=1)).exit_code == 1
