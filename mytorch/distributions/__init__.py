"""Probability distributions: drawing from them, and log-probabilities that carry gradients.

No gradient flows through a random draw. There are two ways around that: REINFORCE differentiates the
`log_prob` of a draw, and reparameterization differentiates `rsample`, which computes a draw from the
parameters and from noise.

A distribution has a batch shape, over which its parameters differ, and an event shape, that of one draw.
Draws are of the sizes `sample_shape + batch_shape + event_shape`, and their log-probabilities of those
without `event_shape`. Arguments and values are checked unless `validate_args` is False.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.lacking import no_attribute as _no_attribute
from mytorch.distributions import constraints
from mytorch.distributions.bernoulli import Bernoulli
from mytorch.distributions.categorical import Categorical
from mytorch.distributions.distribution import Distribution
from mytorch.distributions.independent import Independent
from mytorch.distributions.kl import kl_divergence, register_kl
from mytorch.distributions.multivariate_normal import MultivariateNormal
from mytorch.distributions.normal import Normal

__all__ = [
    "Bernoulli",
    "Categorical",
    "Distribution",
    "Independent",
    "MultivariateNormal",
    "Normal",
    "constraints",
    "kl_divergence",
    "register_kl",
]

if not TYPE_CHECKING:  # to a type checker, a module with this function has every name

    def __getattr__(name: str) -> object:
        raise _no_attribute(__name__, name)
