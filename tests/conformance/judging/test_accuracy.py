"""The accuracy classes: a less accurate tanh is told from another function, in the class that is declared."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from conformance import TorchLike
from conformance.arithmetic.rules import ACCURACIES, RULES
from conformance.cases import CASES
from conformance.judging import scales
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status
from conformance.registry import find_implementation
from conformance.sampling.space import draw

HINT = "it would pass in the accuracy class 'absolute'"


@cache
def _prepared(name, regime):
    case = CASES[name]
    space = replace(case.space, classes=("pow2",), regimes=(regime,))
    return prepare(case, draw(name, space, 1, 1)[0])


@pytest.fixture
def declaring(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    return lambda name: find_implementation(f"faulty.declaring:{name}")


# Where the values of each are tiny.
TINY = [("tanh", "tiny"), ("sigmoid", "steep")]


@pytest.mark.parametrize(("name", "regime"), TINY)
def test_less_accuracy_where_values_are_tiny_fails_and_says_that_it_is_only_that(declaring, name, regime):
    verdicts = judge_sample(_prepared(name, regime), declaring("flat_at_nan"), tell=True)
    failed = [v for v in verdicts if not v.agrees]
    assert {v.status for v in failed} == {Status.FAIL}
    assert "output" in {v.observable for v in failed}
    assert [v for v in failed if HINT not in v.reason] == []


@pytest.mark.parametrize(("name", "regime"), TINY)
def test_it_passes_in_the_class_that_it_declares(declaring, name, regime):
    verdicts = judge_sample(_prepared(name, regime), declaring("absolute"), tell=True)
    assert all(v.agrees for v in verdicts)


def _other(by):
    return TorchLike(
        "other", "torch", {"tanh": lambda t, x: {"output": t.tanh(x["input"]) + by}}, accuracy="absolute"
    )


def test_another_function_fails_in_both_classes_and_is_not_called_less_accurate():
    subject = _other(1e-4)
    prepared = _prepared("tanh", "normal")
    assert Status.FAIL in {v.status for v in judge_sample(prepared, subject)}
    subject.accuracy = "relative"
    failed = [v for v in judge_sample(prepared, subject, tell=True) if v.status is Status.FAIL]
    assert {v.lane for v in failed} == {"float64", "float32"}
    assert [v for v in failed if HINT in v.reason] == []


def test_the_class_absolute_accepts_errors_of_four_roundings_of_one_and_not_of_many_more():
    prepared = _prepared("tanh", "tiny")
    # Four roundings of 1 in float64.
    subject = _other(2.0**-51)
    assert all(v.agrees for v in judge_sample(prepared, subject))
    subject.accuracy = "relative"
    assert Status.FAIL in {v.status for v in judge_sample(prepared, subject)}
    tolerances = prepared.absolute.expectations["float32"].tolerance["output"] / 2.0**-24
    # Errors of up to 4 u that are spread evenly: 8 of their root mean squares, at most 3.5 of the largest.
    assert tolerances.min() > 4
    assert tolerances.max() < 50


def test_the_classes_differ_in_tanh_and_sigmoid_alone():
    other = {name for name in RULES if ACCURACIES["absolute"][name] is not ACCURACIES["relative"][name]}
    assert other == {"tanh", "sigmoid"}
    assert {str(ACCURACIES["absolute"][name].rounds) for name in other} == {"4 roundings of 1"}


def test_what_calls_neither_has_the_same_tolerances_in_both():
    prepared = _prepared("nn.Linear", "normal")
    for lane, expected in prepared.expectations.items():
        for name, tolerance in expected.tolerance.items():
            np.testing.assert_array_equal(prepared.absolute.expectations[lane].tolerance[name], tolerance)


def test_a_cell_has_wider_tolerances_downstream_of_its_gates():
    prepared = _prepared("nn.LSTMCell", "tiny")
    for lane in prepared.expectations:
        relative, absolute = (each.expectations[lane].tolerance for each in (prepared, prepared.absolute))
        assert (absolute["h"] > relative["h"]).all()


def test_a_use_has_the_class_of_the_plain_call(declaring):
    prepared = _prepared("tanh", "tiny").used("twice", ("float32",))
    subject = declaring("flat_at_nan")
    failed = [v for v in judge_sample(prepared, subject, tell=True) if v.status is Status.FAIL]
    assert failed
    assert all(HINT in v.reason for v in failed)
    assert all(v.agrees for v in judge_sample(prepared, declaring("absolute")))


@pytest.fixture
def measurements(monkeypatch):
    """The accuracy classes that noise was measured in."""
    found = []
    for module in ("prepared", "redraw"):
        monkeypatch.setattr(
            f"conformance.judging.{module}.measured",
            lambda task, accuracy="relative": found.append(accuracy) or scales.measured(task, accuracy),
        )
    return found


def test_the_second_class_is_measured_once_and_only_where_it_is_asked_for(declaring, measurements):
    sample = _prepared("tanh", "tiny").sample
    prepared = prepare(CASES["tanh"], sample)
    judge_sample(prepared, TorchLike("right", "torch"), tell=True)
    judge_sample(prepared, declaring("flat_at_nan"))
    assert measurements == ["relative"]
    judge_sample(prepared, declaring("absolute"))
    judge_sample(prepared, declaring("flat_at_nan"), tell=True)
    judge_sample(prepared, declaring("absolute"))
    assert measurements == ["relative", "absolute"]


def test_a_branch_that_the_wider_noise_changes_keeps_the_relative_tolerances(monkeypatch):
    prepared = replace(_prepared("tanh", "normal"))
    monkeypatch.setattr("conformance.judging.prepared.measured", lambda *_: None)
    assert prepared.absolute is prepared
