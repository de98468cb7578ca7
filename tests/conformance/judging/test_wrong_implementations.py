"""Deliberately wrong implementations get the right status, and the reason names the mistake.

They are in tests/faulty; each fails at its wrong observables and passes at the others.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from conformance.cases import CASES
from conformance.judging.bad_calls import judge_bad_calls
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status
from conformance.registry import find_implementation
from conformance.sampling.sample import Sample
from conformance.subjects import mytorch, pytorch
from conformance.subjects.protocol import LANES

ADD = "add:seed=1,draw=0,class=small,regime=normal,N=3,F=4,broadcast=row,operator=false"
CAT = "cat:seed=1,draw=0,class=small,regime=normal,N=2,L=3,F=4,dim=1,second=2"
SGD = (
    "optim.SGD:seed=1,draw=0,class=small,regime=normal,N=3,I=4,O=2,way=closure,lr=0.0625,momentum=0.9,"
    "dampening=0.0,weight_decay=0.01,nesterov=false,maximize=false"
)
CELL = "models.LSTMCell:seed=1,draw=0,class=small,regime=normal,N=2,I=3,H=4,O=2"

ADD_ALL = ["output", "grad.input", "grad.other"]
CAT_ALL = ["output", "grad.first", "grad.second"]


@cache
def _prepared(text):
    sample = Sample.parse(text)
    return prepare(CASES[sample.case], sample)


@pytest.fixture
def plug_in(monkeypatch):
    """Find an implementation as a user's is found: by `module:attribute`, on the path."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    return lambda spec: find_implementation(f"faulty.{spec}")


# module:attribute, sample → status, the observables with that status, words of the reason
JUDGED = [
    ("traces:nan_in_one_element", ADD, Status.FAIL, ["output"] * 2, "1 of 12 elements, some of them inf"),
    ("traces:inf_in_one_element", ADD, Status.FAIL, ["output"] * 2, "1 of 12 elements, some of them inf"),
    ("traces:one_element_off", ADD, Status.FAIL, ["output"] * 2, "1 of 12 elements differ"),
    ("traces:one_element_off", SGD, Status.FAIL, ["loss.1"] * 2, "1 of 1 elements differ"),
    ("traces:wrong_shape", ADD, Status.FAIL, ["output"] * 2, "shape: expected (3, 4), got (1, 3, 4)"),
    ("traces:wrong_dtype", ADD, Status.FAIL, ["output"] * 2, "dtype: expected float"),
    ("traces:missing_gradient", ADD, Status.FAIL, ["grad.other"] * 2, "missing: expected grad.other"),
    ("traces:extra_observable", ADD, Status.FAIL, ["hidden"] * 2, "unexpected: the reference has no hidden"),
    ("traces:zero_gradients", ADD, Status.FAIL, ["grad.input", "grad.other"] * 2, "elements differ"),
    ("traces:zero_gradients", CAT, Status.FAIL, ["grad.first", "grad.second"] * 2, "elements differ"),
    ("traces:negated_gradients", ADD, Status.FAIL, ["grad.input", "grad.other"] * 2, "elements differ"),
    ("traces:nothing_at_all", ADD, Status.FAIL, ADD_ALL * 2, "missing: "),
    ("traces:lists_for_arrays", ADD, Status.FAIL, ADD_ALL * 2, "got list"),
    ("precision:float64_through_float32", ADD, Status.FAIL, ADD_ALL, "differ"),
    ("precision:float64_through_float32", CAT, Status.FAIL, CAT_ALL, "differ"),
    ("precision:through_float16", CAT, Status.FAIL, CAT_ALL * 2, "differ"),
    ("refusing:Raising", ADD, Status.ERROR, [None] * 2, "ArithmeticError: no idea how to do add"),
    ("refusing:Refusing", ADD, Status.SKIP, [None] * 2, "add is not for refusing"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "text", "status", "observables", "reason"),
    JUDGED,
    ids=[f"{spec}-{text.partition(':')[0]}" for spec, text, *_ in JUDGED],
)
def test_a_wrong_implementation_is_judged_as_what_it_is(plug_in, spec, text, status, observables, reason):
    verdicts = [v for v in judge_sample(_prepared(text), plug_in(spec)) if v.status is not Status.PASS]
    assert [(v.status, v.observable) for v in verdicts] == [(status, name) for name in observables]
    for verdict in verdicts:
        assert reason in verdict.reason


def test_what_is_right_about_a_wrong_implementation_passes(plug_in):
    verdicts = judge_sample(_prepared(ADD), plug_in("traces:nan_in_one_element"))
    passed = [v.observable for v in verdicts if v.status is Status.PASS]
    assert passed == ["grad.input", "grad.other"] * 2


def test_only_the_float64_lane_can_see_float64_through_float32(plug_in):
    verdicts = judge_sample(_prepared(CAT), plug_in("precision:float64_through_float32"))
    assert {v.lane for v in verdicts if v.status is Status.FAIL} == {"float64"}


def test_a_wrong_element_is_located(plug_in):
    verdicts = judge_sample(_prepared(ADD), plug_in("traces:one_element_off"))
    failed = [v for v in verdicts if v.status is Status.FAIL]
    for verdict in failed:
        assert verdict.worst_index == [2, 3]
        assert verdict.got == pytest.approx(1.001 * verdict.expected, rel=1e-5)
        assert verdict.max_error > verdict.tolerance


@pytest.mark.parametrize("text", [ADD, CAT, SGD, CELL], ids=lambda text: text.partition(":")[0])
@pytest.mark.parametrize("make", [pytorch.make, mytorch.make], ids=["torch", "mytorch"])
def test_a_right_implementation_passes_the_same_samples(make, text):
    verdicts = judge_sample(_prepared(text), make())
    assert {v.lane for v in verdicts} == set(LANES)
    assert {v.status for v in verdicts} == {Status.PASS}


ERRORS = [
    ("errors:wrong_class", r"^expected (Runtime|Value)Error \(", "got OddError ("),
    ("errors:nothing_named", "the message does not name ", ": bad argument"),
    ("errors:accepting", r"^expected (Runtime|Value)Error \(", "got no error"),
    ("refusing:Raising", r"^expected (Runtime|Value)Error \(", "got ArithmeticError ("),
]


@pytest.mark.parametrize("name", ["add", "cat", "models.LSTMCell"])
@pytest.mark.parametrize(("spec", "first", "second"), ERRORS, ids=[spec for spec, *_ in ERRORS])
def test_a_bad_call_wrongly_answered_fails(plug_in, spec, first, second, name):
    case = CASES[name]
    verdicts = judge_bad_calls(case, plug_in(spec))
    assert [v.observable for v in verdicts] == [bad.label for bad in case.bad_calls]
    for verdict in verdicts:
        assert verdict.status is Status.FAIL
        assert re.search(first, verdict.reason)
        assert second in verdict.reason


def test_a_message_is_told_what_it_does_not_name(plug_in):
    (verdict,) = judge_bad_calls(CASES["add"], plug_in("errors:nothing_named"))
    assert verdict.reason == "the message does not name 3, 4, dimension 1: bad argument"


def test_a_refused_bad_call_is_skipped_with_the_reason(plug_in):
    (verdict,) = judge_bad_calls(CASES["add"], plug_in("refusing:Refusing"))
    assert (verdict.status, verdict.reason) == (Status.SKIP, "add is not for refusing")
