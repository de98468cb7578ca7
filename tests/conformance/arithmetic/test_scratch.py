"""Tests for conformance/arithmetic/scratch.py."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from conformance.arithmetic.scratch import scratch


@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3), (100, 100)])
def test_all_three_are_the_same_numbers(shape):
    found = scratch(torch.Size(shape))
    found.array.fill(2.0)
    assert found.array.shape == tuple(found.tensor.shape) == shape
    assert found.flat.tolist() == [2.0] * found.array.size
    assert (found.tensor == 2.0).all()


def test_small_ones_are_kept_and_large_ones_are_not():
    assert scratch(torch.Size((3, 4))).array is scratch(torch.Size((3, 4))).array
    assert scratch(torch.Size((300, 400))).array is not scratch(torch.Size((300, 400))).array


def test_no_more_are_kept_than_a_few_hundred():
    first = scratch(torch.Size((1, 7)))
    for size in range(300):
        scratch(torch.Size((2, size)))
    assert scratch(torch.Size((1, 7))).array is not first.array


def test_each_thread_has_its_own():
    with ThreadPoolExecutor(1) as other:
        there = other.submit(scratch, torch.Size((5, 4))).result()
    assert not np.shares_memory(scratch(torch.Size((5, 4))).array, there.array)
