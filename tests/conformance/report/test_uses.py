"""The tables of uses: by use, by use and case, and why a case is not judged in one."""

from __future__ import annotations

from math import inf

import pytest

from conformance.cases import CASES
from conformance.cases._uses import USES
from conformance.judging.verdict import Status, Verdict
from conformance.report.details import details
from conformance.report.markdown import markdown
from conformance.report.record import Report
from conformance.report.tables import explain
from conformance.report.uses import by_case, reasons, summary


def verdict(use="no-grad", case="nn.Linear", status=Status.PASS, *, draw=0, **fields):
    values = {"check": "use", "lane": "float32", "observable": "output", "elements": 4, "use": use}
    values |= {"sample": f"{case}:seed=1,draw={draw},use={use}", "reason": "because"}
    return Verdict(case=case, status=status, **values | fields)


def report(*verdicts):
    plain = [verdict(case=case, check="forward", use=None) for case in ("nn.Linear", "tanh", "optim.SGD")]
    return Report(1, "mytorch", "torch", (*plain, *verdicts))


JUDGED = (
    verdict(headroom=5.0),
    verdict(headroom=3.0, lane="float64", draw=1),
    verdict(case="tanh", headroom=inf),
    verdict(case="tanh", headroom=0.5, status=Status.FAIL, observable="first/output"),
    verdict("twice", headroom=9.0),
    verdict("twice", case="tanh", status=Status.SKIP, reason="it has no second call", observable=None),
    verdict("other-size-between", headroom=9.0),
)


def test_a_use_has_one_row_with_its_cases_samples_and_verdicts():
    no_grad, twice, other_size = summary(report(*JUDGED))
    assert no_grad == {
        "use": "no-grad",
        "cases": 2,
        "samples": 3,
        "passed": "3 of 4",
        "not passed": "1 FAIL",
        "headroom": "0.5",
        "not judged": "",
    }
    assert (twice["cases"], twice["not passed"]) == (1, "1 SKIP")
    assert twice["not judged"] == "1 case: it has no second call"
    # optim.SGD has no uses at all, and is not counted in each.
    assert other_size["not judged"] == f"1 case: {_why('other-size-between', 'tanh')}"


def _why(use, case):
    return USES[use].fits(CASES[case], {"N": 2, "F": 3, "method": True})


def test_rows_stand_in_the_order_of_the_list_of_uses():
    rows = summary(report(*reversed(JUDGED)))
    assert [row["use"] for row in rows] == [use for use in USES if use in {v.use for v in JUDGED}]


def test_without_uses_there_is_no_table():
    assert summary(report()) == []
    assert "## Uses" not in markdown(report())
    assert "## Uses" not in details(report())


def test_the_summary_says_how_uses_are_judged_and_where_none_is():
    text = markdown(report(*JUDGED)).partition("## Uses")[2]
    assert USES["after-a-step"].measured
    assert "other values, as after an optimiser step, have tolerances of their own" in text
    assert USES["backward-twice"].scale == 2
    assert "a gradient that is added twice by twice as much" in text
    for case, told in {
        "optim.SGD": "train",
        "nn.LSTM@own-mask": "layer in two ways",
        "nn.Linear@initial": "at random",
    }.items():
        assert told in text.partition("No use applies")[2].partition("\n")[0]
        assert told in (USES["no-grad"].why_unused(CASES[case], CASES[case].base) or "")


def test_a_case_has_one_row_with_a_cell_for_each_use():
    assert by_case(report(*JUDGED)) == [
        {"case": "nn.Linear", "no-grad": "2", "twice": "1", "other-size-between": "1"},
        {"case": "tanh", "no-grad": "1, 1 FAIL", "twice": "1 SKIP", "other-size-between": ""},
    ]


def test_each_reason_has_a_row_with_the_number_of_cases():
    skipped = [verdict("twice", case=case, status=Status.SKIP, reason="why") for case in ("sin", "cos")]
    rows = [row for row in reasons(report(*JUDGED, *skipped)) if row["use"] == "twice"]
    assert [(row["cases"], row["not judged because"]) for row in rows] == [
        (2, "why"),
        (1, "it has no second call"),
    ]
    row = next(row for row in summary(report(*JUDGED, *skipped)) if row["use"] == "twice")
    assert row["not judged"] == "3 cases, 2 of them: why"


def test_the_summary_tells_how_the_layer_is_called():
    assert (
        f"| no-grad | {USES['no-grad'].story} | 2 | 3 |" in markdown(report(*JUDGED)).partition("## Uses")[2]
    )
    assert "| tanh | 1, 1 FAIL | 1 SKIP |  |" in details(report(*JUDGED)).partition("## Uses per case")[2]


def test_a_failure_in_a_use_is_told_in_words():
    text = explain(JUDGED[3], "mytorch")
    assert text.startswith("FAIL tanh · use no-grad · first/output · float32\n")
    assert f"\n  use        {USES['no-grad'].story}\n" in text


def test_a_use_of_another_version_is_told_by_its_name():
    old = verdict("gone", status=Status.FAIL)
    assert "\n  use        gone\n" in explain(old, "mytorch")
    assert [row["use"] for row in summary(report(old))] == ["gone"]


@pytest.mark.parametrize("part", ["## Observables", "## Samples per case"])
def test_the_tables_of_the_plain_call_do_not_count_uses(part):
    plain, used = (
        details(each).partition(part)[2].partition("\n## ")[0] for each in (report(), report(*JUDGED))
    )
    assert plain == used
