"""The outcomes of a run: which of its failures are looked into, and that it keeps few of its verdicts."""

from __future__ import annotations

import weakref

import pytest

from conformance import spooled
from conformance.cases import CASES
from conformance.errors import DegenerateError, NoiseError, ReferenceRaisedError
from conformance.judging import verdicts as module
from conformance.judging.sample_judge import unprepared
from conformance.judging.verdict import Status, Verdict
from conformance.running.outcomes import Done
from conformance.running.work import BadCallWork, Outcome
from conformance.sampling.sample import Sample

WORK = BadCallWork("relu", 1)

UNPREPARED = (
    DegenerateError("at a tie"),
    NoiseError("cbrt: no rule"),
    ReferenceRaisedError("the reference raised RuntimeError: no (x, line 1, in x)", "Traceback"),
    ReferenceRaisedError("the harness raised RuntimeError: no (x, line 1, in x)", "Traceback"),
)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(spooled, "BLOCK", 4)
    monkeypatch.setattr(module, "HELD", 4)


def outcome(draw, *statuses, check="forward", prepared=True, ended=False):
    found = [Verdict("relu", f"relu:{draw}", check, "float32", f"o{k}", s) for k, s in enumerate(statuses)]
    return Outcome(found, prepared, ended)


def done(*outcomes):
    found = Done(len(outcomes))
    found.extend(((place, WORK, each) for place, each in enumerate(outcomes)), None, exit_first=False)
    return found


def test_the_first_failure_about_a_sample_is_looked_into():
    ok, wrong = Status.PASS, Status.FAIL
    found = done(
        outcome(0, ok, ok),
        outcome(1, wrong, check="errors"),
        outcome(2, Status.ERROR, prepared=False),
        outcome(3, ok, wrong, wrong),
        outcome(4, wrong),
    )
    assert [(each.sample, each.observable) for each in found.failures] == [("relu:3", "o1")]
    assert found.answering() == found.failures
    # What could not be prepared tells nothing about the subject.
    assert [each.sample for each in found.prepared()] == [f"relu:{k}" for k in (0, 0, 1, 3, 3, 3, 4)]


@pytest.mark.parametrize("error", UNPREPARED)
def test_a_use_that_could_not_be_prepared_takes_no_failures_place(error):
    ok, use = Status.PASS, Sample("relu", 1, 0, "small", "normal", (("N", 2),)).used("no-grad")
    unjudged = unprepared(CASES["relu"], use, ["float32"], error)
    found = done(
        outcome(0, ok)._replace(verdicts=[*outcome(0, ok).verdicts, *unjudged]),
        outcome(1, ok, Status.ERROR),
    )
    assert [(each.sample, each.observable) for each in found.failures] == [("relu:1", "o1")]
    assert done(outcome(0, ok)._replace(verdicts=unjudged)).failures == []


def test_a_sample_that_ended_the_process_is_not_asked_for_again():
    found = done(outcome(0, Status.ERROR, ended=True))
    assert [each.sample for each in found.failures] == ["relu:0"]
    assert found.answering() == []


def test_it_keeps_few_of_the_verdicts_of_many_samples():
    alive = []

    def outcomes():
        for draw in range(500):
            each = outcome(draw, Status.PASS, Status.PASS)
            alive.extend(map(weakref.ref, each.verdicts))
            yield draw, WORK, each

    found = Done(500)
    found.extend(outcomes(), None, exit_first=False)
    assert len(found.verdicts) == 1000
    # The first four, and a block that is filled.
    assert len({id(ref()) for ref in alive} - {id(None)}) <= 4 + 4
