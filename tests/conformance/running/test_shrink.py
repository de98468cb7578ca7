"""Shrinking: a smaller sample of the same class and regime that still fails."""

from __future__ import annotations

from dataclasses import replace

import pytest

import conformance
from conformance.cases import CASES
from conformance.faults import FAULTS, faulty
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status, Verdict
from conformance.running.shrink import shrink_failures, shrink_sample
from conformance.sampling.sample import Sample
from conformance.sampling.space import Space
from conformance.subjects import pytorch

LINEAR = CASES["nn.Linear"]


def size(text):
    sample = Sample.parse(text)
    return sum(sample.settings[name] for name in CASES[sample.case].space.sizes)


class Raising:
    """Raises on all but the smallest batches."""

    name = "raising"

    def unsupported(self, task):
        del task

    def run(self, task):
        if task.config["N"] > 2:
            raise ArithmeticError("on purpose")
        return pytorch.make().run(task)


def test_a_failing_sample_is_shrunk():
    report = conformance.run("fault:linear-bias-gradient-mean", cases=["nn.Linear"], samples=8)
    ((failed, smallest),) = report.shrunk.items()
    assert failed in {v.sample for v in report.failures}
    assert size(smallest) < size(failed)
    smallest, failed = Sample.parse(smallest), Sample.parse(failed)
    assert (smallest.shape_class, smallest.regime) == (failed.shape_class, failed.regime)
    verdicts = judge_sample(prepare(LINEAR, smallest), faulty(FAULTS["linear-bias-gradient-mean"]))
    assert Status.FAIL in {v.status for v in verdicts}


def test_a_sample_on_which_a_subject_raises_is_shrunk_to_where_it_still_raises():
    failed = "tanh:seed=1,draw=0,class=small,regime=normal,N=5,F=6,method=true"
    verdict = Verdict("tanh", failed, "forward", "float64", None, Status.ERROR)
    smallest = Sample.parse(shrink_sample(verdict, Raising()))
    assert (smallest.settings["N"], smallest.settings["F"]) == (3, 2)


def test_where_nothing_smaller_fails_the_sample_stays():
    failed = "tanh:seed=1,draw=0,class=small,regime=normal,N=5,F=6,method=true"
    verdict = Verdict("tanh", failed, "forward", "float64", "output", Status.FAIL)
    assert shrink_sample(verdict, pytorch.make(), attempts=5) == failed


def test_only_the_first_failures_are_shrunk():
    failed = "tanh:seed=1,draw={},class=small,regime=normal,N=5,F=6,method=true"
    verdicts = [Verdict("tanh", failed.format(k), "forward", "float64", None, Status.ERROR) for k in range(5)]
    assert list(shrink_failures(verdicts, Raising())) == [failed.format(k) for k in range(3)]


def test_samples_that_cannot_be_prepared_are_passed_over(monkeypatch):
    def program(t, x):
        return {"output": (t.ops.prims.cbrt if x.config["N"] < 4 else t.tanh)(x["input"])}

    space = Space({"N": "batch"}, classes=("small",), regimes=("normal",))
    case = replace(CASES["tanh"], name="mixed", space=space, program=program)
    case = replace(case, inputs=lambda config: CASES["tanh"].inputs({**config, "F": 2}))
    monkeypatch.setitem(CASES, "mixed", case)

    class Wrong(Raising):
        def run(self, task):
            return {name: array + 1 for name, array in pytorch.make().run(task).items()}

    failed = "mixed:seed=1,draw=0,class=small,regime=normal,N=5"
    verdict = Verdict("mixed", failed, "forward", "float64", "output", Status.FAIL)
    assert Sample.parse(shrink_sample(verdict, Wrong())).settings["N"] == 4


class Flaky(Raising):
    """Is wrong in every third call."""

    calls = 0

    def run(self, task):
        self.calls += 1
        trace = pytorch.make().run(task)
        return {name: array + (self.calls % 3 == 0) for name, array in trace.items()}


@pytest.mark.parametrize("calls", range(3))
@pytest.mark.parametrize("status", [Status.FAIL, Status.ERROR])
def test_a_subject_that_fails_at_times_does_not_stop_the_shrinking(calls, status):
    class Sometimes(Flaky):
        def run(self, task):
            if status is Status.ERROR and super().calls % 3 == 2:
                self.calls += 1
                raise ArithmeticError("at times")
            return super().run(task)

    subject = Sometimes()
    subject.calls = calls
    failed = "tanh:seed=1,draw=0,class=small,regime=normal,N=5,F=6,method=true"
    verdict = Verdict("tanh", failed, "forward", "float32", "output", status)
    assert size(shrink_sample(verdict, subject)) <= size(failed)


def test_a_failure_that_does_not_repeat_stays_as_it_is():
    failed = "tanh:seed=1,draw=0,class=small,regime=normal,N=5,F=6,method=true"
    verdict = Verdict("tanh", failed, "forward", "float64", None, Status.ERROR, repeatable=False)
    assert shrink_sample(verdict, Raising()) == failed
