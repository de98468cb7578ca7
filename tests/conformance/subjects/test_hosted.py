"""The tasks of a sample, sent in one message: answers in any order, and none lost where the process ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from conformance.cases import CASES
from conformance.registry import find_implementation
from conformance.running.plan import plan
from conformance.running.work import SampleWork
from conformance.subjects.host import Limits, Process
from conformance.subjects.hosted import Hosted
from conformance.subjects.protocol import Ended, Task

SUBJECT = """
import os, time
import numpy as np
from conformance import TorchLike


class Base(TorchLike):
    runs = 0

    def __init__(self):
        super().__init__("mine", "mytorch")


class Counts(Base):
    def run(self, task):
        self.runs += 1
        return {"runs": np.array([self.runs]), **task.inputs()}


class EndsInAUse(Base):
    def run(self, task):
        self.runs += 1
        if task.sample.use:
            os._exit(1)
        return {"runs": np.array([self.runs])}


class WrongInFloat32(Base):
    def run(self, task):
        trace = super().run(task)
        return trace if task.dtype == "float64" else {name: array + 1 for name, array in trace.items()}


class Declines(Base):
    def unsupported(self, task):
        if task.sample.use:
            raise RuntimeError("in its reason")
        return "not this one" if task.dtype == "float32" else None

    def run(self, task):
        self.runs += 1
        return {"runs": np.array([self.runs])}


class Sleeps(Base):
    def run(self, task):
        # Longer than the judge waits, in all, and each within the limit.
        time.sleep(0.4)
        return {"x": np.zeros(1)}
"""


@pytest.fixture
def subject(tmp_path):
    (tmp_path / "mine.py").write_text(SUBJECT, encoding="utf-8")
    made = []

    def start(name, seconds=60.0):
        spec = name if name == "mytorch" else f"{tmp_path / 'mine.py'}:{name}"
        made.append(Hosted(Process({"do": "load", "spec": spec}, limits=Limits(seconds))))
        return made[-1]

    yield start
    for each in made:
        each.close()


@pytest.fixture
def questions(monkeypatch):
    """The numbers of answers that each question asks for."""
    sent = []
    send = Process.send

    def counted(self, header, arrays=None, answers=1):
        sent.append(answers)
        send(self, header, arrays, answers)

    monkeypatch.setattr(Process, "send", counted)
    return sent


def work_with_uses(case="nn.Linear"):
    planned = plan([case], None, 1, ("float64", "float32"))
    return next(each for each in planned if isinstance(each, SampleWork) and len(each.uses) > 2)


def tasks(*uses, count=1):
    case, sample = CASES["nn.Linear"], work_with_uses().sample
    plain = [Task(case, sample, lane) for lane in ("float64", "float32")] * count
    return plain + [Task(case, sample.used(use), "float64") for use in uses]


def of(verdicts):
    return [replace(each, reason=None) for each in verdicts]


def test_a_sample_is_one_message_with_all_lanes_and_uses(subject, questions):
    work = work_with_uses()
    outcome = work.judge(subject("mytorch"))
    assert len(questions) == 1
    assert questions[0] >= 2 + len(work.uses)
    assert outcome == work.judge(find_implementation("mytorch"))


def test_a_failure_is_run_again_alone_and_the_verdicts_are_those_of_one_process(subject, questions, tmp_path):
    work = work_with_uses()
    hosted = work.judge(subject("WrongInFloat32"))
    # Nine more runs in two lanes; each use is asked for once, and again where its lane is wrong.
    assert questions[0] > 2
    assert set(questions[1:]) == {1}
    own = work.judge(find_implementation(f"{tmp_path / 'mine.py'}:WrongInFloat32"))
    assert of(hosted.verdicts) == of(own.verdicts)
    assert {each.lane for each in own.verdicts if not each.passed} == {"float32"}


def test_answers_wait_for_their_turn_and_a_repeated_task_is_run_again(subject):
    counts = subject("Counts")
    wide, narrow, use = tasks("no_grad")
    counts.announce([wide, narrow, wide, use])
    asked = (use, narrow, wide, wide, narrow)
    assert [int(counts.run(task)["runs"][0]) for task in asked] == [4, 2, 1, 3, 5]


def test_what_was_announced_and_not_asked_for_is_no_answer_to_anything_else(subject):
    counts = subject("Counts")
    wide, narrow, use = tasks("no_grad")
    counts.announce([wide, use, narrow])
    assert counts.run(wide)["runs"] == 1
    counts.announce([narrow])
    found = counts.run(narrow)
    assert found["runs"] == 4
    assert found["input"].dtype == np.float32
    counts.announce([wide])
    counts.announce([narrow])
    assert counts.run(narrow)["runs"] == 5


def test_a_process_that_ends_on_a_use_is_told_of_that_use(subject):
    ends = subject("EndsInAUse")
    wide, narrow, use = tasks("no_grad")
    ends.announce([wide, use, narrow])
    # Not the second announced, which comes after the end; it is asked for again.
    assert ends.run(narrow)["runs"] == 1
    assert ends.run(wide)["runs"] == 1
    assert ends.deaths == 0
    with pytest.raises(Ended, match="exit code 1"):
        ends.run(use)
    assert ends.deaths == 1


def test_a_subject_that_declines_is_asked_for_its_reason_in_the_same_message(subject, questions):
    declines = subject("Declines")
    wide, narrow, use = tasks("no_grad")
    declines.announce([wide, narrow, use])
    assert declines.unsupported(wide) is None
    assert declines.run(wide)["runs"] == 1
    assert declines.unsupported(narrow) == "not this one"
    with pytest.raises(RuntimeError, match="in its reason"):
        declines.unsupported(use)
    assert questions == [3]
    assert declines.unsupported(wide) is None
    assert [int(declines.run(wide)["runs"][0]) for _ in range(2)] == [2, 3]


def test_the_time_limit_is_for_each_answer(subject):
    sleeps = subject("Sleeps", 1.0)
    announced = tasks(count=2)
    sleeps.announce(announced)
    assert [set(sleeps.run(task)) for task in announced] == [{"x"}] * 4
