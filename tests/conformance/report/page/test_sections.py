"""The data of the page's sections, before they are put into HTML."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from conformance.cases import CASES
from conformance.judging.verdict import Status
from conformance.report.page.anchors import anchor, anchor_of, level
from conformance.report.page.cells import CHECKS, lines
from conformance.report.page.drawers import drawers
from conformance.report.page.first import first
from conformance.report.page.heat import heat
from conformance.report.page.program import program
from conformance.report.page.provenance import command, provenance
from conformance.report.page.strip import dots
from conformance.report.page.words import replay, what_happened
from conformance.report.scope import Scope
from conformance.report.seen import seen

WARN = 1.4


def test_failures_come_first_one_per_case_then_what_is_not_shown_then_drift(every_status):
    rows, more = first(every_status, None)
    assert [(row.kind, row.case) for row in rows[:4]] == [
        ("FAIL", "mul"),
        ("ERROR", "div"),
        ("EMPTY", "cat"),
        ("FAIL", "nn.Linear"),
    ]
    assert [row.kind for row in rows[4:]] == ["FAIL"] * 3 + ["not shown"] * 3
    assert [row.more for row in rows[:7]] == [3, 0, 0, 0, 0, 0, 0]
    assert (len(rows), more) == (10, 1)


def test_a_row_has_what_a_bug_report_has(every_status):
    row = first(every_status, None)[0][0]
    assert row.what == "the output is 4 times as far off as rounding may move it"
    assert dict(row.facts) == {
        "expected": "1.0",
        "got": "1.000004",
        "error": "4e-06",
        "tolerance": "1e-06",
        "headroom": "0.25",
    }
    assert row.where == "worst at [0, 2] of 6 numbers"
    assert row.reason == "2 of 6 elements differ by more than rounding explains"
    # The smallest sample that fails is replayed, where one was found.
    assert row.command == (
        "conformance replay mul:seed=1,draw=0,class=small,regime=normal,N=1,F=1 --implementation mytorch"
    )


def test_what_a_bad_call_raises_comes_after_wrong_numbers(make):
    bad = make.verdict("add", 0, Status.FAIL, check="errors", lane=None, observable="rank", elements=0)
    wrong = make.verdict("sub", 0, Status.FAIL, headroom=0.5)
    more = make.verdict("add", 1, Status.FAIL, headroom=0.5)
    rows, _ = first(make.report(bad, wrong, more), None)
    assert [(row.case, row.lane) for row in rows] == [("sub", "float32"), ("add", "float32"), ("add", "")]


def test_a_subject_without_a_name_is_left_to_fill_in(make):
    found = replace(make.report(make.verdict()), given_as="an object")
    assert replay(found.verdicts[0], found).endswith(" --implementation MODULE:ATTRIBUTE")
    assert " --implementation MODULE:ATTRIBUTE " in command(found)


def test_drift_is_last_and_is_no_failure(make):
    rows, more = first(make.report(make.verdict(headroom=1.3), make.verdict("sub", headroom=1.2)), None)
    assert [(row.kind, row.case) for row in rows] == [("drift", "sub"), ("drift", "add")]
    assert rows[0].what == "the output passes, only 1.2 times within what rounding may move it"
    assert more == 0


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            {"check": "backward", "observable": "grad.input", "headroom": 0.5},
            "the gradient of input is 2 times",
        ),
        ({"check": "training", "observable": "weight", "headroom": 0.5}, "weight after training is 2 times"),
        ({"observable": "sum/grad.bias", "headroom": 0.5}, "the gradient of bias (sum) is 2 times"),
        ({"observable": "h_n", "headroom": None}, "the output h_n is wrong"),
        ({"check": "use", "use": "twice", "headroom": 0.5}, "the output is 2 times as far off"),
        ({"check": "errors", "lane": None, "observable": "rank"}, "a bad call (rank) raises something else"),
        ({"status": Status.ERROR, "observable": None}, "the whole sample got no answer"),
        ({"status": Status.EMPTY, "observable": None}, "the whole sample had nothing to compare"),
    ],
)
def test_what_broke_is_said_in_words(make, fields, told):
    found = make.verdict(**{"status": Status.FAIL, **fields})
    assert what_happened(found).startswith(told)


def test_a_command_quotes_what_a_shell_would_take_apart(make):
    found = replace(make.report(make.verdict(sample="a b:1")), implementation="my file.py:make")
    assert replay(found.verdicts[0], found) == (
        "conformance replay 'a b:1' --implementation 'my file.py:make'"
    )


def test_a_cell_is_the_least_headroom_and_a_grey_one_says_why(make):
    found = make.report(make.verdict(headroom=9.0), make.verdict(draw=1, headroom=2.0))
    (line,) = lines(found, WARN)
    assert [(cell.text, cell.level) for cell in line.cells] == [
        ("2", "near"),
        *[("–", "unmeasured")] * 4,
    ]
    assert dict(zip(CHECKS, (cell.why for cell in line.cells), strict=True)) == {
        "forward": "2 PASS",
        "backward": "its outputs have no gradient",
        "training": "it does not train",
        "use": "no use applies to it",
        "errors": "not called wrongly in this run",
    }
    assert (line.case, line.family, line.least, line.level) == ("add", "arithmetic", "2", "near")


def test_a_case_that_trains_has_no_other_checks(make):
    (line,) = lines(make.report(make.verdict("optim.SGD", check="training", headroom=9.0)), WARN)
    assert {cell.why for cell in line.cells[:2]} == {"it trains: its parameters after the steps are compared"}
    assert line.cells[2].text == "9"


def test_each_status_has_its_cell(every_status):
    cells = {line.case: (line.cells[0].text, line.cells[0].level) for line in lines(every_status, WARN)}
    assert cells == {
        "add": ("12", "far"),
        "sub": ("1.2", "drift"),
        "mul": ("2 FAIL", "fail"),
        "div": ("1 ERROR", "fail"),
        "exp": ("excused", "unmeasured"),
        "log": ("skipped", "unmeasured"),
        "cat": ("1 EMPTY", "fail"),
        "nn.Linear": ("4", "middle"),
        "nn.LSTM": ("–", "unmeasured"),
        every_status.verdicts[-1].case: ("3", "middle"),
    }


def test_failures_sort_before_all_headrooms_and_what_was_not_judged_after(every_status):
    order = {line.case: [cell.order for cell in line.cells] for line in lines(every_status, WARN)}
    assert order["mul"][0] < order["div"][0] < order["sub"][0] < order["add"][0] < order["nn.LSTM"][0]


@pytest.mark.parametrize(
    ("headroom", "expected"),
    [
        (None, "unmeasured"),
        (float("nan"), "fail"),
        (0.99, "fail"),
        (1.0, "drift"),
        (1.4, "near"),
        (3.0, "middle"),
        (10.0, "far"),
        (inf, "exact"),
    ],
)
def test_the_levels_begin_where_they_should(headroom, expected):
    assert level(headroom, WARN) == expected


def test_a_drawer_has_a_row_per_observable_and_lane_use_and_bad_call(every_status):
    found = {each.case: each for each in drawers(every_status, seen(every_status.verdicts), WARN, None)}
    assert [(row.name, row.lane, row.outcome, row.headroom) for row in found["add"].observed] == [
        ("output", "float32", "1 of 1", "12"),
        ("output", "float64", "1 of 1", "exact"),
        ("grad.other", "float32", "1 of 1", "5"),
        ("shapes do not fit", "bad call", "1 of 1", ""),
    ]
    assert [(row.name, row.lane, row.outcome) for row in found["nn.Linear"].observed] == [
        ("output", "float32", "1 of 1"),
        ("twice", "use", "0 of 1, 1 FAIL"),
    ]
    assert dict(found["mul"].drawn) == {"shape class": "small 3×", "regime": "normal 3×", "N": "2", "F": "3"}
    assert len(found["mul"].failures) == 3
    assert found["mul"].more == 1
    assert found["log"].skipped == ("1 skip: no float32 here",)


def test_a_row_is_about_its_nearest_verdict(make):
    near = make.verdict(draw=1, headroom=2.0, regime="saturated")
    found = make.report(make.verdict(headroom=9.0), near)
    ((row,),) = (each.observed for each in drawers(found, seen(found.verdicts), WARN, None))
    assert (row.headroom, row.tolerance, row.error, row.where) == ("2", "1e-06", "5e-07", "small · saturated")
    assert (row.outcome, row.numbers, row.ulp) == ("2 of 2", "12", "3")


def test_every_case_has_a_program():
    without = [case for case in CASES if program(case) is None]
    assert without == []
    assert "t.nn.Linear" in program("nn.Linear").text
    assert program("nn.LSTM").text.startswith("# kind = 'LSTM'\ndef build(")
    assert program("of another version") is None


def test_a_dot_is_the_least_headroom_of_a_case_lane_and_observable(make):
    found = make.report(
        make.verdict(headroom=9.0),
        make.verdict(draw=1, headroom=2.0),
        make.verdict(headroom=inf, lane="float64"),
        make.verdict(headroom=1.5, check="use", use="twice"),
    )
    assert [(dot.family, dot.lane, dot.headroom, dot.href) for dot in dots(found)] == [
        ("arithmetic", "float32", 2.0, "case/add/float32/output"),
        ("arithmetic", "float64", inf, "case/add/float64/output"),
    ]


def test_of_too_many_dots_the_nearest_are_drawn(make, monkeypatch):
    monkeypatch.setattr("conformance.report.page.strip.MOST", 2)
    verdicts = [
        make.verdict(case, headroom=each) for case, each in (("add", 9.0), ("sub", 2.0), ("mul", 3.0))
    ]
    assert [dot.headroom for dot in dots(make.report(*verdicts))] == [2.0, 3.0]


def test_names_of_rows_hold_no_space_and_no_quote(make):
    name = anchor(make.hostile, "float32", 'grad."x y"')
    assert not set(name) & set(" \"'<>&")
    assert anchor("half a pair \udc80") == "case/half%20a%20pair%20%5Cudc80"
    assert anchor("nn.LSTM", "float32", "grad.input") == "case/nn.LSTM/float32/grad.input"
    assert anchor_of(make.verdict(check="use", use="twice")) == "case/add/use/twice"
    assert anchor_of(make.verdict(lane=None, check="errors", observable="rank")) == "case/add/errors/rank"


def test_the_command_makes_the_run_again(make):
    found = make.report(make.verdict("add", headroom=2.0), scope=Scope(named=("add",)))
    assert command(found) == "conformance run add --implementation mytorch --dtype float32 --seed 1"
    whole = make.report(make.verdict(headroom=2.0), make.verdict(headroom=2.0, lane="float64"))
    assert command(whole) == "conformance run --implementation mytorch --seed 1"


def test_the_provenance_has_seed_constants_and_environment(make):
    rows = dict(provenance(make.report(), "abc"))
    assert rows["seed"] == "1"
    assert rows["constants.toml"] == "sha256 abc"
    assert rows["numpy"] == "2.4.6"


def test_of_the_errors_by_steps_and_gates_the_plain_path_is_shown(recurrent):
    found = drawers(recurrent, seen(recurrent.verdicts), WARN, None)
    assert [drawer.case for drawer in found if drawer.heat] == ["nn.LSTM"]
    shown = next(drawer.heat for drawer in found if drawer.heat)
    assert (shown.lane, "draw=1" in shown.sample) == ("float32", True)
    by_step, by_gate = shown.tables
    assert (by_step.axis, by_step.labels[-1], len(by_step.labels)) == ("step", "135-139", 28)
    assert [(row.name, row.words) for row in (*by_step.rows, *by_gate.rows)] == [
        ("output", "only step 135-139 (of 0 to 139)"),
        ("grad.input", "every step (0 to 139)"),
        ("grad.weight_ih_l0", "every gate (i, f, g, o)"),
        ("grad.bias_ih_l0", "only gate f (of i, f, g, o)"),
    ]
    assert by_step.rows[0].cells[-3:] == (("0", 0), ("0.9", 0), ("5", 1))
    assert [cells for _, *_, cells, _ in by_gate.rows][1] == (("1", 0), ("3e+04", 3), ("0.2", 0), ("0", 0))
    assert by_step.rows[0].href == "case/nn.LSTM/float32/output"


def test_without_a_plain_sample_the_first_failure_is_shown_and_of_many_rows_some(make, recurrent):
    first_of_all = heat(recurrent.failures, lambda _: False)
    assert "draw=0" in first_of_all.sample
    assert [len(table.labels) for table in first_of_all.tables] == [3]
    (one,) = (v for v in recurrent.verdicts if v.observable == "grad.bias_ih_l0")
    many = [replace(one, observable=f"grad.bias_ih_l{layer}") for layer in range(14)]
    (table,) = heat(many, lambda _: False).tables
    assert (len(table.rows), table.more) == (12, 2)
    assert heat([make.verdict(status=Status.FAIL)], lambda _: False) is None


def test_a_failure_says_in_which_steps_or_gates_it_is_beyond(recurrent):
    rows, _ = first(recurrent, None)
    beyond = [dict(row.facts).get("beyond") for row in rows]
    assert beyond[:3] == ["every step (0 to 2)", None, "only step 135-139 (of 0 to 139)"]
