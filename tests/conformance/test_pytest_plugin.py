"""`conformance.parametrize`, used as in a user's own test module."""

from __future__ import annotations

import os

import pytest

import conformance
from conformance import Excuse, Status, Verdict, pytest_plugin
from conformance.pytest_plugin import Check
from conformance.running.work import Outcome
from conformance.subjects.supports import Supports
from conformance.subjects.torchlike import TorchLike

LANES = ("float64", "float32")


@conformance.parametrize("mytorch", ["unsqueeze", "sigmoid"])
def test_parity(check):
    check()


def test_each_case_and_class_is_a_test():
    mark = conformance.parametrize("mytorch", ["unsqueeze", "models.LSTM"]).mark
    ids = [str(check) for check in mark.args[1]]
    assert ids[:2] == ["unsqueeze-small", "unsqueeze-one"]
    assert {"unsqueeze-errors", "models.LSTM-long", "models.LSTM-errors"} <= set(ids)
    assert len(ids) == len(set(ids))


def test_a_failure_raises_its_bug_report():
    with pytest.raises(
        AssertionError, match=r"replay     conformance replay models.LSTMCell:.*fault:h0-ignored"
    ):
        Check("fault:h0-ignored", "models.LSTMCell", "one", 1, LANES)()


def test_of_an_object_the_bug_report_names_no_implementation():
    double = TorchLike("double", "mytorch", {"relu": lambda _, x: {"output": 2 * x["input"]}})
    with pytest.raises(
        AssertionError, match=r"--implementation MODULE:ATTRIBUTE \(it was given as an object\)"
    ):
        Check(double, "relu", "small", 1, LANES)()


def test_bad_calls_are_judged_too():
    class Silent(TorchLike):
        def run(self, task):
            return {} if task.bad_call else super().run(task)

    with pytest.raises(AssertionError, match="got no error"):
        Check(Silent("silent", "mytorch"), "unsqueeze", "errors", 1, LANES)()


def test_what_runs_in_the_process_of_the_tests_is_a_warning():
    (check, *_) = conformance.parametrize("mytorch", ["unsqueeze"], in_process=True).mark.args[1]
    with pytest.warns(UserWarning, match=r"^IN PROCESS mytorch ran in the judge's process, as asked for$"):
        check()


def test_what_its_own_process_cannot_read_is_judged_in_this_one():
    with pytest.warns(UserWarning, match="IN PROCESS unread ran .* cannot be sent to another"):
        Check(Unread("unread", "mytorch"), "unsqueeze", "small", 1, LANES)()


class Unread(TorchLike):
    """Can be sent, and not be read."""

    def __reduce__(self):
        return _unread, (os.getpid(),)


def _unread(process):
    raise ValueError(f"only in {process}")


def test_comparing_nothing_is_no_pass():
    class Refuses(TorchLike):
        def unsupported(self, task):
            return f"no {task.dtype}"

    with pytest.raises(AssertionError, match="nothing was compared: no float32; no float64"):
        Check(Refuses("refuses", "mytorch"), "unsqueeze", "small", 1, LANES)()


def _verdict(status, use=None):
    return Verdict("tanh", "text", "forward", "float64", "output", status, reason="excused: a sine", use=use)


# The verdicts of a check, and whether it passes.
EXCUSED = {
    "something passed": ([_verdict(Status.EXCUSED), _verdict(Status.PASS)], True),
    "all is excused": ([_verdict(Status.EXCUSED)], False),
    "only a use passed": ([_verdict(Status.EXCUSED), _verdict(Status.PASS, "unchanged")], False),
}


@pytest.mark.parametrize(("verdicts", "passes"), EXCUSED.values(), ids=EXCUSED)
def test_what_is_excused_is_no_pass_and_no_failure(monkeypatch, verdicts, passes):
    monkeypatch.setattr(pytest_plugin, "do", lambda *_: Outcome(verdicts, prepared=True))
    monkeypatch.setattr(Check, "_work", lambda *_: [None])
    check = Check("torch", "tanh", "one", 1, LANES)
    if passes:
        check()
        return
    with pytest.raises(AssertionError, match="tanh, one: nothing passed: excused: a sine"):
        check()


def test_an_excuse_that_is_not_needed_in_one_shape_class_fails_a_run_only():
    excuse = Excuse(case="relu", observable="output", reason="none", link="https://example.org/1")
    subject = TorchLike("mine", "mytorch", excuses=[excuse])
    Check(subject, "relu", "small", 1, LANES)()
    report = conformance.run(subject, ["relu"], 1)
    assert report.exit_code == 1
    assert "verdicts that it matches agree" in report.not_needed[0]


def test_an_unknown_case_is_named():
    with pytest.raises(conformance.UsageError, match="unsqueese"):
        conformance.parametrize("mytorch", ["unsqueese"])


PARTIAL = TorchLike(
    "partial", "mytorch", supports=Supports(cases=["unsqueeze"], empty_batch=False, bad_calls=False)
)


@pytest.mark.parametrize("what", ["empty", "errors"])
def test_what_is_outside_the_limits_is_skipped_with_the_reason(what):
    with pytest.raises(
        pytest.skip.Exception, match="outside the declared limits: no empty batch, no bad calls"
    ):
        Check(PARTIAL, "unsqueeze", what, 1, LANES)()


def test_a_case_outside_the_limits_is_no_pass_where_it_was_named():
    (named, *_), (unnamed, *_) = (
        conformance.parametrize(PARTIAL, cases).mark.args[1] for cases in (["sigmoid"], [])
    )
    with pytest.raises(AssertionError, match=r"sigmoid-small: nothing was compared: outside .*: no sigmoid"):
        named()
    with pytest.raises(pytest.skip.Exception, match="nothing was compared"):
        unnamed()


def test_what_is_inside_the_limits_is_judged():
    class Wrong(TorchLike):
        def run(self, task):
            return {name: 2 * array for name, array in super().run(task).items()}

    Check(PARTIAL, "unsqueeze", "small", 1, LANES)()
    with pytest.raises(AssertionError, match="FAIL unsqueeze"):
        Check(Wrong("wrong", "mytorch", supports=PARTIAL.supports), "unsqueeze", "small", 1, LANES)()


@pytest.mark.parametrize(
    ("implementation", "options", "says"),
    [
        (None, {}, "implementation: expected a name or an Implementation, got None"),
        (TorchLike, {}, "implementation: expected an instance, got the class TorchLike"),
        ("mytorch", {"cases": "unsqueeze"}, "cases: expected a list of names, got 'unsqueeze'"),
        ("mytorch", {"dtypes": "float32"}, "dtypes: expected a list of names, got 'float32'"),
        ("mytorch", {"seed": 1.5}, "seed: expected a whole number of at least 0, got 1.5"),
    ],
)
def test_wrong_arguments_are_refused_when_the_tests_are_made(implementation, options, says):
    with pytest.raises(conformance.UsageError, match=says):
        conformance.parametrize(implementation, **options)
