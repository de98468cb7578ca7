"""Which cheap wrong answers a tolerance notices."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.reference.sight import WRONG, noticed

RAMP = np.arange(12.0).reshape(3, 4) / 7


def test_a_tight_tolerance_of_various_numbers_notices_all():
    assert noticed(RAMP, np.full(RAMP.shape, 1e-6)) == dict.fromkeys(WRONG, True)


@pytest.mark.parametrize(
    ("expected", "missed"),
    [
        (np.zeros((3, 4)), {"zeros", "the mean everywhere", "rolled rows", "float16 rounding"}),
        (np.full((3, 4), 1 / 3), {"the mean everywhere", "rolled rows"}),
        (np.tile(RAMP[0], (3, 1)), {"rolled rows"}),
        (np.arange(12.0), {"float16 rounding"}),
        (np.full((3, 4), np.inf), {"zeros", "the mean everywhere", "rolled rows", "float16 rounding"}),
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


@pytest.mark.parametrize(("dtype", "bits"), [("float16", 8), ("bfloat16", 4)])
def test_half_types_are_rounded_to_the_next_fewer_bits(dtype, bits):
    name = {"float16": "bfloat16 rounding", "bfloat16": "float8 rounding"}[dtype]
    # A number halfway between two of so many bits, and one that has no more of them.
    halfway, held = 1 + 2.0**-bits, 1 + 2.0 ** (1 - bits)
    for value, error in ((halfway, 2.0**-bits), (held, 0.0)):
        for tolerance, seen in ((error / 2, error > 0), (2.0 ** (1 - bits), False)):
            assert noticed(np.array([value]), np.array([tolerance]), dtype)[name] is seen
