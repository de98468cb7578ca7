"""Distributions whose events are of several numbers, against torch."""

from __future__ import annotations

import pytest
import torch

import mytorch

BOTH = pytest.mark.parametrize("t", [torch, mytorch], ids=["torch", "mytorch"])


@BOTH
def test_dimensions_of_the_batch_become_those_of_the_event(t):
    d = t.distributions
    asked = d.Independent(d.Normal(t.zeros(2, 3, 4), 1.0), 2)
    assert (asked.batch_shape, asked.event_shape) == ((2,), (3, 4))
    assert asked.sample((5,)).shape == (5, 2, 3, 4)
    assert asked.expand((6, 2)).log_prob(t.zeros(3, 4)).shape == (6, 2)
    assert asked.support.event_dim == 2
    size = f"{t.__name__}.Size([2, 3, 4])"
    assert str(asked) == f"Independent(Normal(loc: {size}, scale: {size}), 2)"


@BOTH
def test_it_can_draw_with_gradients_if_the_base_can(t):
    d = t.distributions
    assert d.Independent(d.Normal(t.zeros(2), 1.0), 1).has_rsample
    bits = d.Independent(d.Bernoulli(t.full((2,), 0.5)), 1)
    assert not bits.has_rsample
    assert not bits.has_enumerate_support
    with pytest.raises(NotImplementedError):
        bits.rsample()


@BOTH
def test_without_dimensions_it_is_its_base(t):
    d = t.distributions
    asked = d.Independent(d.Bernoulli(t.full((2,), 0.5)), 0)
    assert asked.has_enumerate_support
    assert asked.enumerate_support().tolist() == [[0, 0], [1, 1]]
    assert asked.support is d.constraints.boolean


def test_unlike_dimensions_have_no_divergence():
    d = mytorch.distributions
    p, q = (d.Independent(d.Normal(mytorch.zeros(2, 2), 1.0), count) for count in (1, 2))
    with pytest.raises(NotImplementedError, match="1 vs 2"):
        d.kl_divergence(p, q)
