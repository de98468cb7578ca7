"""Cases of random draws: the reference and mytorch pass, the laws fit the outputs, and verdicts repeat."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import mytorch
from conformance.arithmetic import deviation
from conformance.cases import CASES
from conformance.cases._uses import USES
from conformance.judging.distributions import findings
from conformance.judging.judge import judge
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample, run_subject
from conformance.judging.verdict import Status
from conformance.registry import find_implementation
from conformance.running.selftest import KillMatrix, try_sample
from conformance.sampling.sample import Sample
from conformance.sampling.space import draw
from conformance.subjects.protocol import LANES

DRAWN = [name for name, case in CASES.items() if case.distribution]
SEED = 5


def samples(name):
    return draw(name, CASES[name].space, SEED, CASES[name].default_samples)


@cache
def prepared(name, number=0):
    return prepare(CASES[name], samples(name)[number])


@pytest.mark.parametrize("subject", ["torch", "mytorch"])
@pytest.mark.parametrize("name", DRAWN)
def test_correct_draws_pass(name, subject):
    for number in range(len(samples(name))):
        verdicts = judge_sample(prepared(name, number), find_implementation(subject))
        assert [v.reason for v in verdicts if v.status is not Status.PASS] == []


@pytest.mark.parametrize("name", DRAWN)
def test_the_laws_are_those_of_outputs_and_name_the_tests_that_are_run(name):
    for number in range(len(samples(name))):
        (expected,) = prepared(name, number).expectations.values()
        assert set(expected.laws) <= set(expected.oracle)
        for key, law in expected.laws.items():
            found = findings(law, expected.oracle[key], expected.oracle[key], 0.5)
            assert {each.test for each in found[1:]} == set(law.tests)


@pytest.mark.parametrize("name", DRAWN)
def test_a_sample_is_read_back_from_its_text(name):
    for sample in samples(name):
        assert Sample.parse(sample.text) == sample


def test_the_reference_draws_from_another_seed_than_a_subject():
    one = prepared("rand")
    ((lane, expected),) = one.expectations.items()
    assert not np.array_equal(
        run_subject(one, lane, find_implementation("torch"))["draws"], expected.oracle["draws"]
    )


@pytest.mark.parametrize("name", ["nn.LSTMCell@initial", "utils.data.DataLoader@orders"])
def test_a_verdict_repeats(name):
    mytorch.manual_seed(1)
    first = judge_sample(prepare(CASES[name], samples(name)[0]), find_implementation("mytorch"))
    mytorch.manual_seed(2)
    second = judge_sample(prepare(CASES[name], samples(name)[0]), find_implementation("mytorch"))
    assert first == second


def test_the_generator_is_left_as_it_was():
    mytorch.manual_seed(7)
    expected = mytorch.rand(3).numpy()
    mytorch.manual_seed(7)
    judge_sample(prepared("manual_seed@streams"), find_implementation("mytorch"))
    np.testing.assert_array_equal(mytorch.rand(3).numpy(), expected)


def test_nothing_is_measured(monkeypatch):
    monkeypatch.setattr(deviation, "deviations", None)
    assert prepare(CASES["rand"], samples("rand")[0]).scales.popitem()[1] == {}


@pytest.mark.parametrize("name", USES)
def test_no_use_applies_to_draws(name):
    assert "random" in USES[name].why_unused(CASES["rand"], samples("rand")[0].settings)


def test_other_criteria_do_not_judge_draws():
    rows = KillMatrix(try_sample(samples("rand")[0], ["draws-wider"]).trials, SEED).criteria()
    assert rows["this suite"]["caught"] == 1
    assert all(row["faults"] == row["clean"] == 0 for name, row in rows.items() if name != "this suite")


def test_the_samples_of_a_case_take_the_lanes_in_turn():
    lanes = [lane for number in range(2) for lane in prepared("rand", number).expectations]
    assert sorted(lanes) == sorted(LANES)
    assert list(prepare(CASES["rand"], samples("rand")[0], ["float32"]).expectations) == ["float32"]


# What is compared before anything random.
FORMS = {
    "shape": (lambda a: a[:-1], "shape"),
    "dtype": (lambda a: a.astype(np.float16), "dtype"),
    "list": (lambda a: a.tolist(), "type"),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_form_of_draws_is_exact(name):
    change, reason = FORMS[name]
    ((_, expected),) = prepared("rand").expectations.items()
    trace = {**expected.oracle, "draws": change(expected.oracle["draws"])}
    (wrong,) = [v for v in judge(expected, trace) if v.status is not Status.PASS]
    assert (wrong.status, wrong.observable) == (Status.FAIL, "draws")
    assert wrong.reason.startswith(reason)


def test_a_failure_names_the_test_and_its_numbers():
    ((_, expected),) = prepared("randn").expectations.items()
    trace = {**expected.oracle, "draws": expected.oracle["draws"] * expected.dtype.type(1.05)}
    (wrong,) = [v for v in judge(expected, trace) if v.status is not Status.PASS]
    assert f"standard deviation: expected {wrong.expected:.5g}, got {wrong.got:.5g}" in wrong.reason
    assert wrong.max_error > wrong.tolerance > 0
    assert wrong.headroom == pytest.approx(wrong.tolerance / wrong.max_error)
    assert wrong.got == pytest.approx(1.05 * wrong.expected)


def test_what_is_not_random_is_exact():
    ((_, expected),) = prepared("nn.LayerNorm@initial").expectations.items()
    trace = {**expected.oracle, "weight": expected.oracle["weight"] * (1 + 2.0**-20)}
    (wrong,) = [v for v in judge(expected, trace) if v.status is not Status.PASS]
    assert wrong.observable == "weight"
