"""Cases of distributions whose events are of several numbers: Independent and MultivariateNormal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._distributions import Asked, distribution
from conformance.cases._draws import draws
from conformance.cases._law import NORMAL_DRAWS, Continuous
from conformance.cases.random_tensors import drawn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases.case import Values


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

_DIVERGENCES: Mapping[str, Asked] = {
    "independent": Asked(
        "loc scale value",
        lambda t, x, o: t.distributions.kl_divergence(
            _several(t, x, o),
            t.distributions.Independent(t.distributions.Normal(x["value"], 0.5, **o), 1),
        ),
    ),
}

# Not empty: torch cannot add up the elements of no rows.
_SEVERAL = ("small", "strided", "large")
_WIDTH = 500
_LAW = Continuous(axes=(0, 1))


def _own(t: Any, dtype: Any) -> Any:
    loc, scale = t.full((_WIDTH,), 3.0, dtype=dtype), t.full((_WIDTH,), 0.5, dtype=dtype)
    return t.distributions.Independent(t.distributions.Normal(loc, scale), 1)


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
