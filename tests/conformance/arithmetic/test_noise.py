"""The noise: normal, of one variance, and independent between elements, replicates and results."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
import torch

from conformance.arithmetic import noise as module
from conformance.arithmetic.noise import Noise

# Shapes of replicates that are read at once, in pieces of several replicates, and in pieces of one.
SHAPES = {
    "read at once": (64, 4, 100),
    "pieces of replicates": (64, 90, 100),
    "pieces of one": (5, module._PIECE // 100 + 333, 100),
}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def _noise(shape, seed=1, error=1.0):
    replicates = torch.zeros(shape, dtype=torch.float64)
    Noise(seed).add(replicates, torch.full(shape[1:], error, dtype=torch.float64))
    return replicates.numpy()


def test_the_shapes_are_read_in_three_ways():
    sizes = [np.prod(shape) for shape in SHAPES.values()]
    assert sizes[0] <= module._POOLED < sizes[1]
    assert np.prod(SHAPES["pieces of replicates"][1:]) < module._PIECE < np.prod(SHAPES["pieces of one"][1:])


@every_shape
def test_it_is_normal_with_the_variance_of_one_rounding(shape):
    values = _noise(shape).ravel() * np.sqrt(3)
    bound = 5 / np.sqrt(values.size)
    assert abs(values.mean()) < bound
    assert abs(values.var() - 1) < bound * np.sqrt(2)
    assert abs((values**4).mean() - 3) < bound * np.sqrt(96)


@every_shape
def test_it_has_the_size_of_the_error(shape):
    np.testing.assert_allclose(_noise(shape, error=2.0**-20), _noise(shape) * 2.0**-20, rtol=1e-14)


@every_shape
def test_elements_and_replicates_are_independent(shape):
    rows = _noise(shape).reshape(shape[0], -1) * np.sqrt(3)
    bound = 5 / np.sqrt(rows.size / 2)
    assert abs((rows[1:] * rows[:-1]).mean()) < bound
    for shift in (1, 2, 3, 100):
        assert abs((rows[:, shift:] * rows[:, :-shift]).mean()) < bound


@every_shape
def test_two_results_seldom_share_noise(shape):
    noise = Noise(1)
    worst = []
    for _ in range(10):
        one, other = (torch.zeros(shape, dtype=torch.float64) for _ in range(2))
        for each in (one, other):
            noise.add(each, torch.ones(shape[1:], dtype=torch.float64))
        worst.append(abs(float(3 * (one * other).mean())))
    assert max(worst) < 5 / np.sqrt(one.numel())


def test_a_seed_gives_the_same_twice_and_another_seed_another():
    shape = SHAPES["pieces of replicates"]
    np.testing.assert_array_equal(_noise(shape), _noise(shape))
    assert np.all(_noise(shape) != _noise(shape, seed=2))


def _read(stream, count):
    pool, _ = module._pool()
    start = int(stream.random() * (len(pool) - count))
    return pool[start : start + count]


@pytest.mark.parametrize("shape", [*SHAPES.values()][1:], ids=[*SHAPES][1:])
def test_a_large_result_gets_the_sum_of_two_reads_bit_for_bit(shape):
    width, stream = shape[1] * shape[2], Random(1)  # noqa: S311 - noise, not a secret
    error = torch.linspace(1, 2, width, dtype=torch.float64).view(shape[1:])
    replicates, expected = (torch.ones(shape, dtype=torch.float64) for _ in range(2))
    for rows in expected.split(max(1, module._PIECE // width)):
        sizes = [min(module._PIECE, rows.numel() - k) for k in range(0, rows.numel(), module._PIECE)]
        sums = torch.cat([_read(stream, size) + _read(stream, size) for size in sizes])
        rows.addcmul_(sums.view(rows.shape), error * 0.5**0.5)
    Noise(1).add(replicates, error)
    assert torch.equal(replicates, expected)


@every_shape
def test_at_how_many_replicates_it_is_added_at_once_changes_nothing(shape, monkeypatch):
    usual = _noise(shape)
    for few in (5_000, 20_000):
        monkeypatch.setattr(module, "_CACHED", few)
        np.testing.assert_array_equal(_noise(shape), usual)


def test_a_result_that_is_not_contiguous_gets_the_same():
    for shape in SHAPES.values():
        replicates = torch.zeros((shape[0], shape[2], shape[1]), dtype=torch.float64).transpose(1, 2)
        Noise(1).add(replicates, torch.ones(shape[1:], dtype=torch.float64))
        np.testing.assert_array_equal(replicates.numpy(), _noise(shape))
