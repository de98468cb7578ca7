"""Drawing from distributions: their shapes, supports and moments; torch's errors; never torch's numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch

BOTH = pytest.mark.parametrize("t", [torch, mytorch], ids=["torch", "mytorch"])


@pytest.mark.parametrize("replacement", [True, False])
def test_multinomial_draws_in_proportion(replacement):
    mytorch.manual_seed(0)
    weights = mytorch.tensor([0.0, 1.0, 0.0, 5.0, 2.0, 0.0])
    rows = weights.expand(20_000, 6).clone()
    drawn = mytorch.multinomial(rows, 2, replacement).numpy()
    share = np.bincount(drawn[:, 0], minlength=6) / len(drawn)
    # Five standard deviations.
    np.testing.assert_allclose(share, weights.numpy() / 8, atol=5 * (0.25 / len(drawn)) ** 0.5)
    same = (drawn[:, 0] == drawn[:, 1]).mean()
    assert same == pytest.approx((1 + 25 + 4) / 64, abs=0.02) if replacement else same == 0


def test_multinomial_never_draws_what_has_no_probability():
    mytorch.manual_seed(0)
    rows = mytorch.tensor([[0.0, 1e-30, 0.0], [0.0, 0.0, 3.0], [1e30, 0.0, 0.0]]).double()
    drawn = mytorch.multinomial(rows, 1000, replacement=True)
    assert [set(row) for row in drawn.tolist()] == [{1}, {2}, {0}]


@BOTH
def test_multinomial_shapes(t):
    drawn = t.multinomial(t.ones(3), 3)
    assert sorted(drawn.tolist()) == [0, 1, 2]
    assert drawn.dtype is t.int64
    assert t.multinomial(t.ones(4, 2), 5, replacement=True).shape == (4, 5)
    assert t.ones(0, 3).multinomial(2).shape == (0, 2)


@BOTH
def test_certain_draws(t):
    p = t.tensor([0.0, 1.0])
    assert t.bernoulli(p).tolist() == [0, 1]
    assert p.bernoulli().dtype is t.float32
    assert t.bernoulli(t.zeros(3).long(), 1.0).tolist() == [1, 1, 1]
    assert t.zeros(2).bernoulli_(p).tolist() == [0, 1]
    assert t.zeros(2).bernoulli_(1.0).tolist() == [1, 1]
    assert t.zeros(2).uniform_(2, 2).tolist() == [2, 2]
    assert t.zeros(2).uniform_(**{"from": -1, "to": -1}).tolist() == [-1, -1]
    assert t.zeros(2).normal_(3, 0).tolist() == [3, 3]
    assert t.normal(t.tensor([1.0, 2.0]), 0.0).tolist() == [1, 2]
    assert t.normal(5.0, t.zeros(2)).tolist() == [5, 5]
    assert t.normal(t.zeros(2, 1), t.ones(3)).shape == (2, 3)
    assert t.normal(0, 1, size=(2, 3), dtype=t.float64).dtype is t.float64


def test_moments_and_supports():
    mytorch.manual_seed(0)
    even = mytorch.empty(20_000).uniform_(-1, 3)
    assert even.min().item() >= -1
    assert even.max().item() <= 3
    assert even.mean().item() == pytest.approx(1, abs=0.05)
    bell = mytorch.empty(20_000).normal_(2, 3).numpy()
    assert bell.mean() == pytest.approx(2, abs=0.1)
    assert bell.std() == pytest.approx(3, abs=0.1)
    assert mytorch.full((20_000,), 0.3).bernoulli().mean().item() == pytest.approx(0.3, abs=0.02)
    spread = mytorch.normal(mytorch.zeros(20_000), 0.5).numpy()
    assert spread.std() == pytest.approx(0.5, abs=0.02)


# name: a draw
DRAWS = {
    "multinomial": lambda g: mytorch.multinomial(mytorch.ones(50), 5, generator=g),
    "with replacement": lambda g: mytorch.multinomial(mytorch.ones(50), 5, replacement=True, generator=g),
    "bernoulli": lambda g: mytorch.bernoulli(mytorch.full((50,), 0.5), generator=g),
    "bernoulli_": lambda g: mytorch.zeros(50).bernoulli_(generator=g),
    "uniform_": lambda g: mytorch.zeros(50).uniform_(generator=g),
    "normal_": lambda g: mytorch.zeros(50).normal_(generator=g),
    "normal": lambda g: mytorch.normal(0, 1, (50,), generator=g),
}


@pytest.mark.parametrize("name", DRAWS)
def test_the_same_seed_gives_the_same_draws(name):
    first = DRAWS[name](mytorch.Generator().manual_seed(1)).tolist()
    assert DRAWS[name](mytorch.Generator().manual_seed(1)).tolist() == first
    assert DRAWS[name](mytorch.Generator().manual_seed(2)).tolist() != first
    mytorch.manual_seed(1)
    assert DRAWS[name](None).tolist() == first


@BOTH
def test_filling_counts_as_a_change_in_place(t):
    x = t.ones(2)
    y = x * t.ones(2, requires_grad=True)
    x.normal_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


# name: (call, what mytorch's message mentions)
BAD = {
    "negative weight": (lambda t: t.multinomial(t.tensor([-1.0, 1]), 1), ("< 0",)),
    "nan weight": (lambda t: t.multinomial(t.tensor([float("nan"), 1]), 1), ("nan",)),
    "no weight": (lambda t: t.multinomial(t.zeros(3), 1), ("sum",)),
    "too many": (lambda t: t.multinomial(t.ones(3), 4), ("4", "3")),
    "none": (lambda t: t.multinomial(t.ones(3), 0), ("0",)),
    "rank": (lambda t: t.multinomial(t.ones(3, 3, 3), 1), ("1 or 2", "3")),
    "integers": (lambda t: t.multinomial(t.ones(3).long(), 1), ("Long",)),
    "probability of integers": (lambda t: t.bernoulli(t.ones(3).long()), ("Long",)),
    "probability above one": (lambda t: t.bernoulli(t.tensor([2.0])), ("2.",)),
    "p above one": (lambda t: t.bernoulli(t.ones(2), 1.5), ("1.5",)),
    "p below zero": (lambda t: t.zeros(2).bernoulli_(-1), ("-1",)),
    "bounds in disorder": (lambda t: t.zeros(2).uniform_(2, 1), ("from=2", "to=1")),
    "infinite bound": (lambda t: t.zeros(2).uniform_(0, float("inf")), ("to",)),
    "uniform integers": (lambda t: t.zeros(2).long().uniform_(), ("Long",)),
    "unknown bound": (lambda t: t.zeros(2).uniform_(until=1), ("until",)),
    "uniform leaf": (lambda t: t.zeros(2, requires_grad=True).uniform_(), ("leaf",)),
    "negative std": (lambda t: t.zeros(2).normal_(0, -1), ("std", "-1")),
    "normal integers": (lambda t: t.zeros(2).long().normal_(), ("Long",)),
    "negative stds": (lambda t: t.normal(t.ones(2), -t.ones(2)), ("std", "-1")),
    "no size": (lambda t: t.normal(0.0, 1.0), ("size",)),
    "shapes": (lambda t: t.normal(t.ones(2), t.ones(3)), ("2", "3")),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_calls(name):
    call, mentions = BAD[name]
    errors = []
    for t in (torch, mytorch):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the class is what is compared
            call(t)
        errors.append(caught)
    assert errors[1].type is errors[0].type, errors[1].value
    assert all(word in str(errors[1].value) for word in mentions), errors[1].value
