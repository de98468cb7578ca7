"""Which cheap wrong answers a tolerance notices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from conformance.cases import CASES
from conformance.cases.case import Case
from conformance.judging.expectation import Expectation
from conformance.judging.judge import judge
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.sight import _FIRST, DECIDING, INPUT, ROUNDINGS, mistrusted, noticed, wrong_answers
from conformance.judging.verdict import Status
from conformance.sampling.sample import Sample
from conformance.sampling.space import Space, draw
from conformance.sampling.values import Input
from conformance.subjects import pytorch
from conformance.subjects.protocol import Task
from conformance.subjects.torchlike import TorchLike

RAMP = np.arange(12.0).reshape(3, 4) / 7


def test_a_tight_tolerance_of_various_numbers_notices_all():
    assert noticed(RAMP, np.full(RAMP.shape, 1e-6)) == dict.fromkeys([*DECIDING, ROUNDINGS[0]], True)


@pytest.mark.parametrize(
    ("expected", "missed"),
    [
        (np.zeros((3, 4)), {"zeros", "the mean everywhere", "rolled rows", "float16 rounding"}),
        (np.full((3, 4), 1 / 3), {"the mean everywhere", "rolled rows"}),
        (np.tile(RAMP[0], (3, 1)), {"rolled rows"}),
        (np.arange(12.0), {"float16 rounding"}),
        (np.full((3, 4), np.inf), {"the mean everywhere", "rolled rows", "float16 rounding"}),
        (np.full((3, 4), np.nan), {"the mean everywhere", "rolled rows", "float16 rounding"}),
        (np.array([np.inf, 0.25, 0.25]), {"float16 rounding"}),
        (np.array([[np.nan, 0.0], [np.nan, 0.0]]), {"rolled rows", "float16 rounding"}),
        (np.zeros((0, 4)), {"zeros", "the mean everywhere", "rolled rows", "float16 rounding"}),
        (np.float64(1 / 3), {"the mean everywhere", "rolled rows"}),
    ],
)
def test_what_such_numbers_do_not_show(expected, missed):
    found = noticed(np.asarray(expected), np.full(np.shape(expected), 1e-6))
    assert {name for name, seen in found.items() if not seen} == missed


def test_a_loose_tolerance_notices_less():
    found = noticed(RAMP, np.full(RAMP.shape, 0.01))
    assert [name for name, seen in found.items() if not seen] == ["float16 rounding"]


def test_the_rows_of_a_single_row_are_its_elements():
    assert noticed(RAMP[:1], np.full((1, 4), 1e-6))["rolled rows"]


def test_where_an_answer_is_finite_and_the_right_one_is_not_it_is_noticed():
    assert noticed(np.array([np.nan, 0.0]), np.full(2, 1e300))["zeros"]
    # Larger than float16 holds.
    assert noticed(np.array([1e5]), np.full(1, 1e300))["float16 rounding"]


def test_inputs_of_another_shape_are_no_answers():
    assert INPUT not in noticed(RAMP, np.zeros(RAMP.shape), [RAMP.T, RAMP[0]])


def test_one_of_several_inputs_may_pass():
    found = noticed(RAMP, np.full(RAMP.shape, 1e-6), [RAMP + 1, RAMP])
    assert not found[INPUT]
    assert noticed(RAMP, np.full(RAMP.shape, 1e-6), [RAMP + 1, 2 * RAMP])[INPUT]


@pytest.mark.parametrize("name", _FIRST)
@pytest.mark.parametrize("shape", [(), (1,), (5,), (1, 4), (3, 1, 2), (1, 3, 4)])
def test_the_first_element_of_a_wrong_answer_is_that_of_the_whole(name, shape):
    for seed in range(20):
        right = np.asarray(np.random.default_rng(seed).standard_normal(shape) * 2.0 ** (seed - 10))
        whole = np.broadcast_to(wrong_answers("float32")[name](right), shape)
        assert _FIRST[name](right, right.mean()) == whole.flat[0]


def test_a_wrong_answer_that_is_right_in_its_first_element_is_noticed_by_the_others():
    right = np.array([[0, 1], [0, 2], [0, -3]]) / 7
    found = noticed(right, np.full(right.shape, 1e-6), [2 * right])
    assert found == dict.fromkeys([*DECIDING, ROUNDINGS[0], INPUT], True)


@pytest.mark.parametrize(
    ("lane", "tried"),
    [
        ("float32", ["float16 rounding"]),
        ("float16", ["bfloat16 rounding"]),
        ("bfloat16", ["float8 rounding"]),
        ("float64", []),
        (None, []),  # whole numbers
    ],
)
def test_each_lane_is_rounded_to_the_next_narrower_type(lane, tried):
    found = noticed(RAMP, np.zeros(RAMP.shape), lane=lane)
    assert found == dict.fromkeys([*DECIDING, *tried], True)


# Each of the three is noticed alone by one of these.
@pytest.mark.parametrize(
    ("expected", "seen"),
    [
        (np.full(3, 2.0), "zeros"),
        (np.array([[-1.0, 1.0], [-1.0, 1.0]]), "the mean everywhere"),
        (np.array([1.0, -1.0, 0.0]), "rolled rows"),
    ],
)
def test_agreement_is_trusted_if_one_of_three_is_noticed(expected, seen):
    blind = [*{*DECIDING} - {seen}, INPUT, "float16 rounding"]
    assert noticed(expected, np.full(expected.shape, 1e-6))[seen]
    assert not mistrusted(blind)
    assert mistrusted([*blind, seen])


SAMPLE = Sample("add", 1, 0, "small", "normal", (("N", 2),))


def expectation(oracle, tolerance, lane="float32", **fields):
    own = oracle.astype(lane) if oracle.dtype.kind == "f" else oracle
    common = {"sample": SAMPLE, "training": False, "lane": lane, "reference": {"output": own}}
    return Expectation(**common | {"oracle": {"output": oracle}, "tolerance": {"output": tolerance}} | fields)


def judged(answer, oracle, tolerance, **fields):
    expected = expectation(oracle, tolerance, **fields)
    (verdict,) = judge(expected, {"output": answer.astype(expected.reference["output"].dtype)})
    return verdict


SMALL = np.array([[1e-9, -2e-9], [3e-9, 0.0]])
LOOSE = np.full(SMALL.shape, 1e-6)


@pytest.mark.parametrize("answer", [np.zeros_like(SMALL), SMALL, -SMALL])
def test_numbers_below_their_tolerance_are_mistrusted_whatever_agrees(answer):
    found = judged(answer, SMALL, LOOSE)
    assert found.status is Status.MISTRUSTED
    assert found.would_pass == [*DECIDING, "float16 rounding"]
    assert "zeros" in found.reason
    assert found.headroom >= 1


def test_a_failure_is_one_whatever_would_have_passed():
    found = judged(SMALL + 1e-3, SMALL, LOOSE)
    assert (found.status, found.would_pass) == (Status.FAIL, None)


def test_a_pass_says_what_else_would_have_passed():
    found = judged(RAMP, RAMP, np.full(RAMP.shape, 1e-3), inputs=lambda: {"input": RAMP})
    assert (found.status, found.would_pass) == (Status.PASS, ["float16 rounding", INPUT])


def test_an_input_that_must_not_change_is_no_wrong_answer():
    name, zeros = "after/input.values", np.zeros(RAMP.shape)
    arrays = {"oracle": {name: RAMP}, "reference": {name: RAMP}, "tolerance": {name: zeros}}
    found = replace(expectation(RAMP, zeros), **arrays, inputs=lambda: {"input": RAMP, "other": RAMP + 1})
    assert INPUT not in found.would_pass(name)
    found = replace(found, inputs=lambda: {"input": RAMP, "other": RAMP})
    assert INPUT in found.would_pass(name)


def test_the_lane_float64_is_not_asked_about_float16():
    found = judged(RAMP, RAMP, np.full(RAMP.shape, 1e-3), lane="float64")
    assert (found.status, found.would_pass) == (Status.PASS, [])


def test_what_is_declared_constant_passes_and_says_why():
    found = judged(SMALL, SMALL, LOOSE, constant={"out*": "it is tiny"})
    assert (found.status, found.reason) == (Status.PASS, "constant by definition: it is tiny")
    assert found.would_pass == [*DECIDING, "float16 rounding"]
    # Of another observable, the declaration says nothing.
    assert judged(SMALL, SMALL, LOOSE, constant={"grad.*": "…"}).status is Status.MISTRUSTED


def test_differences_are_seen_by_one_side():
    zeros = np.zeros(RAMP.shape)
    found = judged(zeros, zeros, np.full(zeros.shape, 1e-6), one_side=lambda: {"output": RAMP})
    assert (found.status, found.would_pass) == (Status.PASS, [])
    assert judged(zeros, zeros, np.full(zeros.shape, 1e-6)).status is Status.MISTRUSTED
    # A tolerance above all numbers of both sides hides any mistake in either.
    loose = judged(zeros, zeros, np.full(zeros.shape, 10.0), one_side=lambda: {"output": RAMP})
    assert loose.status is Status.MISTRUSTED


@pytest.mark.parametrize(
    ("oracle", "status", "blind"),
    [
        (np.array([0, 1, 2]), Status.PASS, []),
        (np.array([False, False]), Status.MISTRUSTED, list(DECIDING)),
        (np.array([True, True]), Status.PASS, ["the mean everywhere", "rolled rows"]),
        # A flag or an index: any other whole number would be noticed.
        (np.array(False), Status.PASS, None),
        (np.array([0]), Status.PASS, None),
    ],
)
def test_whole_numbers_are_seen_bit_for_bit(oracle, status, blind):
    found = judged(oracle, oracle, np.zeros(oracle.shape))
    assert (found.status, found.would_pass) == (status, blind)


class Zeros(TorchLike):
    """Returns zeros wherever a number was asked for."""

    def run(self, task):
        return {name: np.zeros_like(array) for name, array in super().run(task).items()}


def blind_case(*, constant=()):
    """Return a case whose gradient is zero."""
    return Case(
        name="blind",
        space=Space({"N": "batch"}, ("small",), ("normal",)),
        inputs=lambda config: {"input": Input((3, int(config["N"])))},
        program=lambda t, x: {"output": t.floor(x["input"]) * 0},
        constant=dict(constant),
    )


def test_a_subject_that_returns_zeros_does_not_pass_a_case_that_is_blind_to_them():
    case = blind_case()
    (sample,) = draw(case.name, case.space, 1, 1)
    prepared = prepare(case, sample)
    found = judge_sample(prepared, Zeros("zeros", "torch"))
    assert {verdict.status for verdict in found} == {Status.MISTRUSTED}
    assert {verdict.observable for verdict in found} == {"output", "grad.input"}
    seen = prepare(CASES["floor"], draw("floor", CASES["floor"].space, 1, 1)[0])
    statuses = {verdict.check: verdict.status for verdict in judge_sample(seen, Zeros("zeros", "torch"))}
    assert statuses["forward"] is Status.FAIL


def test_the_reason_of_a_constant_may_depend_on_the_sample():
    case = blind_case(constant={"grad.*": "its slope is 0", "output": lambda s: f"drawn {s.regime}"})
    (sample,) = draw(case.name, case.space, 1, 1)
    assert case.constant_in(sample) == {"grad.*": "its slope is 0", "output": "drawn normal"}
    found = judge_sample(prepare(case, sample), Zeros("zeros", "torch"))
    assert {verdict.status for verdict in found} == {Status.PASS}


DIFFERENCES = [name for name, case in CASES.items() if case.residuals]


@pytest.mark.parametrize("name", DIFFERENCES)
def test_the_side_of_differences_has_their_form_and_is_not_zero(name):
    case = CASES[name]
    sample = draw(name, case.space, 1, 1)[0]
    task = Task(case, sample, "float64")
    whole, side = (
        pytorch.make().run(each)
        for each in (task, Task(replace(case, program=case.one_side), sample, "float64"))
    )
    assert {n: a.shape for n, a in whole.items()} == {n: a.shape for n, a in side.items()}
    assert any(np.abs(array).max() > 1e-3 for array in side.values())
    assert all(np.abs(array).max() < 1e-9 for array in whole.values())


@pytest.mark.parametrize(("lane", "bits"), [("float16", 8), ("bfloat16", 4)])
def test_half_types_are_rounded_to_the_next_fewer_bits(lane, bits):
    name = {"float16": "bfloat16 rounding", "bfloat16": "float8 rounding"}[lane]
    # A number halfway between two of so many bits, and one that has no more of them.
    halfway, held = 1 + 2.0**-bits, 1 + 2.0 ** (1 - bits)
    for value, error in ((halfway, 2.0**-bits), (held, 0.0)):
        for tolerance, seen in ((error / 2, error > 0), (2.0 ** (1 - bits), False)):
            assert noticed(np.array([value]), np.array([tolerance]), lane=lane)[name] is seen
