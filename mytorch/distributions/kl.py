"""The Kullback-Leibler divergence of two distributions, from a table of functions by their classes."""

from __future__ import annotations

import warnings
from math import inf
from typing import TYPE_CHECKING, TypeVar

from mytorch.distributions._parameters import sum_rightmost
from mytorch.distributions.bernoulli import Bernoulli
from mytorch.distributions.categorical import Categorical
from mytorch.distributions.independent import Independent
from mytorch.distributions.multivariate_normal import (
    MultivariateNormal,
    half_log_determinant,
    squared_distance,
)
from mytorch.distributions.normal import Normal
from mytorch.functions.activation import softplus
from mytorch.functions.linalg import solve_triangular

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._tensor import Tensor
    from mytorch.distributions.distribution import Distribution

    Pair = tuple[type, type]

_Divergence = TypeVar("_Divergence", bound="Callable[[Any, Any], Tensor]")

_REGISTRY: dict[Pair, Callable[[Any, Any], Tensor]] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[_Divergence], _Divergence]:
    """Decorate the function that computes `kl_divergence(p, q)` for classes of p and q, and below them.

    Raises:
        TypeError: an argument is not a class.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#torch.distributions.kl.register_kl

    Examples:
        >>> from mytorch.distributions import Normal, kl_divergence, register_kl
        >>> class Unit(Normal):
        ...     pass
        >>> @register_kl(Normal, Unit)
        ... def from_unit(p, q):
        ...     return (p.loc**2 + p.scale**2 - 1) / 2 - p.scale.log()
        >>> kl_divergence(Normal(2.0, 1.0), Unit(0.0, 1.0))
        tensor(2.)
    """
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        if not isinstance(kind, type):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {kind}")

    def register(function: _Divergence) -> _Divergence:
        _REGISTRY[type_p, type_q] = function
        return function

    return register


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """Return the Kullback-Leibler divergence of p from q, the mean of log p(x) - log q(x) over draws x of p.

    Returns:
        The divergence in nats, of the broadcast batch sizes; inf where p can draw what q cannot.

    Raises:
        NotImplementedError: no function is registered for their classes.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#torch.distributions.kl.kl_divergence

    Examples:
        >>> from mytorch.distributions import Normal, kl_divergence
        >>> kl_divergence(Normal(1.0, 1.0), Normal(0.0, 1.0))
        tensor(0.5000)
    """
    return _chosen(type(p), type(q))(p, q)


def _chosen(type_p: type, type_q: type) -> Callable[[Any, Any], Tensor]:
    """Return the function of the nearest classes: first by p and then by q, with a warning if q disagrees."""
    fitting = [pair for pair in _REGISTRY if issubclass(type_p, pair[0]) and issubclass(type_q, pair[1])]
    if not fitting:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type_p.__name__} and q type {type_q.__name__}"
        )
    p_order, q_order = type_p.__mro__.index, type_q.__mro__.index
    by_p = min(fitting, key=lambda pair: (p_order(pair[0]), q_order(pair[1])))
    by_q = min(fitting, key=lambda pair: (q_order(pair[1]), p_order(pair[0])))
    if _REGISTRY[by_p] is not _REGISTRY[by_q]:
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). "
            f"Please register_kl({by_p[0].__name__}, {by_q[1].__name__})",
            RuntimeWarning,
            stacklevel=3,
        )
    return _REGISTRY[by_p]


@register_kl(Normal, Normal)
def _normal_normal(p: Normal, q: Normal) -> Tensor:
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


@register_kl(Categorical, Categorical)
def _categorical_categorical(p: Categorical, q: Categorical) -> Tensor:
    terms = p.probs * (p.logits - q.logits)
    return terms.masked_fill(q.probs == 0, inf).masked_fill(p.probs == 0, 0).sum(-1)


@register_kl(Bernoulli, Bernoulli)
def _bernoulli_bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    # torch writes inf and 0 by masks as indices, and so cannot broadcast.
    ones = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    ones = ones.masked_fill(q.probs == 0, inf).masked_fill(p.probs == 0, 0)
    zeros = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    zeros = zeros.masked_fill(q.probs == 1, inf).masked_fill(p.probs == 1, 0)
    return ones + zeros


@register_kl(Independent, Independent)
def _independent_independent(p: Independent, q: Independent) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError(
            "No KL(p || q) is implemented for Independent of unlike reinterpreted_batch_ndims: "
            f"{p.reinterpreted_batch_ndims} vs {q.reinterpreted_batch_ndims}"
        )
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_multivariate(p: MultivariateNormal, q: MultivariateNormal) -> Tensor:
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two Multivariate Normals with different event shapes cannot be computed: "
            f"{tuple(p.event_shape)} vs {tuple(q.event_shape)}"
        )
    mine = p._unbroadcasted_scale_tril  # noqa: SLF001 - fewer matrices than `scale_tril` has
    other = q._unbroadcasted_scale_tril  # noqa: SLF001 - as above
    determinants = half_log_determinant(other) - half_log_determinant(mine)
    trace = solve_triangular(other, mine, upper=False).pow(2).sum((-2, -1))
    distance = squared_distance(other, q.loc - p.loc)
    result: Tensor = determinants + 0.5 * (trace + distance - p.event_shape[0])
    return result
