"""Noisy numbers cannot be taken out of tensors; other numbers can."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from conformance.arithmetic.mode import Arithmetic
from conformance.errors import NoiseError

A, B = (torch.randn(4, 3, generator=torch.Generator().manual_seed(k), dtype=torch.float64) for k in (0, 1))

READ = {
    "an array": lambda: torch.from_numpy((A * B).numpy()),
    "an array of its own": lambda: np.asarray(A * B),
    "a list": lambda: torch.tensor((A * B).tolist(), dtype=torch.float64),
    "a tensor in a list": lambda: torch.tensor([(A * B)[0, 0]], dtype=torch.float64),
    "a new tensor": lambda: A.new_tensor([(A * B)[0, 0]]),
}


@pytest.mark.parametrize("call", READ.values(), ids=READ)
def test_reading_what_noise_moves_is_an_error(call):
    mode = Arithmetic(1)
    with pytest.raises(NoiseError, match="no noise can follow it"), mode, mode.escapes():
        call()


def test_what_has_no_noise_may_be_read():
    mode = Arithmetic(1)
    with mode, mode.escapes():
        assert torch.tensor(A.tolist(), dtype=torch.float64).equal(A)
        assert np.array_equal((A > 0).numpy(), A.numpy() > 0)


@pytest.mark.parametrize("name", ["add", "add_", "sub", "sub_"])
def test_a_factor_that_is_a_noisy_tensor_keeps_its_noise(name):
    mode = Arithmetic(1, 16)
    with mode, mode.escapes():
        factor = (A * B).sum()
        found = getattr(torch.zeros_like(A), name)(torch.ones_like(A), alpha=factor)
        spread = mode.replicates(found).std(0)
        expected = mode.replicates(factor).std()
    assert found.equal(getattr(torch.zeros_like(A), name)(torch.ones_like(A), alpha=(A * B).sum()))
    assert (spread > 0.5 * expected).all()
