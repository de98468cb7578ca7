"""What a subject declares is EXCUSED, and nothing else is; an excuse that is not needed is named."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from conformance import Excuse, TorchLike
from conformance.cases import CASES
from conformance.judging.bad_calls import judge_bad_calls
from conformance.judging.excuses import excused, matches, not_needed
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status, Verdict
from conformance.registry import find_implementation
from conformance.sampling.space import draw
from conformance.subjects import pytorch
from conformance.subjects.declarations import Declarations

WHY = {"reason": "another slope", "link": "https://example.org/1"}
TEXT = "relu:seed=1,draw=0,class=small,regime=nonfinite,N=2,F=3,method=false"


def _verdict(status=Status.FAIL, observable="grad.input", reason="2 of 6 elements differ", **fields):
    named = {"case": "relu", "lane": "float64", "regime": "nonfinite", "use": None, **fields}
    return Verdict(
        sample=TEXT, check="backward", observable=observable, status=status, reason=reason, **named
    )


def _excuse(**fields):
    return Excuse(**{"case": "relu", "observable": "grad.input", **WHY, **fields})


# The fields of an excuse, those of a verdict, and whether the one matches the other.
MATCHES = {
    "the same names": ({}, {}, True),
    "patterns": ({"case": "re*", "observable": "grad.*"}, {}, True),
    "another case": ({"case": "relu?"}, {}, False),
    "capitals": ({"case": "ReLU"}, {}, False),
    "another observable": ({"observable": "output"}, {}, False),
    "its regime": ({"regime": "nonfinite"}, {}, True),
    "another regime": ({"regime": "normal"}, {}, False),
    "a verdict without a regime": ({"regime": "normal"}, {"regime": None}, False),
    "its lane": ({"lane": "float64"}, {}, True),
    "another lane": ({"lane": "float32"}, {}, False),
    "any use": ({}, {"use": "twice"}, True),
    "its use": ({"use": "twice"}, {"use": "twice"}, True),
    "another use": ({"use": "twice"}, {"use": "no-grad"}, False),
    "the plain call": ({"use": "twice"}, {}, False),
    "the name in a use": ({}, {"use": "twice", "observable": "again/grad.input"}, True),
    "the whole name in a use": (
        {"observable": "again/*"},
        {"use": "twice", "observable": "again/grad.input"},
        True,
    ),
    "a whole sample": ({"observable": "*"}, {"observable": None}, False),
    "a bad call": ({"observable": "integers"}, {"observable": "integers", "lane": None}, True),
}


@pytest.mark.parametrize(("excuse", "verdict", "expected"), MATCHES.values(), ids=MATCHES)
def test_what_an_excuse_matches(excuse, verdict, expected):
    found = _verdict(**verdict)
    assert matches(_excuse(**excuse), found) is expected
    (after,) = excused([found], Declarations((_excuse(**excuse),)))
    assert after.status is (Status.EXCUSED if expected else Status.FAIL)


def test_what_is_excused_keeps_its_reason_and_says_why():
    (verdict,) = excused([_verdict()], Declarations((_excuse(),)))
    told = "2 of 6 elements differ; excused: another slope (https://example.org/1)"
    assert (verdict.status, verdict.reason) == (Status.EXCUSED, told)


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.FAIL])
def test_only_a_failure_can_be_excused(status):
    verdict = _verdict(status)
    assert excused([verdict], Declarations((_excuse(),), nan_conventions="own")) == [verdict]


def test_the_first_excuse_that_matches_says_why():
    excuses = (_excuse(case="tanh"), _excuse(reason="first"), _excuse(reason="second"))
    (verdict,) = excused([_verdict()], Declarations(excuses))
    assert verdict.reason.endswith("excused: first (https://example.org/1)")


# The reason of a failure, and whether it is one of convention.
CONVENTIONS = {
    "positions": ("only inf/NaN positions differ: 1 of 3 elements, by another order", True),
    "slopes": ("only gradients at NaN inputs differ: 1 of 3 elements, by another", True),
    "numbers": ("1 of 3 elements differ by more than rounding explains", False),
    "numbers beside": ("2 of 3 elements, some of them inf or NaN, unlike the reference's", False),
    "a dtype": ("dtype: expected float32, got float64; only inf/NaN positions differ: 1 of 3", False),
    "none": (None, False),
}


@pytest.mark.parametrize(("reason", "expected"), CONVENTIONS.values(), ids=CONVENTIONS)
def test_own_conventions_excuse_what_is_only_a_convention(reason, expected):
    (own,) = excused([_verdict(reason=reason)], Declarations(nan_conventions="own"))
    assert own.status is (Status.EXCUSED if expected else Status.FAIL)
    if expected:
        assert own.reason == f"{reason}; excused: nan_conventions='own'"
    (torchs,) = excused([_verdict(reason=reason)], Declarations())
    assert torchs.status is Status.FAIL


PASS, SKIP = _verdict(Status.PASS), _verdict(Status.SKIP, observable=None)
ERROR, EXCUSED = _verdict(Status.ERROR, observable=None), _verdict(Status.EXCUSED)

# The fields of an excuse, the verdicts of a run, whether it is whole, and why the excuse is not needed.
NEEDS = {
    "something is excused": ({}, [EXCUSED, PASS], True, None),
    "all pass": ({}, [PASS, PASS], False, "all 2 verdicts that it matches agree"),
    "all pass in a whole run": ({}, [PASS], True, "all 1 verdicts that it matches agree"),
    "another observable": ({"observable": "h_n"}, [PASS], False, "it matches none of the observables grad.i"),
    "another case": ({"case": "tanh"}, [PASS], False, None),
    "another case in a whole run": ({"case": "tanh"}, [PASS], True, "no sample like that was judged"),
    "no such case": ({"case": "tanhh"}, [PASS], False, "there is no such case"),
    "another regime": ({"regime": "huge"}, [PASS], False, None),
    "another regime in a whole run": ({"regime": "huge"}, [PASS], True, "no sample like that was judged"),
    "another lane": ({"lane": "float32"}, [PASS], False, None),
    "a lane that was not asked for": ({"lane": "float32"}, [PASS], True, None),
    "another use": ({"use": "twice"}, [PASS], False, None),
    "nothing ran": ({}, [SKIP], False, None),
    "nothing ran in a whole run": ({}, [SKIP], True, "no sample like that was judged"),
    "an error hides it": ({}, [PASS, ERROR], True, None),
}


@pytest.mark.parametrize(("excuse", "verdicts", "whole", "why"), NEEDS.values(), ids=NEEDS)
def test_which_excuses_a_run_did_not_need(excuse, verdicts, whole, why):
    lines = not_needed([_excuse(**excuse)], verdicts, whole=whole)
    assert bool(lines) is (why is not None)
    assert all(why in line and "Excuse(case=" in line for line in lines)


@cache
def _nonfinite(name, count=4):
    case = CASES[name]
    few = replace(case.space, classes=("small",), regimes=("nonfinite",))
    return tuple(prepare(case, sample) for sample in draw(name, few, 1, count))


def _judged(subject, name="relu"):
    return [verdict for prepared in _nonfinite(name) for verdict in judge_sample(prepared, subject)]


@pytest.fixture
def declaring(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    return lambda name: find_implementation(f"faulty.declaring:{name}")


def _wrong(verdicts):
    return {(v.observable, v.status) for v in verdicts if v.status is not Status.PASS}


def test_the_slope_at_nan_is_a_convention(declaring):
    verdicts = _judged(declaring("flat_at_nan"))
    assert _wrong(verdicts) == {("grad.input", Status.FAIL)}
    reasons = {v.reason.partition(":")[0] for v in verdicts if v.status is Status.FAIL}
    assert reasons == {"only gradients at NaN inputs differ"}


@pytest.mark.parametrize("name", ["excused", "own_conventions"])
def test_a_declared_slope_at_nan_is_excused(declaring, name):
    assert _wrong(_judged(declaring(name))) == {("grad.input", Status.EXCUSED)}


def test_a_wrong_slope_elsewhere_is_no_convention():
    class Doubled(TorchLike):
        def run(self, task):
            trace = super().run(task)
            return {**trace, "grad.input": 2 * trace["grad.input"]}

    verdicts = _judged(Doubled("doubled", "torch", nan_conventions="own"))
    assert _wrong(verdicts) == {("grad.input", Status.FAIL)}


def test_numbers_that_are_wrong_in_the_regime_are_not_excused_by_own_conventions():
    class Off(TorchLike):
        def run(self, task):
            return {
                name: np.nextafter(array, 9, dtype=array.dtype) for name, array in super().run(task).items()
            }

    assert {status for _, status in _wrong(_judged(Off("off", "torch", nan_conventions="own")))} == {
        Status.FAIL
    }


def test_an_error_is_not_excused():
    class Raises(TorchLike):
        def run(self, task):
            raise ValueError(task.dtype)

    excuses = [Excuse(case="relu", observable="*", **WHY)]
    assert _wrong(_judged(Raises("raises", "torch", excuses=excuses))) == {(None, Status.ERROR)}


def test_a_bad_call_is_excused_by_its_label():
    class Accepts:
        name = "accepts"
        excuses = (Excuse(case="add", observable="*", **WHY),)

        def unsupported(self, task):
            del task

        def run(self, task):
            return {} if task.bad_call else pytorch.make().run(task)

    verdicts = judge_bad_calls(CASES["add"], Accepts())
    assert {v.status for v in verdicts} == {Status.EXCUSED}
    assert all(" got no error; excused: another slope" in v.reason for v in verdicts)
