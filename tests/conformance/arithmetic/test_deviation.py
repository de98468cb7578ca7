"""The deviation of a run: its size, where it is zero, and when noise changes a branch."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch

from conformance.arithmetic import deviation
from conformance.arithmetic.constants import constants
from conformance.arithmetic.deviation import deviations
from conformance.arithmetic.replicates import Replicates
from conformance.arithmetic.rounding import UNIT
from conformance.errors import NoiseError


def _linear(scale=1.0):
    """Return a run of a matrix product of data times a power of two."""
    generator = torch.Generator().manual_seed(1)
    a = torch.randn(5, 7, generator=generator, dtype=torch.float64) * scale
    b = torch.randn(7, 6, generator=generator, dtype=torch.float64)
    return lambda: {"output": a @ b, "copy": a.clone()}


def test_deviation_scales_with_the_data():
    plain, scaled = deviations(_linear(), "key"), deviations(_linear(2.0**40), "key")
    np.testing.assert_allclose(scaled["output"].rms, plain["output"].rms * 2.0**40, rtol=1e-6)
    np.testing.assert_allclose(scaled["output"].largest, plain["output"].largest * 2.0**40, rtol=1e-6)


def test_deviation_is_of_the_size_of_a_rounding():
    run = _linear()
    found = deviations(run, "key")["output"]
    assert 0.3 * UNIT < found.rms.mean() / float(run()["output"].abs().mean()) < 10 * UNIT


def test_deviation_has_the_shape_of_the_observable():
    assert deviations(_linear(), "key")["output"].rms.shape == (5, 6)


def test_the_largest_deviation_is_at_least_every_root_mean_square():
    found = deviations(_linear(), "key")["output"]
    assert found.largest >= found.rms.max()


def test_a_copy_does_not_deviate():
    found = deviations(_linear(), "key")["copy"]
    assert found.largest == 0
    assert not found.rms.any()


def test_the_observables_themselves_are_those_of_a_run_without_noise():
    run = _linear()
    found = deviations(run, "key")
    for name, value in run().items():
        np.testing.assert_array_equal(found[name].clean, value.numpy())
        # Of memory of their own: the storage of a tensor holds its replicates, too.
        assert found[name].clean.base is None


def test_what_a_decomposition_makes_is_not_taken_for_what_torch_makes():
    run = _linear()
    found = deviations(lambda: {"output": torch.softmax(run()["output"], 1), **run()}, "key")
    assert [each.clean for each in found.values()] == [None, None]


def test_a_key_gives_the_same_deviation_twice():
    first, second = deviations(_linear(), "key")["output"], deviations(_linear(), "key")["output"]
    np.testing.assert_array_equal(first.rms, second.rms)
    assert first.largest == second.largest


def test_another_key_gives_other_noise():
    first, second = deviations(_linear(), "key")["output"], deviations(_linear(), "other")["output"]
    assert np.all(first.rms != second.rms)


def _counted(run, limit, monkeypatch):
    """Return the deviations of a run within a limit of numbers held, and how often it ran to its end."""
    monkeypatch.setattr(deviation, "_NUMBERS", limit)
    ends = []

    def counted():
        observables = run()
        ends.append(None)
        return observables

    return deviations(counted, "key"), len(ends)


def test_the_program_runs_once(monkeypatch):
    assert _counted(_linear(), deviation._NUMBERS, monkeypatch)[1] == 1


def _outer():
    """Return a number made of a matrix that is much larger than the inputs: 100 x 100 of 100 and 100."""
    generator = torch.Generator().manual_seed(1)
    a, b = (torch.randn(100, generator=generator, dtype=torch.float64, requires_grad=True) for _ in "ab")

    def run():
        a.grad = b.grad = None
        out = (a[:, None] * b).tanh().sum(1)
        torch.autograd.backward([out], [torch.ones_like(out)])
        return {"output": out.detach().clone(), "grad.a": a.grad.clone(), "grad.b": b.grad.clone()}

    return run


def test_of_large_intermediate_results_fewer_replicates_are_held_at_a_time(monkeypatch):
    count = constants().replicates
    assert _counted(_outer(), 1 << 40, monkeypatch)[1] == 1
    passes = _counted(_outer(), 100 * 100 * 16, monkeypatch)[1]
    assert 4 < passes < count
    assert _counted(_outer(), 1, monkeypatch)[1] == count


def test_no_more_are_held_than_the_limit(monkeypatch):
    most, keep = [], Replicates._keep

    def kept(self, *given):
        found = keep(self, *given)
        most.append(self.numbers)
        return found

    monkeypatch.setattr(Replicates, "_keep", kept)
    limit = 100 * 100 * 10
    _counted(_outer(), limit, monkeypatch)
    assert limit / 2 < max(most) <= limit


def test_what_is_held_is_the_same_at_each_run(monkeypatch):
    """Whether Python looks for cycles at every step or never."""
    held, keep = [], Replicates._keep

    def kept(self, *given):
        held.append(self.numbers)
        return keep(self, *given)

    def cycle():
        loop = [torch.ones(50, dtype=torch.float64) * 3]
        loop.append(loop)

    def run():
        for _ in range(5):
            cycle()
        return {"output": torch.ones(50, dtype=torch.float64) * 3}

    monkeypatch.setattr(Replicates, "_keep", kept)
    usual = gc.get_threshold()
    for threshold in (1, 10**6):
        gc.set_threshold(threshold)
        try:
            deviations(run, "key")
        finally:
            gc.set_threshold(*usual)
    assert gc.isenabled()
    assert len(held) == 12
    assert held[:6] == held[6:]


def test_in_how_many_passes_changes_the_noise_and_not_its_size(monkeypatch):
    (one, _), (other, _) = (_counted(_outer(), limit, monkeypatch) for limit in (1 << 40, 100 * 100 * 16))
    for name in one:
        assert np.all(one[name].rms != other[name].rms)
        assert 0.95 < np.sqrt(np.mean(one[name].rms ** 2) / np.mean(other[name].rms ** 2)) < 1.05
        assert other[name].largest >= other[name].rms.max()


def test_only_the_passes_that_ended_count(monkeypatch):
    """Of 64 replicates, none is counted twice and none is left out."""
    ones = torch.ones(100_000, dtype=torch.float64)
    for limit in (1 << 40, 100_000 * 20):
        (found, _) = _counted(lambda: {"output": ones * 1.0}, limit, monkeypatch)
        assert abs(found["output"].rms.mean() / UNIT - 3**-0.5) < 0.01


@pytest.mark.parametrize(
    ("distance", "steady"), [(0.0, False), (1e-9, False), (0.25, True)], ids=["tie", "near", "far"]
)
def test_a_run_whose_branch_flips_has_no_deviation(distance, steady):
    third = torch.full((4,), 1 / 3, dtype=torch.float64)

    def run():
        x = (third * 3 - 1 + distance).requires_grad_()
        x.relu().sum().backward()
        return {"grad.x": x.grad}

    assert (deviations(run, "key") is not None) == steady


def test_the_step_that_a_nan_is_on_is_steady():
    x = torch.tensor([np.nan, np.inf, 0.5], dtype=torch.float64)
    assert deviations(lambda: {"output": (x * 3).floor()}, "key") is not None


def test_a_nan_that_becomes_a_number_is_another_branch():
    third = torch.full((64,), 1 / 3, dtype=torch.float64)
    assert deviations(lambda: {"output": (third * 3 - 1).sqrt().floor()}, "key") is None


def test_a_number_that_only_noise_makes_nan_is_another_branch():
    third = torch.full((64,), 1 / 3, dtype=torch.float64)
    assert deviations(lambda: {"output": (third * 3 - 1).sqrt()}, "key") is None


def test_a_number_that_only_noise_makes_infinite_is_another_branch():
    most = torch.full((64,), torch.finfo(torch.float64).max, dtype=torch.float64)
    assert deviations(lambda: {"output": most * 1.0}, "key") is None


def test_a_shape_that_noise_decides_is_a_branch():
    third = torch.full((64,), 1 / 3, dtype=torch.float64)

    def run():
        x = third * 3 - 1
        return {"output": x[x > 0]}

    assert deviations(run, "key") is None


@pytest.mark.parametrize("turned", [False, True], ids=["contiguous", "transposed"])
@pytest.mark.parametrize("shape", [(3, 5), (70, 60)], ids=["few elements", "several parts"])
@pytest.mark.parametrize("count", [64, 5])
def test_a_deviation_is_the_distance_of_the_replicates(count, shape, turned, monkeypatch):
    """By its definition: its maximum and its root mean square, and nothing of what is not finite."""
    x = torch.linspace(-3, 4, shape[0] * shape[1], dtype=torch.float64).view(shape)
    x[:, 1], x[:, 2], x[-1, :] = np.nan, np.inf, 1e30
    kept = []

    def further(values):
        kept.append(values["output"])
        return {}

    run = lambda: {"output": (x / 3).mT if turned else x / 3}  # noqa: E731
    monkeypatch.setattr(deviation, "_CACHED", 1 << 13)
    found = deviations(run, "key", further=further, count=count)["output"]
    clean, moved = (each.numpy() for each in kept)
    with np.errstate(invalid="ignore"):
        away = np.where(np.isfinite(clean), np.abs(moved - clean), 0.0)
    assert found.largest == away.max() > 1e20
    np.testing.assert_allclose(found.rms, np.sqrt(np.mean(away**2, 0)), rtol=1e-14)


@pytest.mark.parametrize("number", [0.25, np.inf, np.nan])
@pytest.mark.parametrize(("most", "steady"), [(5.0, False), (7.0, True)])
def test_a_number_beyond_the_range_of_the_dtype_is_another_branch(most, steady, number):
    x = torch.tensor([number, -6.0, 2.0], dtype=torch.float64)
    assert (deviations(lambda: {"output": x.clone()}, "key", most=most) is not None) == steady


def test_integers_and_masks_do_not_deviate():
    x = torch.arange(4, dtype=torch.float64)
    found = deviations(lambda: {"mask": x > 1.5, "index": x.argsort()}, "key")
    assert {name: each.largest for name, each in found.items()} == {"mask": 0, "index": 0}


def test_what_is_not_finite_deviates_by_nothing():
    x = torch.tensor([np.inf, -np.inf, np.nan, 1.0], dtype=torch.float64)
    rms = deviations(lambda: {"output": (x * 3)}, "key")["output"].rms
    np.testing.assert_array_equal(rms > 0, [False, False, False, True])


def test_no_elements_have_no_deviation():
    found = deviations(lambda: {"output": torch.zeros(0, 3)}, "key")["output"]
    assert found.largest == 0
    assert found.rms.shape == (0, 3)


def test_an_observable_that_is_no_tensor_is_refused_by_name():
    with pytest.raises(NoiseError, match=r"output: expected a torch tensor, .* got ndarray"):
        deviations(lambda: {"output": np.zeros(3)}, "key")


def test_further_observables_are_made_of_the_replicates_and_do_not_round():
    x = torch.linspace(1, 2, 50, dtype=torch.float64)

    def further(values):
        return {"root": (values["output"] - 1).square() + values["output"] / 3}

    found = deviations(lambda: {"output": x / 3}, "key", further=further)
    assert list(found) == ["output", "root"]
    # The derivative of the root is known, and the noise is that of the output alone.
    slope = (2 * (x / 3 - 1) + 1 / 3).abs().numpy()
    np.testing.assert_allclose(found["root"].rms, slope * found["output"].rms, rtol=1e-3, atol=1e-12)


def test_as_many_replicates_are_made_as_are_asked_for():
    shapes = []

    def further(values):
        shapes.append(values["output"].shape)
        return {}

    deviations(lambda: {"output": torch.ones(3, dtype=torch.float64) / 3}, "key", further=further, count=5)
    assert shapes == [(3,), (5, 3)]
