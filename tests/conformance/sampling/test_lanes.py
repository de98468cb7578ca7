"""The arrays of lanes: rounding to bfloat16, which NumPy lacks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from conformance.sampling.lanes import EVERY_LANE, carried, rounded, spacing

EVERY_FLOAT32_EXPONENT = np.array(
    [sign * fraction * 2.0**k for sign in (1, -1) for k in range(-149, 128) for fraction in (1, 1.2, 1.9)]
)
# Halfway between two numbers of bfloat16, just beside that, and in their middle.
TIES = np.array([1 + k * 2.0**-9 + e for k in range(9) for e in (0, 2.0**-20, -(2.0**-20))])
SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 3.39e38, 3.4e38, 65504, 65520, 1e300])


@pytest.mark.parametrize("lane", EVERY_LANE)
def test_rounding_is_torchs(lane):
    with np.errstate(over="ignore"):
        values = np.concatenate([EVERY_FLOAT32_EXPONENT, TIES, SPECIAL]).astype(np.float32)
        expected = torch.from_numpy(values).to(getattr(torch, lane))
        got = rounded(values, lane)
    assert got.dtype == np.dtype(carried(lane))
    np.testing.assert_array_equal(got, expected.to(getattr(torch, carried(lane))).numpy())


def test_a_number_without_dimensions_and_an_empty_array():
    assert rounded(np.float64(257.0).reshape(()), "bfloat16").shape == ()
    assert rounded(np.zeros((0, 3)), "bfloat16").shape == (0, 3)


def test_another_memory_order():
    columns = np.asfortranarray(np.arange(256.0, 262.0).reshape(2, 3))
    np.testing.assert_array_equal(rounded(columns, "bfloat16"), [[256, 256, 258], [260, 260, 260]])


@pytest.mark.parametrize("lane", EVERY_LANE)
def test_spacing_is_the_distance_to_the_next_larger_number(lane):
    dtype = getattr(torch, lane)
    numbers = torch.tensor([0.0, 2.0**-24, 2.0**-14, 0.4, 1.0, 1.5, 255.0, 6e4], dtype=dtype)
    above = torch.nextafter(numbers, torch.tensor(torch.inf, dtype=dtype))
    np.testing.assert_array_equal(
        spacing(numbers.double().numpy(), lane), (above.double() - numbers.double()).numpy()
    )
