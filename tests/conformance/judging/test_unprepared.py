"""What is raised while a sample is prepared is told as an error of that sample: who raised it, and where."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest
import torch

from conformance.cases import CASES
from conformance.cases.case import Case
from conformance.errors import DegenerateError, ReferenceRaisedError, UsageError
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample, unprepared
from conformance.judging.unprepared import told_of
from conformance.sampling.sample import Sample
from conformance.sampling.space import Space
from conformance.sampling.values import Input
from conformance.subjects import pytorch

X = Sample("x", 1, 0, "small", "normal", (("N", 4),))


def _case(program, **fields):
    return Case(
        name="x",
        space=Space({"N": "batch"}),
        inputs=lambda config: {"input": Input((config["N"], 3))},
        program=program,
        **fields,
    )


def refused(t, x):
    return {"output": t.nn.functional.linear(x["input"], t.ones(2, 2, dtype=t.float64))}


def refused_in_float32(t, x):
    return {"output": x["input"] + 0} if x["input"].dtype == t.float64 else refused(t, x)


# In float64 with noise, and in the lane alone.
@pytest.mark.parametrize("program", [refused, refused_in_float32])
def test_it_says_that_the_reference_raised_what_and_where(program):
    with pytest.raises(ReferenceRaisedError) as caught:
        prepare(_case(program), X)
    told = str(caught.value)
    assert told.startswith("the reference raised RuntimeError: ")
    assert told.endswith(f"({__name__}, line {refused.__code__.co_firstlineno + 1}, in refused)")
    assert caught.value.__notes__ == [f"in {X.text}"]
    assert caught.value.traceback.startswith("Traceback (most recent call last):")
    assert "in refused" in caught.value.traceback


def test_a_reason_says_who_raised_and_ends_with_the_traceback():
    with pytest.raises(ReferenceRaisedError) as caught:
        prepare(_case(refused), X)
    (verdict,) = unprepared(_case(refused), X, ["float32"], caught.value)
    first, second, *_, last = verdict.reason.split("\n")
    assert first == str(caught.value)
    assert second == "Traceback (most recent call last):"
    assert last.startswith("RuntimeError: ")


def _overdrawn(config):
    raise KeyError(f"no {sorted(config)}")


def test_what_the_harness_raises_is_not_told_as_the_references():
    case = replace(_case(refused), inputs=_overdrawn)
    with pytest.raises(ReferenceRaisedError, match=r"^the harness raised KeyError: .*in _overdrawn\)"):
        prepare(case, X)


def test_one_side_of_a_case_of_differences_may_be_refused_when_it_is_judged():
    prepared = prepare(_case(lambda t, x: {"output": t.tanh(x["input"])}, one_side=refused), X)
    with pytest.raises(ReferenceRaisedError, match=r"^the reference raised RuntimeError"):
        judge_sample(prepared, pytorch.make())


def test_the_other_accuracy_class_may_be_refused_when_it_is_judged(monkeypatch):
    sample = Sample("tanh", 1, 0, "small", "normal", (("N", 2), ("F", 3), ("method", True)))
    prepared = prepare(CASES["tanh"], sample)
    monkeypatch.setattr(torch.Tensor, "tanh", lambda tensor: refused(torch, {"input": tensor})["output"])
    with pytest.raises(ReferenceRaisedError, match=r"^the reference raised RuntimeError"):
        _ = prepared.absolute


PASSED_ON = {
    "a draw": DegenerateError("at a tie"),
    "wrong use": UsageError("no such dtype"),
    "too little memory": MemoryError(),
    "a missing extra": ModuleNotFoundError("No module named 'torch'", name="torch.nn"),
}


@pytest.mark.parametrize("error", PASSED_ON.values(), ids=PASSED_ON)
def test_what_means_something_else_stays_as_it_is(error):
    with pytest.raises(type(error)) as caught, told_of(X):
        raise error
    assert caught.value is error


def test_another_missing_module_is_of_the_sample():
    with pytest.raises(ReferenceRaisedError), told_of(X):
        raise ModuleNotFoundError("No module named 'torches'", name="torches")


def test_it_is_whole_in_another_process():
    error = ReferenceRaisedError("the harness raised it", "Traceback", refused=False)
    error.add_note("in x")
    there = pickle.loads(pickle.dumps(error))  # noqa: S301 - it was made here
    assert (str(there), there.traceback, there.__notes__) == (str(error), error.traceback, ["in x"])
    assert not there.refused
