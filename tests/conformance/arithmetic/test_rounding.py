"""The sizes of roundings that rules are made of."""

from __future__ import annotations

import math

import pytest
import torch

from conformance.arithmetic.rounding import UNDERFLOW, UNIT, products, scaled

SIZES = {
    "a matrix": torch.linspace(0, 3, 6, dtype=torch.float64).view(2, 3),
    "transposed": torch.linspace(0, 3, 6, dtype=torch.float64).view(2, 3).T,
    "of no dimensions": torch.tensor(0.3, dtype=torch.float64),
    "of no elements": torch.zeros(0, 3, dtype=torch.float64),
    "of two parts": torch.complex(torch.tensor([0.1, 2.0]), torch.tensor([3.0, 0.7])).to(torch.complex128),
}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_sizes_are_multiplied_and_added_to_bit_for_bit(size):
    assert torch.equal(scaled(size.clone(), 3), size * 3)
    assert torch.equal(scaled(size.clone(), 0.7, 2.0**-126), size * 0.7 + 2.0**-126)


def test_the_error_of_products_has_that_of_their_underflows():
    found = products(torch.tensor([0.0, 2.0], dtype=torch.float64), 12)
    assert found.tolist() == [UNDERFLOW / UNIT * math.sqrt(12), 4 + UNDERFLOW / UNIT * math.sqrt(12)]
