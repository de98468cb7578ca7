"""Distributions whose events are of several numbers, against torch."""

from __future__ import annotations

import numpy as np
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


RNG = np.random.Generator(np.random.PCG64(11))
ROOT, LOC = RNG.standard_normal((2, 3, 3)), RNG.standard_normal((2, 3))
FACTOR = np.tril(ROOT, -1) + np.eye(3) * (np.abs(ROOT) + 0.5)
COVARIANCE = ROOT @ ROOT.swapaxes(-1, -2) + np.eye(3)
VALUES = RNG.standard_normal((4, 2, 3))

# name: (program over a namespace and its tensors, arrays), with arguments and values checked.
CASES = {
    "factor": (lambda t, m, a, x: normal(t, m, scale_tril=a).log_prob(x), [LOC, FACTOR, VALUES]),
    "covariance": (
        lambda t, m, a, x: normal(t, m, a + a.mT).log_prob(x),
        [LOC, COVARIANCE / 2, VALUES],
    ),
    "precision": (
        lambda t, m, a, x: normal(t, m, precision_matrix=a + a.mT).log_prob(x),
        [LOC, COVARIANCE / 2, VALUES],
    ),
    "one matrix": (lambda t, m, a, x: normal(t, m, scale_tril=a[0]).log_prob(x), [LOC, FACTOR, VALUES]),
    "one mean": (lambda t, m, a, x: normal(t, m[0], scale_tril=a).log_prob(x), [LOC, FACTOR, VALUES]),
    "size of one": (
        lambda t, m, a, x: normal(t, m, scale_tril=a[:1]).log_prob(x),
        [LOC, FACTOR, VALUES],
    ),
    "entropy": (lambda t, m, a: normal(t, m, scale_tril=a).entropy() + m.sum(1), [LOC, FACTOR]),
    "variance": (lambda t, m, a: normal(t, m, scale_tril=a).variance + m, [LOC, FACTOR]),
    "divergence": (
        lambda t, m, a: t.distributions.kl_divergence(
            normal(t, m, scale_tril=a), normal(t, -m[0], scale_tril=a[1])
        ),
        [LOC, FACTOR],
    ),
}


def normal(t, *args, **options):
    return t.distributions.MultivariateNormal(*args, **options)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


@BOTH
def test_each_matrix_is_found_from_each_other(t):
    factor, covariance = t.tensor(FACTOR), t.tensor(FACTOR @ FACTOR.swapaxes(-1, -2))
    precision = t.tensor(np.linalg.inv(covariance.numpy()))
    precision = (precision + precision.mT) / 2
    for asked in (
        normal(t, t.zeros(3, dtype=t.float64), covariance),
        normal(t, t.zeros(3, dtype=t.float64), scale_tril=factor),
        normal(t, t.zeros(3, dtype=t.float64), precision_matrix=precision),
    ):
        assert t.allclose(asked.scale_tril, factor)
        assert t.allclose(asked.covariance_matrix, covariance)
        assert t.allclose(asked.precision_matrix, precision)
        wider = asked.expand((5, 2))
        assert wider.covariance_matrix.shape == (5, 2, 3, 3)
        assert wider.sample((7,)).shape == (7, 5, 2, 3)
        assert wider.support.event_dim == 1


MATRICES = np.array([np.eye(2), [[2, 1], [1, 2]], [[1, 0], [1, 2]], [[1, 2], [2, 1]], [[-1, 0], [3, 1]]])


@pytest.mark.parametrize("name", ["lower_cholesky", "positive_definite"])
def test_a_constraint_of_matrices_is_torchs(name):
    theirs, ours = (getattr(t.distributions.constraints, name) for t in (torch, mytorch))
    assert (repr(ours), ours.event_dim) == (repr(theirs), theirs.event_dim)
    for matrices in (MATRICES, MATRICES[:2], MATRICES[3:4], MATRICES[:, :1], MATRICES[0]):
        expected = theirs.check(torch.tensor(matrices)).tolist()
        assert ours.check(mytorch.tensor(matrices)).tolist() == expected


@BOTH
def test_an_unchecked_matrix_must_have_a_factor(t):
    with pytest.raises(t.linalg.LinAlgError, match="not positive-definite"):
        normal(t, t.zeros(2), -t.eye(2), validate_args=False)


def test_draws_have_the_covariance():
    mytorch.manual_seed(3)
    drawn = normal(mytorch, mytorch.tensor(LOC), mytorch.tensor(COVARIANCE)).sample((40_000,)).numpy()
    np.testing.assert_allclose(np.cov(drawn[:, 1].T), COVARIANCE[1], atol=0.15)
    np.testing.assert_allclose(drawn.mean(0), LOC, atol=0.05)
