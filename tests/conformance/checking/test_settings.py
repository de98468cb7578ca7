"""What a call changes beside its results is told by name."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from conformance.checking.settings import changed, functions, settings


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda: torch.set_default_dtype(torch.float64), "the default dtype"),
        (lambda: torch.set_default_device("meta"), "the default device"),
        (lambda: torch.set_grad_enabled(False), "whether gradients are recorded"),
        (lambda: torch.set_num_threads(torch.get_num_threads() + 1), "the number of threads"),
        (lambda: torch.set_float32_matmul_precision("medium"), "the precision of float32 products"),
        (lambda: torch.use_deterministic_algorithms(True), "deterministic algorithms"),
        (lambda: torch.set_autocast_enabled("cpu", True), "autocast"),
        (lambda: torch.rand(1), "torch's generator"),
        (np.random.rand, "NumPy's generator"),
        (random.random, "Python's generator"),
    ],
)
def test_a_setting_that_is_changed_is_named(change, name):
    threads, before = torch.get_num_threads(), settings()
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        change()
        assert changed(before, settings()) == [name]
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision("highest")
        torch.use_deterministic_algorithms(False)
        torch.set_autocast_enabled("cpu", False)
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        random.setstate(states[2])
    assert changed(before, settings()) == []


def test_functions_may_be_wrapped_by_torch_only(monkeypatch):
    """Its compiler does so with `manual_seed`, as another function of its files stands for here."""
    before = functions()
    monkeypatch.setattr(torch, "manual_seed", torch.random.initial_seed)
    assert changed(before, functions()) == []
    monkeypatch.setattr(torch.Tensor, "cpu", lambda tensor: tensor)
    assert changed(before, functions()) == ["torch.Tensor.cpu"]
