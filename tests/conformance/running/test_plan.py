"""The plan of a run: every sample drawn and all work listed, before anything is judged."""

from __future__ import annotations

import pytest

from conformance.cases import CASES
from conformance.errors import UsageError
from conformance.running.plan import find_lanes, plan
from conformance.running.work import BadCallWork, SampleWork
from conformance.sampling.space import MINIMUMS, draw
from conformance.subjects.protocol import LANES


def test_a_cases_samples_come_first_and_then_its_bad_calls():
    lanes = ("float32",)
    case = CASES["unsqueeze"]
    drawn = draw(case.name, case.space, 7, 3)
    *samples, bad_calls = plan(["unsqueeze"], 3, 7, lanes)
    assert [(work.sample, work.lanes) for work in samples] == [(sample, lanes) for sample in drawn]
    assert bad_calls == BadCallWork("unsqueeze", 7)


def test_a_plan_is_the_same_each_time_that_it_is_gone_through():
    planned = plan(["cat", "add"], None, 1, LANES)
    assert list(planned) == list(planned)
    assert planned.own == len(planned) == len(list(planned))


@pytest.mark.parametrize(
    "other",
    [(["cat"], 4, 1, LANES), (["cat"], 5, 2, LANES), (["add"], 5, 1, LANES), (["cat"], 5, 1, LANES[:1])],
)
def test_other_work_has_another_digest(other):
    assert plan(["cat"], 5, 1, LANES).digest == plan(["cat"], 5, 1, LANES).digest != plan(*other).digest


def test_a_case_without_bad_calls_has_no_work_for_them():
    case = next(case for case in CASES.values() if not case.bad_calls)
    assert {type(work) for work in plan([case.name], 1, 1, LANES)} == {SampleWork}


@pytest.mark.parametrize("samples", [0, -1, 1.0, True, "1"])
def test_no_samples_are_refused(samples):
    with pytest.raises(UsageError, match=f"samples: expected a whole number of at least 1, got {samples!r}"):
        plan(["unsqueeze"], samples, 1, LANES)


def test_by_default_a_case_says_how_many_samples():
    planned = plan(["unsqueeze"], None, 1, LANES)
    assert len(planned) == len(list(planned)) == CASES["unsqueeze"].default_samples + 1


def test_work_is_listed_in_the_order_asked_for():
    assert [work.case for work in plan(["tanh", "exp"], 1, 1, LANES) if isinstance(work, SampleWork)] == [
        "tanh",
        "exp",
    ]


def test_minimums_bind_a_plan_of_all_cases():
    assert plan((), None, 1, LANES).minimums == MINIMUMS
    assert plan(["tanh"], None, 1, LANES).minimums == {}


@pytest.mark.parametrize("dtypes", [["float32", "float64"], ["float64", "float32", "float64"]])
def test_lanes_are_dtypes_in_one_order(dtypes):
    assert find_lanes(dtypes) == LANES == ("float64", "float32")


def test_an_unknown_dtype_is_named():
    with pytest.raises(
        UsageError, match=r"unknown dtype 'float8'. There are: float64, float32, bfloat16, float16"
    ):
        find_lanes(["float8"])


@pytest.mark.parametrize("cases", ["tanh", [CASES["tanh"]]], ids=["a string", "a case"])
def test_cases_are_given_by_a_list_of_names(cases):
    with pytest.raises(UsageError, match="cases: expected a list of names, got"):
        plan(cases, 1, 1, LANES)
