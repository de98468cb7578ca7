"""The noisy values of a tensor are found through any view of it, and freed with it."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch

from conformance.arithmetic.replicates import Replicates, _Kept

COUNT = 3


@pytest.fixture
def held():
    return Replicates(COUNT)


def _clean():
    return torch.arange(12, dtype=torch.float64).reshape(3, 4)


def _noisy(clean):
    return clean + torch.arange(1, COUNT + 1).reshape(COUNT, *(1,) * clean.dim()) / 8


VIEWS = {
    "itself": lambda x: x,
    "transposed": lambda x: x.T,
    "a row": lambda x: x[1],
    "a column": lambda x: x[:, 2],
    "every second": lambda x: x[1:, ::2],
    "split": lambda x: x.unflatten(1, (2, 2)),
    "expanded": lambda x: x[:, None].expand(3, 2, 4),
    "one number": lambda x: x[2, 3],
    "nothing": lambda x: x[:0],
}


def _within_a_larger_one(x):
    return torch.zeros(5, 6, dtype=torch.float64)[1:4, 2:].copy_(x)


LAYOUTS = {
    "contiguous": lambda x: x.clone(),
    "transposed": lambda x: x.T.clone().T,
    "within a larger one": _within_a_larger_one,
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_view_has_the_noise_of_what_it_shows(held, view, layout):
    clean = layout(_clean())
    held.put(clean, _noisy(clean).contiguous())
    assert torch.equal(held.get(view(clean)), _noisy(view(clean)))


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_change_through_a_view_is_a_change(held, layout):
    clean = layout(_clean())
    held.put(clean, _noisy(clean))
    held.get(clean[1]).zero_()
    assert not held.get(clean)[:, 1].any()
    assert torch.equal(held.get(clean)[:, 2], _noisy(clean[2]))


def test_what_has_none_has_none(held):
    assert held.get(_clean()) is None


def test_they_are_made_as_copies_of_all_that_is_stored(held):
    clean = _clean()
    assert torch.equal(held.make(clean[1]), clean[1].expand(COUNT, 4))
    assert torch.equal(held.get(clean), clean.expand(COUNT, 3, 4))


def test_making_them_twice_changes_nothing(held):
    clean = _clean()
    held.put(clean, _noisy(clean))
    assert torch.equal(held.make(clean), _noisy(clean))


def test_another_dtype_of_the_same_storage_has_none(held):
    clean = _clean()
    held.put(clean, _noisy(clean))
    assert held.get(clean.view(torch.int64)) is None


def test_they_live_as_long_as_the_tensor_and_no_longer(held):
    kept = _clean()
    held.put(kept, _noisy(kept))
    for _ in range(2000):
        new = _clean()
        # A new storage at the address of a freed one is another storage.
        assert held.get(new) is None
        noisy = _noisy(new)
        freed = weakref.ref(noisy)
        held.put(new, noisy)
        del noisy, new
        assert freed() is None
    assert torch.equal(held.get(kept), _noisy(kept))


def test_they_live_while_only_the_graph_of_autograd_has_the_tensor(held):
    x = _clean().requires_grad_()
    y = x.exp()
    noisy = _noisy(y.detach())
    freed = weakref.ref(noisy)
    held.put(y, noisy)
    loss = y.sum()
    del y, noisy
    gc.collect()
    assert freed() is not None
    loss.backward()
    assert freed() is None


def test_others_on_the_same_storage_are_not_mistaken_for_its_own(held):
    clean = _clean()
    held.put(clean, _noisy(clean))
    other = Replicates(2)
    assert clean not in other
    assert other.get(clean) is None
    other.put(clean, torch.zeros(2, 3, 4, dtype=torch.float64))
    assert not other.get(clean).any()
    assert clean not in held


def test_what_torch_compile_makes_without_its_init_is_freed_without_a_word():
    made = _Kept.__new__(_Kept)
    del made
    gc.collect()
