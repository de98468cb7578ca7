"""Cases of distributions whose events are of several numbers: Independent and MultivariateNormal."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.cases._distributions import Asked, distribution
from conformance.cases._draws import Form, draws
from conformance.cases._facts import facts
from conformance.cases._law import NORMAL_DRAWS, Continuous
from conformance.cases.linalg import definite, lower
from conformance.cases.random_tensors import drawn
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases.case import Config, Values


def _several(t: Any, x: Values, options: dict[str, Any], count: int = 1) -> Any:
    base = t.distributions.Normal(x["loc"], x["scale"], **options)
    return t.distributions.Independent(base, count, **options)


def _bits(t: Any, x: Values, options: dict[str, Any]) -> Any:
    base = t.distributions.Bernoulli(logits=x["logits"], **options)
    return t.distributions.Independent(base, 1).log_prob((x["logits"] > 0.25).to(x["logits"].dtype))


def _nested(t: Any, x: Values, options: dict[str, Any]) -> Any:
    return t.distributions.Independent(_several(t, x, options), 1).log_prob(x["value"])


def _moments(t: Any, x: Values, options: dict[str, Any]) -> Any:
    asked = _several(t, x, options)
    return asked.mean + asked.variance * asked.stddev + asked.mode


_INDEPENDENT: Mapping[str, Asked] = {
    "log_prob": Asked("loc scale value", lambda t, x, o: _several(t, x, o).log_prob(x["value"])),
    "all": Asked("loc scale value", lambda t, x, o: _several(t, x, o, 2).log_prob(x["value"])),
    "none": Asked("loc scale value", lambda t, x, o: _several(t, x, o, 0).log_prob(x["value"])),
    "nested": Asked("loc scale value", _nested),
    "entropy": Asked("loc scale", lambda t, x, o: _several(t, x, o).entropy()),
    "moments": Asked("loc scale", _moments),
    "bits": Asked("logits", _bits),
    "expanded": Asked(
        "loc scale value",
        lambda t, x, o: _several(t, x, o).expand((2, len(x["loc"]))).log_prob(x["value"]),
    ),
}


def _arrays(config: Config) -> dict[str, Input]:
    n, f = int(config["N"]), int(config["F"])
    return {
        **{name: Input((n, f)) for name in ("loc", "value")},
        **{name: Input((f, f)) for name in ("root", "other")},
        "roots": Input((n, f, f)),
    }


def _normal(t: Any, x: Values, options: dict[str, Any], root: str = "root", loc: str = "loc") -> Any:
    return t.distributions.MultivariateNormal(x[loc], scale_tril=lower(t, x[root]), **options)


def _of_covariance(t: Any, x: Values, options: dict[str, Any]) -> Any:
    return t.distributions.MultivariateNormal(x["loc"], definite(t, x["root"]), **options)


def _of_precision(t: Any, x: Values, options: dict[str, Any]) -> Any:
    matrix = definite(t, x["root"])
    return t.distributions.MultivariateNormal(x["loc"], precision_matrix=matrix, **options)


def _expanded(t: Any, x: Values, options: dict[str, Any]) -> Any:
    return _normal(t, x, options, "roots").expand((2, len(x["loc"])))


_MULTIVARIATE: Mapping[str, Asked] = {
    "factor": Asked("loc root value", lambda t, x, o: _normal(t, x, o).log_prob(x["value"])),
    "covariance": Asked("loc root value", lambda t, x, o: _of_covariance(t, x, o).log_prob(x["value"])),
    "precision": Asked("loc root value", lambda t, x, o: _of_precision(t, x, o).log_prob(x["value"])),
    "each its own": Asked("loc roots value", lambda t, x, o: _normal(t, x, o, "roots").log_prob(x["value"])),
    "several of each": Asked(
        "loc roots value",
        lambda t, x, o: _normal(t, x, o, "roots").log_prob(t.stack([x["value"], -x["value"], x["loc"]])),
    ),
    "one mean": Asked(
        "loc roots value",
        lambda t, x, o: t.distributions.MultivariateNormal(
            x["loc"].sum(0), scale_tril=lower(t, x["roots"]), **o
        ).log_prob(x["value"]),
    ),
    "entropy": Asked("loc roots", lambda t, x, o: _normal(t, x, o, "roots").entropy()),
    "entropy of one": Asked("loc root", lambda t, x, o: _of_precision(t, x, o).entropy()),
    "moments": Asked(
        "loc roots",
        lambda t, x, o: _normal(t, x, o, "roots").variance * 2 + _normal(t, x, o, "roots").mean,
    ),
    "its covariance": Asked("loc root", lambda t, x, o: _normal(t, x, o).covariance_matrix),
    "its precision": Asked("loc root", lambda t, x, o: _of_covariance(t, x, o).precision_matrix),
    "its factor": Asked("loc root", lambda t, x, o: _of_precision(t, x, o).scale_tril),
    "expanded": Asked("loc roots value", lambda t, x, o: _expanded(t, x, o).log_prob(x["value"])),
}

_MULTIVARIATE_DIVERGENCES: Mapping[str, Asked] = {
    "one matrix": Asked(
        "loc root value other",
        lambda t, x, o: t.distributions.kl_divergence(
            _normal(t, x, o),
            t.distributions.MultivariateNormal(x["value"], definite(t, x["other"]), **o),
        ),
    ),
    "from each": Asked(
        "loc roots value other",
        lambda t, x, o: t.distributions.kl_divergence(
            _normal(t, x, o, "roots"), _normal(t, x, o, "other", "value")
        ),
    ),
    "from one": Asked(
        "loc root value roots",
        lambda t, x, o: t.distributions.kl_divergence(_normal(t, x, o), _normal(t, x, o, "roots", "value")),
    ),
}

_DIVERGENCES: Mapping[str, Asked] = {
    "independent": Asked(
        "loc scale value",
        lambda t, x, o: t.distributions.kl_divergence(
            _several(t, x, o),
            t.distributions.Independent(t.distributions.Normal(x["value"], 0.5, **o), 1),
        ),
    ),
}

# Noise cannot follow the checks of matrices, which take the least of equal truth values.
_UNCHECKED = (False,)
# Not empty: torch cannot add up the elements of no rows.
_SEVERAL = ("small", "strided", "large")
_WIDTH = 500
_LAW = Continuous(axes=(0, 1))


def _own(t: Any, dtype: Any) -> Any:
    loc, scale = t.full((_WIDTH,), 3.0, dtype=dtype), t.full((_WIDTH,), 0.5, dtype=dtype)
    return t.distributions.Independent(t.distributions.Normal(loc, scale), 1)


_FACTOR = ((2.0, 0.0), (1.5, 0.5))


def _correlated(t: Any, dtype: Any, draw: str) -> dict[str, Any]:
    """Draw vectors, and combine their elements as the matrix makes them independent again."""
    factor = t.tensor(_FACTOR, dtype=dtype, requires_grad=True)
    asked = t.distributions.MultivariateNormal(t.full((2,), 3.0, dtype=dtype), scale_tril=factor)
    made = getattr(asked, draw)((NORMAL_DRAWS // _WIDTH, _WIDTH))
    second = made[..., 1] - 0.75 * made[..., 0]
    return {
        "first": made[..., 0].detach(),
        "second": second.detach(),
        "sum": (made[..., 0] / 2 + 2 * second).detach(),
        "facts": facts(t, made),
    }


CASES = (
    distribution(
        "Independent",
        _INDEPENDENT,
        {
            "too many dimensions": (
                lambda t: t.distributions.Independent(t.distributions.Normal(t.zeros(2), 1.0), 2),
                ("reinterpreted_batch_ndims", "2", "1"),
            ),
            "value that is not a number": (
                lambda t: t.distributions.Independent(t.distributions.Normal(t.zeros(2), 1.0), 1).log_prob(
                    t.tensor([0.0, float("nan")])
                ),
                ("value", "Real()", "Normal", "nan"),
            ),
            "all values": (
                lambda t: t.distributions.Independent(
                    t.distributions.Bernoulli(t.full((2,), 0.5)), 1
                ).enumerate_support(),
                ("numeration",),
            ),
        },
        (*_SEVERAL, "one", "zero"),
    ),
    distribution(
        "MultivariateNormal",
        _MULTIVARIATE,
        {
            "two matrices": (
                lambda t: t.distributions.MultivariateNormal(t.zeros(2), t.eye(2), t.eye(2)),
                ("covariance_matrix", "precision_matrix", "scale_tril"),
            ),
            "no matrix": (
                lambda t: t.distributions.MultivariateNormal(t.zeros(2)),
                ("covariance_matrix", "precision_matrix", "scale_tril"),
            ),
            "number": (
                lambda t: t.distributions.MultivariateNormal(t.tensor(1.0), t.eye(2)),
                ("loc", "dimension"),
            ),
            "vector for a matrix": (
                lambda t: t.distributions.MultivariateNormal(t.zeros(2), scale_tril=t.ones(2)),
                ("scale_tril", "two-dimensional"),
            ),
            "covariance that is not positive": (
                lambda t: t.distributions.MultivariateNormal(t.zeros(2), -t.eye(2)),
                ("covariance_matrix", "MultivariateNormal", "PositiveDefinite()", "-1."),
            ),
            "precision that is not symmetric": (
                lambda t: t.distributions.MultivariateNormal(
                    t.zeros(2), precision_matrix=t.tensor([[2.0, 1.0], [0.0, 2.0]])
                ),
                ("precision_matrix", "PositiveDefinite()", "2., 1."),
            ),
            "factor that is not lower": (
                lambda t: t.distributions.MultivariateNormal(t.zeros(2), scale_tril=t.ones(2, 2)),
                ("scale_tril", "LowerCholesky()", "1."),
            ),
            "sizes": (
                lambda t: t.distributions.MultivariateNormal(t.zeros(3, 2), t.eye(2).repeat(2, 1, 1)),
                ("2", "3"),
            ),
            "value of another size": (
                lambda t: t.distributions.MultivariateNormal(t.zeros(2), t.eye(2)).log_prob(t.zeros(3)),
                ("value", "3", "2"),
            ),
            "value that is not a number": (
                lambda t: t.distributions.MultivariateNormal(t.zeros(2), t.eye(2)).log_prob(
                    t.tensor([0.0, float("nan")])
                ),
                ("value", "IndependentConstraint(Real(), 1)", "nan"),
            ),
        },
        (*_SEVERAL, "one"),
        ("normal",),
        _arrays,
        _UNCHECKED,
    ),
    distribution(
        "kl_divergence@multivariate",
        _MULTIVARIATE_DIVERGENCES,
        {
            "sizes": (
                lambda t: t.distributions.kl_divergence(
                    *[t.distributions.MultivariateNormal(t.zeros(n), t.eye(n)) for n in (2, 3)]
                ),
                ("event shapes",),
            ),
        },
        _SEVERAL,
        ("normal",),
        _arrays,
        _UNCHECKED,
    ),
    draws(
        "distributions.MultivariateNormal@draws",
        {
            each: Form(partial(_correlated, draw=each), dict.fromkeys(("first", "second", "sum"), _LAW))
            for each in ("sample", "rsample")
        },
    ),
    distribution(
        "kl_divergence@events",
        _DIVERGENCES,
        {
            "unlike dimensions": (
                lambda t: t.distributions.kl_divergence(
                    *[
                        t.distributions.Independent(t.distributions.Normal(t.zeros(2, 2), 1.0), count)
                        for count in (1, 2)
                    ]
                ),
                (),
            ),
        },
        _SEVERAL,
        ("normal",),
    ),
    draws(
        "distributions.Independent@draws",
        {
            "sample": drawn(lambda t, dtype: _own(t, dtype).sample((NORMAL_DRAWS // _WIDTH,)), _LAW),
            "rsample": drawn(lambda t, dtype: _own(t, dtype).rsample((NORMAL_DRAWS // _WIDTH,)), _LAW),
        },
    ),
)
