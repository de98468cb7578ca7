"""Inputs are drawn again from a seed, scaled, and made of other shapes."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from conformance.checking.inputs import declared, shapes_of
from conformance.errors import UsageError


def draw():
    return [torch.randn(4, 3), {"more": (torch.randint(9, (5,)), 7)}, np.random.rand(2)]  # noqa: NPY002


def tensors(inputs):
    return [inputs[0], inputs[1]["more"][0], inputs[2]]


def test_a_seed_gives_a_draw_and_other_seeds_others():
    inputs = declared(draw, "float32")
    one, again, other = (tensors(inputs.drawn(seed)) for seed in (1, 1, 2))
    assert not inputs.fixed
    assert all(map(torch.equal, one, again))
    assert not any(map(torch.equal, one, other))
    assert [each.dtype for each in one] == [torch.float32, torch.int64, torch.float32]


def test_generators_are_left_as_they_were():
    def states():
        return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002

    before = states()
    declared(draw, "float32").drawn(3)
    assert states() == before


def test_floating_numbers_are_scaled():
    inputs = declared(draw, "float64")
    one, large = tensors(inputs.drawn(1)), tensors(inputs.drawn(1, scale=16))
    assert [torch.equal(16 * a, b) for a, b in zip(one, large, strict=True)] == [True, False, True]
    assert torch.equal(one[1], large[1])


def test_fixed_inputs_differ_by_the_order_of_their_rows():
    inputs = declared((torch.arange(6.0).reshape(3, 2), torch.tensor(2.0), 3), "float32")
    first, second = inputs.drawn(1, 0), inputs.drawn(1, 1)
    assert inputs.fixed
    assert second[0].tolist() == [[4, 5], [0, 1], [2, 3]]
    assert (first[1:], second[1:]) == ((2, 3), (2, 3))


def test_other_shapes_hold_numbers_of_the_declared_ones():
    inputs = declared(lambda: (torch.tensor([0.25, 0.5]), torch.tensor([3])), "float32")
    values, places = inputs.shaped(((7, 2), (4,)), 1)
    assert values.shape == (7, 2)
    assert set(values.flatten().tolist()) == {0.25, 0.5}
    assert places.tolist() == [3, 3, 3, 3]


def test_an_error_of_what_draws_is_told():
    with pytest.raises(UsageError, match="inputs: ZeroDivisionError: division by zero"):
        declared(lambda: 1 / 0, "float32")


@pytest.mark.parametrize("text", ["", "4x", "4*8", "4x8;3", "-1", "٣"])
def test_what_is_no_shape_is_refused(text):
    with pytest.raises(UsageError, match="shapes: expected sizes such as 4x8,8x3"):
        shapes_of(text)
