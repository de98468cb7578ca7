"""Verdicts on synthetic traces: a mistake is found, named and located."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest

from conformance.arithmetic.deviation import Deviation
from conformance.arithmetic.tolerance import scale
from conformance.cases import CASES
from conformance.judging.expectation import Expectation
from conformance.judging.judge import judge
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status
from conformance.sampling.sample import Sample
from conformance.sampling.space import draw
from conformance.subjects.torchlike import TorchLike

ORACLE = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, 1e-6]])
DEVIATED = Deviation(4e-7, np.array([[5e-8, 1e-7, 1e-7], [2e-7, 2e-7, 1e-13]]))


SAMPLE = Sample("add", 1, 0, "small", "normal", (("N", 2),))


def _expect(oracle=ORACLE, *, lane="float32", tolerance=None, reference=None, sample=SAMPLE):
    """Return the expectation of one output; its tolerance is 1e-6 everywhere unless given."""
    if np.issubdtype(oracle.dtype, np.floating) and reference is None:
        reference = oracle.astype(lane)
    return Expectation(
        sample=sample,
        training=False,
        lane=lane,
        oracle={"output": oracle},
        tolerance={"output": np.full(oracle.shape, 1e-6) if tolerance is None else tolerance},
        reference={"output": oracle if reference is None else reference},
    )


def _judge(expected, got):
    (verdict,) = judge(expected, {"output": got})
    return verdict


def _with(index, value, oracle=ORACLE, dtype=np.float32):
    got = oracle.astype(dtype)
    got[index] = value
    return got


FORM = {
    "missing": ({}, "missing: expected output of shape (2, 3)"),
    "wrong shape": ({"output": ORACLE[None].astype(np.float32)}, "shape: expected (2, 3), got (1, 2, 3)"),
    "transposed": ({"output": ORACLE.T.astype(np.float32)}, "shape: expected (2, 3), got (3, 2)"),
    "broadcastable": ({"output": np.float32([1, 2, 3])}, "shape: expected (2, 3), got (3,)"),
    "wide": ({"output": ORACLE}, "dtype: expected float32, got float64; its numbers agree"),
    "narrow": (
        {"output": ORACLE.astype(np.float16)},
        "dtype: expected float32, got float16; its numbers agree",
    ),
    "whole": ({"output": ORACLE.astype(np.int64)}, "dtype: expected float32, got int64; its numbers agree"),
    "no array": ({"output": ORACLE.tolist()}, "type: expected an array, got list"),
    "none": ({"output": None}, "missing: expected output of shape (2, 3)"),
}


@pytest.mark.parametrize(("trace", "reason"), FORM.values(), ids=FORM)
def test_what_has_the_wrong_form_fails_with_expected_and_got(trace, reason):
    (verdict,) = judge(_expect(), trace)
    assert (verdict.status, verdict.observable, verdict.reason) == (Status.FAIL, "output", reason)


def test_the_float64_lane_refuses_float32():
    verdict = _judge(_expect(lane="float64"), ORACLE.astype(np.float32))
    assert verdict.reason == "dtype: expected float64, got float32; its numbers agree"


def test_what_the_reference_does_not_have_fails_by_name():
    verdicts = judge(_expect(), {"output": ORACLE.astype(np.float32), "grad.extra": ORACLE})
    assert [(v.observable, v.status) for v in verdicts] == [
        ("output", Status.PASS),
        ("grad.extra", Status.FAIL),
    ]
    assert verdicts[1].reason == "unexpected: the reference has no grad.extra; it has output"


def test_every_observable_is_judged():
    both = {"output": ORACLE, "grad.input": ORACLE}
    expected = replace(
        _expect(),
        oracle=both,
        tolerance=dict.fromkeys(both, np.full((2, 3), 1e-6)),
        reference={name: array.astype(np.float32) for name, array in both.items()},
    )
    got = {"output": ORACLE.astype(np.float32), "grad.input": _with((0, 0), 7)}
    assert [(v.observable, v.status) for v in judge(expected, got)] == [
        ("output", Status.PASS),
        ("grad.input", Status.FAIL),
    ]


# The reference's float32 value, the subject's value, and whether the subject passes.
MASKS = {
    "NaN where finite": ([1.0, 2.0], [1.0, nan], False),
    "inf where finite": ([1.0, 2.0], [1.0, inf], False),
    "NaN everywhere": ([1.0, 2.0], [nan, nan], False),
    "finite where inf": ([inf, 2.0], [3e38, 2.0], False),
    "finite where NaN": ([nan, 2.0], [0.0, 2.0], False),
    "the other inf": ([inf, 2.0], [-inf, 2.0], False),
    "NaN where inf": ([inf, 2.0], [nan, 2.0], False),
    "inf where NaN": ([nan, 2.0], [inf, 2.0], False),
    "the same mask": ([inf, -inf, nan, 2.0], [inf, -inf, nan, 2.0], True),
    "all NaN on both sides": ([nan, nan], [nan, nan], True),
    "the same mask, finite element wrong": ([inf, nan, 2.0], [inf, nan, 2.1], False),
}


@pytest.mark.parametrize(("reference", "got", "passes"), MASKS.values(), ids=MASKS)
def test_inf_and_nan_are_the_references(reference, got, passes):
    verdict = _judge(_expect(np.array(reference)), np.float32(got))
    assert verdict.passed == passes


@pytest.mark.parametrize(
    "name", [name for name, (*_, passes) in MASKS.items() if not passes and "wrong" not in name]
)
def test_a_wrong_mask_is_named(name):
    reference, got, _ = MASKS[name]
    assert "inf or NaN" in _judge(_expect(np.array(reference)), np.float32(got)).reason


def test_a_wrong_number_beside_a_right_mask_is_not_called_a_wrong_mask():
    verdict = _judge(_expect(np.array([inf, nan, 2.0])), np.float32([inf, nan, 2.1]))
    assert verdict.reason == "1 of 3 elements differ by more than rounding explains"


NONFINITE = replace(SAMPLE, regime="nonfinite")

# The reference's float32 value, the subject's value, and the reason in the regime `nonfinite`.
POSITIONS = {
    "NaN where inf": ([inf, 1.0, 2.0], [nan, 1.0, 2.0], "only inf/NaN positions differ: 1 of 3 elements"),
    "the other inf": ([inf, nan, 2.0], [-inf, nan, 2.0], "only inf/NaN positions differ: 1 of 3 elements"),
    "NaN where finite": ([1.0, 1.0, 2.0], [nan, nan, 2.0], "only inf/NaN positions differ: 2 of 3 elements"),
    "finite where NaN": ([nan, 1.0, 2.0], [0.0, 1.0, 2.0], "only inf/NaN positions differ: 1 of 3 elements"),
    "a number beside": ([inf, 1.0, 2.0], [nan, 1.0, 2.1], "2 of 3 elements, some of them inf or NaN"),
    "a number alone": ([inf, 1.0, 2.0], [inf, 1.0, 2.1], "1 of 3 elements differ by more than rounding"),
    "numbers too far for float64": ([1e308, nan], [-1e308, nan], "1 of 2 elements, some of them inf or NaN"),
}


@pytest.mark.parametrize(("reference", "got", "reason"), POSITIONS.values(), ids=POSITIONS)
def test_where_only_positions_of_inf_and_nan_differ_the_reason_says_so(reference, got, reason):
    expected = _expect(np.array(reference), lane="float64", sample=NONFINITE)
    assert _judge(expected, np.float64(got)).reason.startswith(reason)
    elsewhere = _judge(replace(expected, sample=SAMPLE), np.float64(got))
    assert "only inf/NaN" not in elsewhere.reason


def gru_cell(mix):
    """Return the failures of a GRU cell whose last step is another, at two seeds."""
    subject = TorchLike("another order", "mytorch", seams={"nn.GRUCell": {"mix": mix}})
    case = CASES["nn.GRUCell"]
    drawn = [s for seed in (1, 2) for s in draw(case.name, case.space, seed, case.default_samples)]
    return [
        v
        for s in drawn
        if s.shape_class != "wide"
        for v in judge_sample(prepare(case, s), subject)
        if not v.passed
    ]


def test_a_gru_by_lerp_differs_in_positions_of_nan_only():
    failures = gru_cell(lambda t, z, n, h: t.lerp(n, h, z))
    assert failures
    assert {v.regime for v in failures} == {"nonfinite"}
    assert {v.reason.partition(":")[0] for v in failures} == {"only inf/NaN positions differ"}


def test_torchs_own_order_of_operations_differs_nowhere():
    assert gru_cell(lambda _, z, n, h: n + z * (h - n)) == []


def test_beyond_the_lanes_range_the_reference_decides_and_not_the_oracle():
    expected = _expect(np.array([1e60, 2.0]), reference=np.array([inf, 2.0], np.float32))
    assert _judge(expected, np.float32([inf, 2.0])).status is Status.PASS
    assert _judge(expected, np.float32([3e38, 2.0])).status is Status.FAIL


def test_beyond_the_lanes_range_the_expected_value_is_shown_as_the_references():
    expected = _expect(np.array([1e60, 2.0]), reference=np.array([inf, 2.0], np.float32))
    assert _judge(expected, np.float32([3e38, 2.0])).expected == inf


def test_an_exact_observable_off_by_one_ulp_fails():
    expected = _expect(tolerance=np.zeros((2, 3)))
    verdict = _judge(expected, _with((1, 1), np.nextafter(np.float32(5), np.float32(6))))
    assert (verdict.status, verdict.worst_index, verdict.max_ulp) == (Status.FAIL, [1, 1], 1.0)


def test_an_exact_observable_that_agrees_passes():
    expected = _expect(np.array([1.0, 2.0]), tolerance=np.zeros(2))
    verdict = _judge(expected, np.float32([1, 2]))
    assert (verdict.status, verdict.headroom, verdict.max_error) == (Status.PASS, inf, 0.0)


def test_the_sign_of_zero_is_no_difference():
    expected = _expect(np.array([0.0, 1.0]), tolerance=np.zeros(2))
    assert _judge(expected, np.float32([-0.0, 1.0])).status is Status.PASS


def test_an_error_of_exactly_the_tolerance_passes():
    expected = _expect(np.array([1.0]), tolerance=np.array([0.25]))
    verdict = _judge(expected, np.float32([1.25]))
    assert (verdict.status, verdict.headroom) == (Status.PASS, 1.0)


def test_an_error_just_above_the_tolerance_fails():
    expected = _expect(np.array([1.0]), tolerance=np.array([0.25]))
    assert _judge(expected, np.float32([1.2500001])).status is Status.FAIL


def test_one_small_element_wrong_beside_large_ones_is_caught_per_element():
    expected = _expect(tolerance=scale(DEVIATED, "float32").allowed())
    # The error is within the tensor's tolerance and beyond the element's.
    verdict = _judge(expected, _with((1, 2), 1.3e-6))
    assert DEVIATED.largest > 3e-7
    assert (verdict.status, verdict.worst_index) == (Status.FAIL, [1, 2])


def test_an_element_within_its_own_bound_but_beyond_its_tensors_is_caught():
    # The element deviates most of all, so its own tolerance is twice the tensor's.
    deviation = Deviation(1e-7, np.array([1e-7, 1e-8]))
    expected = _expect(np.array([1.0, 1.0]), tolerance=scale(deviation, "float32").allowed())
    got = np.float32([1 + 6e-7, 1.0])
    assert abs(float(got[0]) - 1) < 8 * 1e-7
    assert _judge(expected, got).status is Status.FAIL


def test_the_worst_element_is_the_one_with_the_least_headroom_and_not_the_largest_error():
    tolerance = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1e-9]])
    got = _with((0, 0), 1.5)
    got[1, 2] = 2e-6
    verdict = _judge(_expect(tolerance=tolerance), got)
    assert verdict.worst_index == [1, 2]
    assert verdict.expected == pytest.approx(1e-6)
    assert verdict.got == pytest.approx(2e-6)
    assert verdict.tolerance == 1e-9
    assert verdict.headroom == pytest.approx(1e-3, rel=1e-3)
    assert verdict.max_error == 0.5


def test_a_failure_says_how_many_elements_differ():
    got = ORACLE.astype(np.float32)
    got[0, :2] += 1
    assert _judge(_expect(), got).reason == "2 of 6 elements differ by more than rounding explains"


def test_a_failure_has_every_field():
    verdict = _judge(_expect(), _with((0, 1), -1.5))
    data = verdict.to_json()
    assert [name for name, value in data.items() if value is None] == [
        *("profile", "repeatable", "would_pass", "use")
    ]
    assert (
        data
        | {
            "case": "add",
            "sample": SAMPLE.text,
            "check": "forward",
            "lane": "float32",
            "observable": "output",
            "status": "FAIL",
            "elements": 6,
            "worst_index": [0, 1],
            "expected": -2.0,
            "got": -1.5,
            "max_error": 0.5,
            "tolerance": 1e-6,
            "shape_class": "small",
            "regime": "normal",
        }
        == data
    )


def test_errors_are_measured_in_last_places_and_in_roundings_of_the_largest():
    verdict = _judge(_expect(np.array([1.0, 4.0])), np.float32([1.5, 4.0]))
    assert verdict.max_ulp == 0.5 / 2.0**-23
    assert verdict.error_in_u == 0.5 / (4 * 2.0**-24)


def test_the_references_own_error_stands_beside():
    oracle = np.array([1 / 3, 1.0])
    verdict = _judge(_expect(oracle), oracle.astype(np.float32))
    assert verdict.reference_error == abs(float(np.float32(1 / 3)) - 1 / 3)


def test_in_float64_the_reference_is_the_oracle_and_has_no_error():
    assert _judge(_expect(lane="float64"), ORACLE.copy()).reference_error is None


@pytest.mark.parametrize(
    ("oracle", "wrong"),
    [
        (np.array([1, 2, 3]), np.array([1, 5, 3])),
        (np.array([True, False, True]), np.array([True, True, True])),
    ],
    ids=["integers", "booleans"],
)
def test_what_has_no_rounding_is_compared_exactly(oracle, wrong):
    good, bad = _judge(_expect(oracle), oracle.copy()), _judge(_expect(oracle), wrong)
    assert (good.status, good.elements, good.headroom) == (Status.PASS, 3, inf)
    assert (bad.status, bad.worst_index, bad.reason) == (Status.FAIL, [1], "1 of 3 elements differ")
    assert (bad.expected, bad.got) == (float(oracle[1]), float(wrong[1]))


def test_integers_of_another_width_have_the_wrong_dtype():
    verdict = _judge(_expect(np.array([1, 2])), np.array([1, 2], np.int32))
    assert verdict.reason == "dtype: expected int64, got int32; its numbers agree"


def test_a_scalar_is_judged():
    verdict = _judge(_expect(np.array(2.0), tolerance=np.array(1e-6)), np.array(3.0, np.float32))
    assert (verdict.status, verdict.worst_index, verdict.got) == (Status.FAIL, [], 3.0)


def test_a_numpy_scalar_is_an_array():
    assert _judge(_expect(np.array(2.0), tolerance=np.array(1e-6)), np.float32(2)).status is Status.PASS


def test_no_elements_are_compared_by_form():
    expected = _expect(np.zeros((0, 3)), sample=replace(SAMPLE, shape_class="empty"))
    verdict = _judge(expected, np.zeros((0, 3), np.float32))
    assert (verdict.status, verdict.elements) == (Status.PASS, 0)
    assert _judge(expected, np.zeros((0, 4), np.float32)).status is Status.FAIL


def test_a_class_with_elements_that_compares_none_is_empty():
    statuses = [v.status for v in judge(_expect(np.zeros((0, 3))), {"output": np.zeros((0, 3), np.float32)})]
    assert statuses == [Status.PASS, Status.EMPTY]


def test_a_reference_without_outputs_is_empty():
    expected = replace(_expect(), oracle={}, tolerance={}, reference={})
    (verdict,) = judge(expected, {})
    assert (verdict.status, verdict.observable) == (Status.EMPTY, None)


@pytest.mark.parametrize(
    ("name", "training", "check"),
    [("output", False, "forward"), ("grad.input", False, "backward"), ("weight.1", True, "training")],
)
def test_the_check_follows_from_the_observable(name, training, check):
    expected = replace(_expect(), training=training)
    assert expected.verdict(name, Status.PASS).check == check


@pytest.mark.parametrize("largest", [5e-324, 1e-310, 2.0**-1022])
@pytest.mark.parametrize("lane", ["float32", "float64"])
def test_denormals_whose_rounding_underflows_are_judged_too(lane, largest):
    # The gradient of logsigmoid in the regime steep is such a number in the lane float64.
    oracle = np.array([largest, 0.0])
    verdict = _judge(_expect(oracle, lane=lane, tolerance=np.full(2, 1e-300)), oracle.astype(lane))
    # Zeros are as near.
    assert verdict.status is Status.MISTRUSTED
    verdict = _judge(_expect(oracle, lane=lane, tolerance=np.full(2, 1e-300)), np.array([1, 0], lane))
    assert (verdict.status, verdict.error_in_u) == (Status.FAIL, inf)
    small = _judge(_expect(oracle, lane=lane, tolerance=np.full(2, 1e-300)), np.array([0, 0], lane))
    assert small.error_in_u == pytest.approx(2.0 ** (24 if lane == "float32" else 53))
