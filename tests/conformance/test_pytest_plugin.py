"""`conformance.parametrize`, used as in a user's own test module."""

from __future__ import annotations

import pytest

import conformance
from conformance.pytest_plugin import Check
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


def test_bad_calls_are_judged_too():
    class Silent(TorchLike):
        def run(self, task):
            return {} if task.bad_call else super().run(task)

    with pytest.raises(AssertionError, match="got no error"):
        Check(Silent("silent", "torch"), "unsqueeze", "errors", 1, LANES)()


def test_comparing_nothing_is_no_pass():
    class Refuses(TorchLike):
        def unsupported(self, task):
            return f"no {task.dtype}"

    with pytest.raises(AssertionError, match="nothing was compared: no float32; no float64"):
        Check(Refuses("refuses", "torch"), "unsqueeze", "small", 1, LANES)()


def test_an_unknown_case_is_named():
    with pytest.raises(conformance.UsageError, match="unsqueese"):
        conformance.parametrize("mytorch", ["unsqueese"])


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
