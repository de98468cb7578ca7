"""Tolerances are multiples of deviations, per tensor and per element."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.arithmetic.constants import constants
from conformance.arithmetic.deviation import Deviation
from conformance.arithmetic.tolerance import UNIT, scale

C = constants()
EVEN = Deviation(1.0, np.array([0.4, 0.1, 0.0, C.floor / 2]))


def test_an_element_is_allowed_a_multiple_of_its_own_deviation():
    assert scale(EVEN, "float32").allowed()[1] == pytest.approx(C.element * 0.1)


def test_an_element_without_deviation_is_allowed_a_share_of_its_tensors():
    assert scale(EVEN, "float32").allowed()[2] == pytest.approx(C.element * C.floor)


def test_the_floor_does_not_add_to_a_deviation_above_it():
    deviation = Deviation(1.0, np.array([2 * C.floor]))
    assert scale(deviation, "float32").allowed()[0] == pytest.approx(C.element * 2 * C.floor)


def test_no_element_is_allowed_more_than_its_tensor():
    deviation = Deviation(1.0, np.array([1.0]))
    assert scale(deviation, "float32").allowed()[0] == pytest.approx(C.tensor)


def test_the_float64_lane_is_the_ratio_of_the_roundings_and_the_oracles_own_share():
    np.testing.assert_allclose(
        scale(EVEN, "float64").allowed(), scale(EVEN, "float32").allowed() * 2.0**-29 * C.oracle_share
    )


def test_a_rounding_is_half_the_distance_between_numbers():
    assert {name: UNIT[name] for name in ("float16", "float32", "float64")} == {
        name: np.finfo(name).eps / 2 for name in ("float16", "float32", "float64")
    }


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_half_type_is_measured_at_its_own_precision(dtype):
    np.testing.assert_array_equal(scale(EVEN, dtype).allowed(), scale(EVEN, "float32").allowed())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tolerance_is_linear_in_the_deviation(dtype):
    scaled = Deviation(EVEN.largest * 8, EVEN.rms * 8)
    np.testing.assert_allclose(scale(scaled, dtype).allowed(), scale(EVEN, dtype).allowed() * 8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_does_not_deviate_must_agree_in_every_bit(dtype):
    np.testing.assert_array_equal(scale(Deviation(0.0, np.zeros((2, 3))), dtype).allowed(), np.zeros((2, 3)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_exact_must_agree_in_every_bit_though_noise_moved_it(dtype):
    np.testing.assert_array_equal(scale(EVEN, dtype, exact=True).allowed(), np.zeros(4))


def test_a_scalar_observable_has_a_scalar_tolerance():
    assert scale(Deviation(0.5, np.array(0.5)), "float32").allowed().shape == ()
