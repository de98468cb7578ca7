"""What the page says of a baseline: the gate's table with links, and what each failure was there."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from conformance.arithmetic.constants import constants
from conformance.judging.verdict import Status
from conformance.report.baseline import Baseline
from conformance.report.changes import folded
from conformance.report.gate import Gate
from conformance.report.page.changes import changes
from conformance.report.scope import Scope

NEAR = constants().element
FALLEN = NEAR / (1.01 * constants().headroom_factor)


@pytest.fixture
def before(make):
    """The verdicts of a run before a change."""
    cases = ("add", "sub", "mul", "div")
    uses = [make.verdict("add", check="use", use="twice", headroom=NEAR)]
    bad_calls = [make.verdict("add", lane=None, check="errors", observable="rank", elements=0)]
    return [*(make.verdict(case, headroom=NEAR) for case in cases), *uses, *bad_calls]


def _lines(found):
    return [(row.word, row.change.kind, row.change.place, row.href) for row in found.rows]


def test_nothing_changed_since_a_baseline_of_the_same_run(every_status):
    found = changes(every_status, Baseline.of(every_status))
    assert (found.rows, found.more, found.refused, found.apart) == ((), 0, "", "")


def test_the_table_is_the_gates_with_a_link_in_each_line(make, before):
    add, sub, _, div, twice, rank = before
    now = make.report(
        replace(add, status=Status.FAIL, headroom=0.5),
        replace(sub, headroom=FALLEN),
        replace(div, status=Status.FAIL, observable=None),
        replace(twice, status=Status.FAIL),
        replace(rank, status=Status.FAIL),
        make.verdict("log", headroom=3.0),
    )
    found = changes(now, Baseline.of(make.report(*before)))
    assert _lines(found) == [
        # What is gone has no row, and only an observable of a case that is still there has its drawer.
        ("lost", "case", "mul", ""),
        ("lost", "verdicts", "add · float32 · forward · output", "case/add/float32/output"),
        ("lost", "verdicts", "add · bad call · errors · rank", "case/add/errors/rank"),
        ("lost", "verdicts", "div · float32 · forward · output", "case/div"),
        ("lost", "verdicts", "div · float32 · forward · whole sample", "case/div/float32/-"),
        ("lost", "use", "add · use · twice", "case/add/use/twice"),
        ("lost", "headroom", "sub · float32 · forward · output", "case/sub/float32/output"),
        ("gained", "case", "log", "case/log"),
    ]
    gate = Gate(now, Baseline.of(make.report(*before)))
    assert [row.change for row in found.rows] == [*folded(gate.lost), *folded(gate.gained)]
    assert (found.lost, found.gained) == (7, 1)


@pytest.mark.parametrize("factor", [1.0, 0.99 * constants().headroom_factor])
def test_nothing_is_said_to_have_changed_where_the_gate_says_so(make, before, factor):
    now = make.report(*(replace(each, headroom=each.headroom and each.headroom / factor) for each in before))
    better = make.report(*(replace(each, headroom=each.headroom and inf) for each in before))
    for run in (now, better):
        assert not Gate(run, Baseline.of(make.report(*before))).moved
        assert changes(run, Baseline.of(make.report(*before))).rows == ()


def test_what_the_gate_fails_for_beside_the_baseline_is_in_the_table(make, before):
    inside = replace(make.report(*before), environment={"subject": "in the judge's process"})
    found = changes(inside, Baseline.of(make.report(*before)))
    assert _lines(found) == [("lost", "run", "in the judge's process", "")]


def test_the_lines_of_a_long_table_are_counted(make):
    many = [make.verdict(f"c{k}", headroom=NEAR) for k in range(30)]
    found = changes(make.report(*many[:5]), Baseline.of(make.report(*many)))
    assert (len(found.rows), found.more, found.lost) == (20, 5, 25)


def test_of_a_failure_it_is_said_how_its_place_ended_before(make, before):
    known = replace(before[1], status=Status.FAIL, headroom=0.5)
    found = changes(make.report(*before), Baseline.of(make.report(*before, known)))
    assert [found.since(before[index]) for index in (0, 1, 4, 5)] == [
        "passed in the baseline",
        "1 PASS, 1 FAIL in the baseline",
        "passed in the baseline",
        "passed in the baseline",
    ]
    assert found.since(make.verdict("cat", 0, Status.FAIL)) == "not in the baseline"


def test_a_run_of_some_cases_is_compared_in_those_alone_and_says_so(make, before):
    baseline = Baseline.of(make.report(*before))
    add, sub, *_ = before
    now = make.report(sub, scope=Scope(named=("sub",)))
    found = changes(now, baseline)
    assert (found.rows, found.lost) == ((), 0)
    assert found.apart == (
        "Only the cases that this run was asked for are compared: 3 of the 4 of the baseline are not, and "
        "conformance gate counts them as lost."
    )
    # The gate fails for what is not there, whatever was asked for.
    assert {change.where for change in Gate(now, baseline).lost} == {("add",), ("mul",), ("div",)}
    worse = replace(now, verdicts=(replace(sub, status=Status.FAIL, headroom=0.5),))
    assert [row.change.kind for row in changes(worse, baseline).rows] == ["verdicts"]
    # A named case that is not there is gone.
    both = replace(now, scope=Scope(named=("sub", "add")))
    assert _lines(changes(both, baseline)) == [("lost", "case", "add", "")]
    whole = make.report(add, scope=Scope(named=("add",)))
    assert changes(whole, Baseline.of(whole)).apart == ""


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"seed": 2}, "Nothing is compared: seed: the baseline is of 1, and the report of 2."),
        ({"implementation": "mine"}, "implementation: the baseline is of mytorch, and the report of mine."),
        ({"reference": "jax"}, "reference: the baseline is of torch, and the report of jax."),
    ],
)
def test_a_run_that_the_baseline_is_not_of_is_not_compared(make, before, fields, told):
    found = changes(replace(make.report(*before[:1]), **fields), Baseline.of(make.report(*before)))
    assert told in found.refused
    assert found.rows == ()
    assert found.since(before[0]) == ""


def test_of_a_run_that_ended_early_only_the_failures_are_compared(make, before):
    part = replace(make.report(*before[:1]), timing={"stopped": "STOPPED at the first failure"})
    found = changes(part, Baseline.of(make.report(*before)))
    assert "ended early" in found.refused
    assert found.rows == ()
    assert found.since(before[0]) == "passed in the baseline"
