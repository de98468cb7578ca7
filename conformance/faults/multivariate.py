"""Faults of distributions whose events are of several numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import Overlay
from conformance.faults.distribution_classes import with_methods
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from conformance.cases.case import Values


def _mean_of_elements(t: Any, right: Any, self: Any, value: Any) -> Any:
    added = right.log_prob(self, value)
    return added / max(1, self.event_shape.numel())


def _one_dimension(t: Any, right: Any, self: Any, value: Any) -> Any:
    each = self.base_dist.log_prob(value)
    return each.sum(-1) if self.reinterpreted_batch_ndims else each


def _unlike(t: Any, right: Any, self: Any, value: Any) -> Any:
    """Take the determinant of the covariance for its root."""
    half = self.scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    return right.log_prob(self, value) - half


def _variances_only(t: Any, right: Any, self: Any, value: Any) -> Any:
    normal = t.distributions.Normal(self.loc, self.variance.sqrt())
    return normal.log_prob(value).sum(-1)


def _transposed(t: Any, right: Any, self: Any, shape: Any = ()) -> Any:
    noise = t.randn(*shape, *self.loc.shape, dtype=self.loc.dtype)
    return self.loc + (self.scale_tril.transpose(-1, -2) @ noise.unsqueeze(-1)).squeeze(-1)


def _precision_as_covariance(
    t: Any, right: Any, self: Any, loc: Any, covariance_matrix: Any = None, **options: Any
) -> None:
    precision = options.pop("precision_matrix", None)
    right.__init__(self, loc, covariance_matrix if precision is None else precision, **options)


def _swapped(t: Any, x: Values, correct: Any) -> Any:
    names = {"distributions.kl_divergence": lambda p, q: t.distributions.kl_divergence(q, p)}
    return correct(Overlay(t, names), x)


def _without_means(t: Any, x: Values, correct: Any) -> Any:
    def call(p: Any, q: Any) -> Any:
        if not hasattr(p, "scale_tril"):
            return t.distributions.kl_divergence(p, q)
        moved = t.distributions.MultivariateNormal(p.loc, scale_tril=q.scale_tril)
        return t.distributions.kl_divergence(p, moved) + 0 * (p.loc - q.loc).sum()

    return correct(Overlay(t, {"distributions.kl_divergence": call}), x)


_MULTIVARIATE = ("MultivariateNormal",)
_DRAWS = ("distributions.MultivariateNormal@draws",)

FAULTS = (
    with_methods(
        "multivariate-whole-determinant",
        _MULTIVARIATE,
        "takes the logarithm of the determinant, of which the density has half",
        {"log_prob": _unlike},
    ),
    with_methods(
        "multivariate-variances-only",
        _MULTIVARIATE,
        "takes the elements for independent of each other",
        {"log_prob": _variances_only},
    ),
    with_methods(
        "multivariate-precision-as-covariance",
        _MULTIVARIATE,
        "takes the precision matrix for the covariance",
        {
            "__init__": _precision_as_covariance,
            # Both libraries ask for it where a class has an __init__ of its own.
            "expand": lambda t, right, self, shape: right(self.loc, scale_tril=self.scale_tril).expand(shape),
        },
    ),
    with_methods(
        "multivariate-draws-transposed",
        _MULTIVARIATE,
        "multiplies noise by the transposed factor, which has the same determinant",
        {"rsample": _transposed},
        _DRAWS,
    ),
    Fault(
        "multivariate-kl-swapped",
        "distributions",
        ("distributions.kl_divergence@multivariate", "distributions.kl_divergence@events"),
        "exchanges the two distributions",
        around=_swapped,
    ),
    Fault(
        "multivariate-kl-without-means",
        "distributions",
        ("distributions.kl_divergence@multivariate",),
        "leaves out the distance of the means",
        around=_without_means,
    ),
    with_methods(
        "independent-mean-of-elements",
        ("Independent",),
        "takes the mean of the elements' log-probabilities instead of their sum",
        {"log_prob": _mean_of_elements},
    ),
    with_methods(
        "independent-one-dimension",
        ("Independent",),
        "adds along the last dimension only, however many are reinterpreted",
        {"log_prob": _one_dimension},
    ),
    with_methods(
        "independent-entropy-of-each",
        ("Independent",),
        "returns the entropy of each element",
        {"entropy": lambda t, right, self: self.base_dist.entropy()},
    ),
)
