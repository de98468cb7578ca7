"""Bad calls: torch raises an exception for each, and a subject is judged by what it raises instead."""

from __future__ import annotations

import pytest

from conformance.cases import CASES
from conformance.cases.case import BadCall, Case
from conformance.judging.bad_calls import judge_bad_calls
from conformance.judging.verdict import Status
from conformance.sampling.space import Space
from conformance.sampling.values import Input
from conformance.subjects import pytorch


def _case(program, *bad_calls):
    return Case(
        name="x",
        space=Space({"N": "batch"}),
        inputs=lambda config: {"input": Input((config["N"], 3))},
        program=program,
        base={"N": 2},
        bad_calls=bad_calls,
    )


class Answers:
    """Calls given functions instead of running a task.

    Args:
        unsupported: answers whether a task is supported.
        run: answers the task.
    """

    name = "answers"

    def __init__(self, unsupported=lambda _: None, run=lambda _: {}):
        self.unsupported = unsupported
        self.run = run


def _raising(error):
    def answer(_):
        raise error

    return answer


bad_calls = pytest.mark.parametrize(
    "case", [case for case in CASES.values() if case.bad_calls], ids=lambda case: case.name
)


@bad_calls
def test_torch_refuses_every_bad_call_and_names_what_a_subject_must(case):
    assert {v.observable: v.reason for v in judge_bad_calls(case, pytorch.make()) if v.status != "PASS"} == {}


@bad_calls
def test_bad_calls_are_verdicts_without_a_lane(case):
    verdicts = judge_bad_calls(case, pytorch.make())
    assert [(v.observable, v.check, v.lane) for v in verdicts] == [
        (bad.label, "errors", None) for bad in case.bad_calls
    ]


def test_a_subject_that_cannot_say_what_it_supports_is_an_error():
    verdicts = judge_bad_calls(CASES["nn.Linear"], Answers(unsupported=_raising(LookupError("?"))))
    assert {v.status for v in verdicts} == {Status.ERROR}
    assert all(v.reason.endswith("LookupError: ?") for v in verdicts)


def test_a_bad_call_that_torch_accepts_is_an_error_and_the_others_are_judged():
    fine = BadCall("fine", ())
    case = _case(
        lambda t, x: {"output": t.tanh(x["input"]).view(x.config["N"], 3)}, fine, BadCall("N", (), {"N": 4})
    )
    first, second = judge_bad_calls(case, pytorch.make())
    assert (first.status, first.observable) == (Status.ERROR, "fine")
    assert first.reason == "DegenerateError: x: torch accepts the bad call 'fine'"
    assert second.status is Status.PASS


def test_a_class_below_torchs_own_is_the_same_class():
    case = _case(lambda t, x: t.matmul(x["input"], x["input"]), BadCall("sizes", ("2x3",)))
    (verdict,) = judge_bad_calls(case, Answers(run=_raising(NotImplementedError("2x3"))))
    assert verdict.status is Status.PASS


def test_an_answer_that_is_no_reason_is_an_error():
    verdicts = judge_bad_calls(CASES["nn.Linear"], Answers(unsupported=lambda _: 3))
    assert {v.status for v in verdicts} == {Status.ERROR}
    assert all(v.reason.endswith("expected None or the reason, got 3") for v in verdicts)
