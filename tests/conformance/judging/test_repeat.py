"""A failing sample is run ten times in all, and some passing ones twice."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

import conformance
from conformance.cases import CASES
from conformance.judging.repeat import RUNS, judge_repeatedly, run_twice
from conformance.judging.verdict import Status, Verdict
from conformance.running.work import BadCallWork
from conformance.sampling.space import draw
from conformance.subjects import mytorch


class Counting:
    """mytorch, which counts its calls; its traces and exceptions are right."""

    name = "counting"

    def __init__(self, every=3):
        self._right = mytorch.make()
        self.calls, self.every = 0, every

    def unsupported(self, task):
        del task

    def run(self, task):
        self.calls += 1
        return self.answer(task, self._right, self.calls % self.every == 0)

    def answer(self, task, right, due):
        del due
        return right.run(task)


class Doubling(Counting):
    """Doubles its output in every third call."""

    name = "doubling"

    def answer(self, task, right, due):
        trace = right.run(task)
        return trace | ({"output": 2 * trace["output"]} if due else {})


class Raising(Counting):
    """Raises in every third call."""

    name = "raising"

    def answer(self, task, right, due):
        if due:
            raise ZeroDivisionError("on purpose")
        return right.run(task)


class Rounding(Counting):
    """Adds one unit of the last place to every output of every second run of both lanes."""

    name = "rounding"

    def answer(self, task, right, due):
        del due
        trace, up = right.run(task), (self.calls // 2) % 2
        return trace | ({"output": np.nextafter(trace["output"], np.inf)} if up else {})


class Accepting(Counting):
    """Raises nothing in every third bad call."""

    name = "accepting"

    def answer(self, task, right, due):
        return {} if due else right.run(task)


def run(subject, samples=8, **options):
    return conformance.run(subject, cases=["tanh"], samples=samples, **options)


def statuses(subject, runs=1):
    """Judge three observables of a made-up sample by the calls of a subject."""

    def judge(counted):
        counted.run(SimpleNamespace(sample=SimpleNamespace(text="x:1"), dtype="float32"))
        return [
            Verdict("x", "x:1", "forward", "float32", name, Status(status))
            for name, status in subject.said[subject.calls - 1].items()
        ]

    return judge_repeatedly(judge, subject, runs)


class Saying(Counting):
    """Makes the verdicts that the test says, call by call; the last ones again and again."""

    def __init__(self, *said):
        super().__init__()
        self.said = [*said, *[said[-1]] * RUNS]

    def answer(self, *_):
        return {}


def test_what_passes_is_judged_once():
    subject = Saying({"output": "PASS"})
    (verdict,) = statuses(subject)
    assert (subject.calls, verdict.status, verdict.repeatable) == (1, "PASS", None)


def test_what_fails_is_run_ten_times_and_its_reason_stays():
    subject = Saying({"output": "FAIL", "grad.input": "PASS"})
    output, gradient = statuses(subject)
    assert subject.calls == RUNS
    assert (output.status, output.repeatable, output.reason) == ("FAIL", True, None)
    assert (gradient.status, gradient.repeatable) == ("PASS", None)


def test_what_fails_at_times_fails_and_says_how_often():
    wrong, right = {"output": "FAIL"}, {"output": "PASS"}
    (verdict,) = statuses(Saying(wrong, right, right, wrong, right, wrong, right))
    assert (verdict.status, verdict.repeatable) == ("FAIL", False)
    assert verdict.reason.startswith("not repeatable: failed 3 of 10; ")


def test_an_observable_that_fails_only_when_it_is_run_again_fails_too():
    found = statuses(
        Saying({"a": "FAIL", "b": "PASS"}, {"a": "FAIL", "b": "FAIL"}, {"a": "FAIL", "b": "PASS"})
    )
    assert [(v.observable, v.status, v.repeatable) for v in found] == [
        ("a", "FAIL", True),
        ("b", "FAIL", False),
    ]


def test_a_second_run_that_fails_counts():
    (verdict,) = statuses(Saying({"a": "PASS"}, {"a": "FAIL"}, {"a": "PASS"}), runs=2)
    assert verdict.reason.startswith("not repeatable: failed 1 of 10; ")


def test_a_subject_that_fails_every_third_call_is_not_repeatable():
    report = run(Doubling())
    assert report.exit_code == 1
    assert {(v.observable, v.status, v.repeatable) for v in report.failures} == {
        ("output", Status.FAIL, False)
    }
    counts = {v.reason.partition(";")[0] for v in report.failures}
    assert counts <= {f"not repeatable: failed {k} of 10" for k in (2, 3, 4)}


def test_the_failure_that_does_not_repeat_is_not_shrunk():
    report = run(Doubling())
    assert all(smallest == failed for failed, smallest in report.shrunk.items())


def test_an_exception_that_does_not_repeat_is_an_error_that_says_so():
    report = run(Raising())
    assert {(v.observable, v.status, v.repeatable) for v in report.failures} == {(None, Status.ERROR, False)}
    assert all("not repeatable: failed" in v.reason for v in report.failures)
    assert all("ZeroDivisionError: on purpose" in v.reason for v in report.failures)


def test_a_bad_call_that_is_accepted_at_times_says_so():
    subject = Accepting(every=7)
    subject.calls = 6
    verdicts = BadCallWork("nn.Linear", 1).judge(subject).verdicts
    assert {(v.status, v.repeatable) for v in verdicts if not v.passed} == {(Status.FAIL, False)}
    assert [v for v in verdicts if not v.passed]


def test_other_bits_within_the_tolerance_are_counted_and_pass():
    # The first sample is run twice, the second once.
    report = run(Rounding(), samples=2)
    assert (report.exit_code, report.totals["fail"]) == (0, 0)
    assert report.repeated == (1, {"tanh": 1})
    assert {v.observable for v in report.verdicts if v.repeatable is False} == {"output"}
    assert {v.observable for v in report.verdicts if v.repeatable} == {"grad.input"}


@pytest.mark.parametrize("subject", ["mytorch", "torch"])
def test_a_correct_subject_gives_the_same_bits(subject):
    assert run(subject, samples=12).repeated == (3, {})


def test_a_subject_keeps_what_the_judge_asks_of_it():
    class Limited(Counting):
        uses = ("no_grad",)

        def unsupported(self, task):
            return "not here" if task.dtype == "float64" else None

    report = run(Limited(), samples=4)
    assert {v.reason for v in report.verdicts if v.status is Status.SKIP and not v.use} == {"not here"}
    seen = []
    judge_repeatedly(lambda subject: seen.append((subject.name, subject.uses)) or [], Limited())
    assert seen == [("counting", ("no_grad",))]


@pytest.mark.parametrize("seed", [1, 2, 77])
def test_one_draw_of_each_four_is_run_twice_and_one_of_each_case(seed):
    for case in CASES.values():
        drawn = draw(case.name, case.space, seed, case.default_samples)
        counts = Counter(sample.draw // 4 for sample in drawn if run_twice(sample))
        assert all(counts[block] == 1 for block in range(len(drawn) // 4)), case.name
        assert counts, case.name


def test_a_redrawn_sample_keeps_its_place():
    (sample,) = draw("tanh", CASES["tanh"].space, 1, 1)
    assert run_twice(sample) is run_twice(sample.redrawn())
