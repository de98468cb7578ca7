"""The reference states its modes, whatever they were, and leaves them as it found them."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
import threadpoolctl
import torch

from conformance.subjects.modes import MODES, altered, quietly_on_one_thread

# Another value of each mode that can be set to any; tests/hostile alters the others.
OTHERS = {
    "gradient mode": False,
    "default device": "meta",
    "default dtype": "torch.float16",
    "threads": 2,
    "denormal numbers": "flushed to zero",
    "choice of deterministic algorithms": True,
}


@pytest.fixture
def mode(request):
    """Find a mode, which is left as it was."""
    (found,) = (each for each in MODES if each.name == request.param)
    before = found.read(torch)
    yield found
    found.put(torch, before)


@pytest.mark.parametrize("mode", OTHERS, indirect=True)
def test_a_mode_is_stated_and_found_again_afterwards(mode):
    other = OTHERS[mode.name]
    mode.put(torch, other)
    with quietly_on_one_thread():
        assert mode.read(torch) == mode.stated
        mode.put(torch, other)
        assert altered() == [f"{mode.name}: {other}"]
        assert mode.read(torch) == mode.stated
        assert altered() == []
    assert mode.read(torch) == other


def test_of_every_mode_the_stated_value_is_what_it_is_set_back_to():
    for mode in MODES:
        with quietly_on_one_thread():
            mode.put(torch, mode.stated)
            assert mode.read(torch) == mode.stated


def test_libraries_with_threads_are_looked_for_again_only_after_an_import(monkeypatch):
    with quietly_on_one_thread():
        pass
    looked, controller = [], threadpoolctl.ThreadpoolController
    monkeypatch.setattr(threadpoolctl, "ThreadpoolController", lambda: looked.append(1) or controller())
    with quietly_on_one_thread():
        assert looked == []
    monkeypatch.setitem(sys.modules, "a_module_with_a_library", ModuleType("a_module_with_a_library"))
    with quietly_on_one_thread():
        assert looked == [1]
