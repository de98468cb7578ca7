"""A run of a subject that declares how it differs: what is shown, and what fails because of a declaration."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import conformance
from conformance import Excuse, Status, TorchLike, UsageError
from conformance.judging.accuracy import NEEDED
from conformance.registry import find_implementation
from conformance.report import excuses
from conformance.report.markdown import markdown
from conformance.report.record import Report

WHY = {"reason": "by the sigmoid", "link": "https://example.org/2"}


@pytest.fixture(autouse=True)
def _path(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))


@cache
def _run(*excuses, name="flat_at_nan", cases=("tanh",), samples=5):
    """Run tanh by the sigmoid, which fails in two of the first five samples."""
    from faulty.declaring import PROGRAMS

    made = find_implementation(f"faulty.declaring:{name}")
    subject = TorchLike(
        "mine",
        "mytorch",
        PROGRAMS,
        excuses=[Excuse(**dict(each), **WHY) for each in excuses],
        accuracy=made.accuracy,
    )
    return conformance.run(subject, list(cases), samples, shrink=False)


def _excuse(**fields):
    return tuple({"case": "tanh", "observable": "output", **fields}.items())


def test_a_failure_that_is_not_declared_fails_the_run():
    report = _run()
    assert (report.exit_code, bool(report.totals["fail"]), report.totals["excused"]) == (1, True, 0)


def test_a_declared_failure_is_excused_and_the_run_shows_parity():
    report = _run(_excuse())
    assert (report.exit_code, report.totals["fail"], report.totals["excused"]) == (
        0,
        0,
        _run().totals["fail"],
    )
    (row,) = excuses.summary(report)
    assert row == {
        "excused": str(report.totals["excused"]),
        "cases": "tanh",
        "why": "by the sigmoid (https://example.org/2)",
    }
    assert "## Excused" in markdown(report)


def test_the_reason_of_an_excuse_is_in_the_file():
    report = Report.from_json(_run(_excuse()).to_json())
    reasons = {str(v.reason) for v in report.verdicts if v.status is Status.EXCUSED}
    assert all(reason.endswith("; excused: by the sigmoid (https://example.org/2)") for reason in reasons)
    assert excuses.summary(report) == excuses.summary(_run(_excuse()))


# The excuses that are declared, and the line that fails the run.
NOT_NEEDED = {
    "all pass": (
        (_excuse(), _excuse(observable="grad.*")),
        "EXCUSE NO LONGER NEEDED Excuse(case='tanh', observable='grad.*'): all",
    ),
    "an observable that there is not": (
        (_excuse(), _excuse(observable="outputs")),
        "EXCUSE NO LONGER NEEDED Excuse(case='tanh', observable='outputs'): it matches none of",
    ),
    "a case that there is not": (
        (_excuse(), _excuse(case="tanhh")),
        "EXCUSE NO LONGER NEEDED Excuse(case='tanhh', observable='output'): there is no such case",
    ),
}


@pytest.mark.parametrize(("declared", "line"), NOT_NEEDED.values(), ids=NOT_NEEDED)
def test_an_excuse_that_is_not_needed_fails_the_run(declared, line):
    report = _run(*declared)
    assert (report.exit_code, report.totals["fail"]) == (1, 0)
    (refused,) = excuses.refusals(report)
    assert refused.startswith(line)
    assert refused in markdown(report)


def test_an_excuse_of_a_case_that_was_not_run_is_no_fault_of_it():
    assert _run(_excuse(), _excuse(case="relu")).exit_code == 0
    assert _run(_excuse(), _excuse(regime="nonfinite")).exit_code == 0


def test_a_case_in_which_all_is_excused_is_not_shown():
    subject = TorchLike(
        "other",
        "mytorch",
        {"tanh": lambda t, x: {"output": t.cos(x["input"])}},
        excuses=[Excuse(**dict(_excuse(observable="*")), **WHY)],
    )
    report = conformance.run(subject, ["tanh"], 1, shrink=False)
    assert (report.totals["fail"], report.not_needed) == (0, [])
    assert (report.exit_code, report.excused_alone) == (1, ["tanh"])
    assert excuses.refusals(report) == ["NOTHING BUT EXCUSED tanh: none of its numbers passed"]


def test_the_accuracy_class_is_named_with_the_verdict():
    report = _run(name="absolute", samples=4)
    assert report.exit_code == 0
    assert excuses.stated(report) == "absolute accuracy of tanh and sigmoid"
    needed = {v.sample for v in report.verdicts if v.reason == NEEDED and not v.use}
    assert needed == {v.sample for v in _run().failures if not v.use and ",draw=4," not in v.sample}
    assert "Judged: absolute accuracy of tanh and sigmoid." in markdown(report)
    assert excuses.stated(_run()) == "relative accuracy of tanh and sigmoid"
    assert "Judged:" not in markdown(_run())


def test_a_failure_of_the_default_class_says_that_the_other_would_accept_it():
    failed = [v for v in _run().verdicts if v.status is Status.FAIL]
    assert all("it would pass in the accuracy class 'absolute'" in v.reason for v in failed)


def test_own_conventions_are_named_with_the_verdict():
    from faulty.declaring import PROGRAMS

    report = conformance.run(
        TorchLike("own", "torch", PROGRAMS, nan_conventions="own"),
        ["relu"],
        26,
        shrink=False,
        in_process=True,
    )
    # The first sample with NaN comes late.
    assert report.totals["excused"]
    assert excuses.stated(report) == "relative accuracy of tanh and sigmoid, own conventions at NaN"


# What torch itself declares, and what is said of it.
IN_VAIN = {
    "accuracy": "absolute accuracy of tanh and sigmoid (declared, and not needed)",
    "nan_conventions": (
        "relative accuracy of tanh and sigmoid, own conventions at NaN (declared, and not needed)"
    ),
}


@pytest.mark.parametrize("what", IN_VAIN)
def test_what_is_declared_and_not_needed_is_said_and_fails_no_run(what):
    subject = TorchLike("torch", "torch", **{what: {"accuracy": "absolute"}.get(what, "own")})
    report = conformance.run(subject, ["tanh", "relu"], 5, shrink=False, in_process=True)
    assert (report.exit_code, excuses.stated(report)) == (0, IN_VAIN[what])
    assert f"Judged: {IN_VAIN[what]}." in markdown(report)


def test_a_declaration_that_cannot_be_is_refused_before_anything_is_judged():
    with pytest.raises(UsageError, match="accuracy: expected relative or absolute, got 'exact'"):
        conformance.run(TorchLike("mine", "torch", accuracy="exact"), ["relu"], 1)
