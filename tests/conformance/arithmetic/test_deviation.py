"""The deviation of a run: its size, where it is zero, and when noise changes a branch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from conformance.arithmetic.constants import constants
from conformance.arithmetic.deviation import _NUMBERS, deviations
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
    deviation = deviations(run, "key")["output"]
    assert 0.3 * UNIT < deviation.rms.mean() / float(run()["output"].abs().mean()) < 10 * UNIT


def test_deviation_has_the_shape_of_the_observable():
    assert deviations(_linear(), "key")["output"].rms.shape == (5, 6)


def test_the_largest_deviation_is_at_least_every_root_mean_square():
    deviation = deviations(_linear(), "key")["output"]
    assert deviation.largest >= deviation.rms.max()


def test_a_copy_does_not_deviate():
    deviation = deviations(_linear(), "key")["copy"]
    assert deviation.largest == 0
    assert not deviation.rms.any()


def test_a_key_gives_the_same_deviation_twice():
    first, second = deviations(_linear(), "key")["output"], deviations(_linear(), "key")["output"]
    np.testing.assert_array_equal(first.rms, second.rms)
    assert first.largest == second.largest


def test_another_key_gives_other_noise():
    first, second = deviations(_linear(), "key")["output"], deviations(_linear(), "other")["output"]
    assert np.all(first.rms != second.rms)


def _counted(largest):
    """Return the deviation of a run, and how often that was called."""
    calls, run = [], _linear()
    deviation = deviations(lambda: calls.append(None) or run(), "key", largest)["output"]
    return deviation, len(calls)


def test_the_program_runs_once():
    assert _counted(35)[1] == 1


def test_of_large_tensors_fewer_replicates_are_held_at_a_time():
    count = constants().replicates
    assert _counted(_NUMBERS // count)[1] == 1
    assert _counted(_NUMBERS // count + 1)[1] == 2
    assert _counted(2 * _NUMBERS)[1] == count


def test_in_how_many_passes_changes_the_noise_and_not_its_size():
    (one, _), (other, _) = _counted(1), _counted(2 * _NUMBERS)
    assert np.all(one.rms != other.rms)
    assert 0.8 < np.sqrt(np.mean(one.rms**2) / np.mean(other.rms**2)) < 1.25
    assert other.largest >= other.rms.max()


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


def test_a_shape_that_noise_decides_is_a_branch():
    third = torch.full((64,), 1 / 3, dtype=torch.float64)

    def run():
        x = third * 3 - 1
        return {"output": x[x > 0]}

    assert deviations(run, "key") is None


def test_integers_and_masks_do_not_deviate():
    x = torch.arange(4, dtype=torch.float64)
    found = deviations(lambda: {"mask": x > 1.5, "index": x.argsort()}, "key")
    assert {name: deviation.largest for name, deviation in found.items()} == {"mask": 0, "index": 0}


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
