"""Cases of the classes of `distributions`: densities, entropies and divergences, and draws by their law."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from conformance.cases._distributions import Asked, distribution
from conformance.cases._draws import Form, draws
from conformance.cases._facts import facts
from conformance.cases._law import DRAWS, NORMAL_DRAWS, Continuous, Discrete
from conformance.cases.random_tensors import drawn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases.case import Values


def _normal(t: Any, x: Values, options: dict[str, Any]) -> Any:
    return t.distributions.Normal(x["loc"], x["scale"], **options)


_NORMAL_FORMS: Mapping[str, Asked] = {
    "log_prob": Asked("loc scale value", lambda t, x, o: _normal(t, x, o).log_prob(x["value"])),
    "cdf": Asked("loc scale value", lambda t, x, o: _normal(t, x, o).cdf(x["value"])),
    "icdf": Asked("loc scale probs", lambda t, x, o: _normal(t, x, o).icdf(x["probs"])),
    "entropy": Asked("loc scale", lambda t, x, o: _normal(t, x, o).entropy()),
    "moments": Asked("loc scale", lambda t, x, o: _normal(t, x, o).mean + _normal(t, x, o).variance),
    "number": Asked(
        "scale value", lambda t, x, o: t.distributions.Normal(0.5, x["scale"], **o).log_prob(x["value"])
    ),
    "expanded": Asked(
        "loc scale value",
        lambda t, x, o: _normal(t, x, o).expand((2, *x["loc"].shape)).log_prob(x["value"]),
    ),
}


def _categories(t: Any, like: Any, count: int | None = None) -> Any:
    """Return a category for each row, that of the row's number; of the first `count` of them."""
    return t.arange(like.shape[0]) % (count or like.shape[1])


def _weighted(t: Any, x: Values, options: dict[str, Any]) -> Any:
    return t.distributions.Categorical(x["weights"], **options)


def _scored(t: Any, x: Values, options: dict[str, Any]) -> Any:
    return t.distributions.Categorical(logits=x["logits"], **options)


def _masked(t: Any, x: Values, options: dict[str, Any]) -> Any:
    """Make the last category impossible, like a move that is not allowed."""
    possible = x["logits"].shape[1] - 1
    logits = x["logits"].masked_fill(t.arange(possible + 1) == possible, -inf)
    m = t.distributions.Categorical(logits=logits, **options)
    # Of the entropy the value only: its gradient passes through the least float, which noise makes infinite.
    return m.log_prob(_categories(t, logits, possible)) + m.entropy().detach()


_CATEGORICAL_FORMS: Mapping[str, Asked] = {
    "log_prob of probs": Asked(
        "weights", lambda t, x, o: _weighted(t, x, o).log_prob(_categories(t, x["weights"]))
    ),
    "log_prob of logits": Asked(
        "logits", lambda t, x, o: _scored(t, x, o).log_prob(_categories(t, x["logits"]))
    ),
    "log_prob of all": Asked(
        "logits", lambda t, x, o: _scored(t, x, o).log_prob(_scored(t, x, o).enumerate_support(False))
    ),
    "entropy of probs": Asked("weights", lambda t, x, o: _weighted(t, x, o).entropy()),
    "entropy of logits": Asked("logits", lambda t, x, o: _scored(t, x, o).entropy()),
    "impossible": Asked("logits", _masked),
    "logits": Asked("weights", lambda t, x, o: _weighted(t, x, o).logits),
    "probs": Asked("logits", lambda t, x, o: _scored(t, x, o).probs),
    "expanded": Asked("logits", lambda t, x, o: _scored(t, x, o).expand((2, len(x["logits"]))).entropy()),
}


def _bits(t: Any, like: Any) -> Any:
    """Return zeros and ones in turn, of the shape and dtype of a tensor."""
    return (t.arange(like.numel()) % 2).reshape(like.shape).to(like.dtype)


def _likely(t: Any, x: Values, options: dict[str, Any]) -> Any:
    return t.distributions.Bernoulli(x["probs"], **options)


def _odds(t: Any, x: Values, options: dict[str, Any]) -> Any:
    return t.distributions.Bernoulli(logits=x["logits"], **options)


_BERNOULLI_FORMS: Mapping[str, Asked] = {
    "log_prob of probs": Asked("probs", lambda t, x, o: _likely(t, x, o).log_prob(_bits(t, x["probs"]))),
    "log_prob of logits": Asked("logits", lambda t, x, o: _odds(t, x, o).log_prob(_bits(t, x["logits"]))),
    "entropy of probs": Asked("probs", lambda t, x, o: _likely(t, x, o).entropy()),
    "entropy of logits": Asked("logits", lambda t, x, o: _odds(t, x, o).entropy()),
    "variance": Asked("logits", lambda t, x, o: _odds(t, x, o).variance),
    "logits": Asked("probs", lambda t, x, o: _likely(t, x, o).logits),
}

_DIVERGENCES: Mapping[str, Asked] = {
    "normal": Asked(
        "loc scale value",
        lambda t, x, o: t.distributions.kl_divergence(
            _normal(t, x, o), t.distributions.Normal(x["value"], 0.5, **o)
        ),
    ),
    "standard normal": Asked(
        "loc scale",
        lambda t, x, o: t.distributions.kl_divergence(
            _normal(t, x, o), t.distributions.Normal(0.0, 1.0, **o)
        ),
    ),
    "categorical": Asked(
        "logits weights", lambda t, x, o: t.distributions.kl_divergence(_scored(t, x, o), _weighted(t, x, o))
    ),
    "bernoulli": Asked(
        "probs logits", lambda t, x, o: t.distributions.kl_divergence(_likely(t, x, o), _odds(t, x, o))
    ),
}

# One category has the probability 1, and how far its logarithm is from 0 depends on the dtype.
_SEVERAL = ("small", "empty", "strided", "large")
_CLASSES = (*_SEVERAL, "one", "zero")

# The third category has probability 0; codes of two categories that differ.
_WEIGHTS = (1.0, 2.0, 0.0, 3.0, 4.0)
_CERTAIN = tuple(k for k, weight in enumerate(_WEIGHTS) if weight)
_WIDTH = 500
_NORMAL_LAW = Continuous(axes=(0, 1))


def _own_normal(t: Any, dtype: Any) -> Any:
    return t.distributions.Normal(t.full((_WIDTH,), 3.0, dtype=dtype), t.full((_WIDTH,), 0.5, dtype=dtype))


def _reparameterized(t: Any, dtype: Any) -> dict[str, Any]:
    """Draw with gradients: 1 for each mean, and for each deviation the noise, as the draws show it."""
    loc = t.full((_WIDTH,), 3.0, dtype=dtype, requires_grad=True)
    scale = t.full((_WIDTH,), 0.5, dtype=dtype, requires_grad=True)
    made = t.distributions.Normal(loc, scale).rsample((NORMAL_DRAWS // _WIDTH,))
    # So that there is something to differentiate if the draws have no history.
    (made.sum() + 0 * (loc + scale).sum()).backward()
    noise = ((made.detach() - 3) / 0.5).sum(0)
    return {
        "draws": made.detach(),
        "facts": facts(t, made),
        "gradient of the mean": loc.grad == NORMAL_DRAWS // _WIDTH,
        "gradient of the deviation": (scale.grad - noise).abs() < 0.01,
    }


def _rows(t: Any, dtype: Any) -> Any:
    # Rows of other weights: the code of a row's draw has the row's place in the pair.
    weights = t.tensor([_WEIGHTS, _WEIGHTS[::-1]], dtype=dtype)
    found = t.distributions.Categorical(weights).sample((DRAWS,))
    return len(_WEIGHTS) * found[:, 0] + found[:, 1]


def _each_its_own(t: Any, dtype: Any) -> Any:
    shares = t.distributions.Bernoulli(t.tensor([0.1, 0.5, 0.9], dtype=dtype)).sample((DRAWS,))
    return (shares * t.tensor([1, 2, 4], dtype=dtype)).sum(dim=1)


CASES = (
    distribution(
        "Normal",
        _NORMAL_FORMS,
        {
            "scale of zero": (
                lambda t: t.distributions.Normal(t.zeros(2), 0.0),
                ("scale", "Normal", "GreaterThan(lower_bound=0.0)", "0."),
            ),
            "mean that is not a number": (
                lambda t: t.distributions.Normal(float("nan"), 1.0),
                ("loc", "Normal", "Real()", "nan"),
            ),
            "list": (lambda t: t.distributions.Normal([0.0], 1.0), ("Tensor",)),
            "sizes": (lambda t: t.distributions.Normal(t.zeros(2), t.ones(3)), ("2", "3")),
            "value that is not a number": (
                lambda t: t.distributions.Normal(0.0, 1.0).log_prob(t.tensor(float("nan"))),
                ("value", "Real()", "Normal", "nan"),
            ),
            "value that is not a tensor": (
                lambda t: t.distributions.Normal(0.0, 1.0).cdf(0.5),
                ("value", "Tensor"),
            ),
            "value of another size": (
                lambda t: t.distributions.Normal(t.zeros(3), 1.0).log_prob(t.zeros(2)),
                ("value|Value", "2", "3"),
            ),
            "values without a list": (lambda t: t.distributions.Normal(0.0, 1.0).enumerate_support(), ()),
        },
        _CLASSES,
    ),
    distribution(
        "Categorical",
        _CATEGORICAL_FORMS,
        {
            "both": (
                lambda t: t.distributions.Categorical(t.ones(2), t.ones(2)),
                ("probs", "logits", "both"),
            ),
            "none": (lambda t: t.distributions.Categorical(), ("probs", "logits")),
            "number": (lambda t: t.distributions.Categorical(t.tensor(1.0)), ("probs", "dimension")),
            "negative": (
                lambda t: t.distributions.Categorical(t.tensor([-1.0, 2.0])),
                ("probs", "Categorical", "Simplex()", "-1."),
            ),
            "nothing possible": (lambda t: t.distributions.Categorical(t.zeros(2)), ("probs", "nan")),
            "logits that are not numbers": (
                lambda t: t.distributions.Categorical(logits=t.tensor([float("nan"), 0.0])),
                ("logits", "Real()", "nan"),
            ),
            "no such category": (
                lambda t: t.distributions.Categorical(t.ones(3)).log_prob(t.tensor(3)),
                ("value", "lower_bound=0, upper_bound=2", "Categorical", "3"),
            ),
            "unchecked": (
                lambda t: t.distributions.Categorical(t.ones(3), validate_args=False).log_prob(t.tensor(3)),
                ("3",),
            ),
            "no gradient of draws": (lambda t: t.distributions.Categorical(t.ones(3)).rsample(), ()),
        },
        _SEVERAL,
    ),
    distribution(
        "Bernoulli",
        _BERNOULLI_FORMS,
        {
            "both": (lambda t: t.distributions.Bernoulli(0.5, 0.5), ("probs", "logits", "both")),
            "above one": (
                lambda t: t.distributions.Bernoulli(t.tensor([0.5, 1.5])),
                ("probs", "Bernoulli", "Interval(lower_bound=0.0, upper_bound=1.0)", "1.5"),
            ),
            "logits that are not numbers": (
                lambda t: t.distributions.Bernoulli(logits=float("nan")),
                ("logits", "Bernoulli", "Real()", "nan"),
            ),
            "half": (
                lambda t: t.distributions.Bernoulli(0.5).log_prob(t.tensor(0.5)),
                ("value", "Boolean()", "Bernoulli", "0.5"),
            ),
            "list": (lambda t: t.distributions.Bernoulli([0.5]), ("Tensor",)),
        },
        _CLASSES,
    ),
    distribution(
        "kl_divergence",
        _DIVERGENCES,
        {
            "unlike": (
                lambda t: t.distributions.kl_divergence(
                    t.distributions.Normal(0.0, 1.0), t.distributions.Categorical(t.ones(2))
                ),
                ("Normal", "Categorical"),
            ),
        },
        _SEVERAL,
        # Not saturated: float32 has probabilities of 1 there, which make the divergence infinite.
        ("normal",),
    ),
    draws(
        "distributions.Normal@draws",
        {
            "sample": drawn(
                lambda t, dtype: _own_normal(t, dtype).sample((NORMAL_DRAWS // _WIDTH,)), _NORMAL_LAW
            ),
            "rsample": Form(_reparameterized, {"draws": _NORMAL_LAW}),
        },
    ),
    draws(
        "distributions.Categorical@draws",
        {
            "rows": drawn(
                _rows, Discrete(tuple(float(5 * i + 4 - j) for i in _CERTAIN for j in _CERTAIN[::-1]))
            ),
            "logits": drawn(
                lambda t, dtype: t.distributions.Categorical(
                    logits=t.tensor(_WEIGHTS, dtype=dtype).log()
                ).sample((DRAWS // _WIDTH, _WIDTH)),
                Discrete(tuple(float(k) for k in _CERTAIN), axes=(0, 1)),
            ),
        },
    ),
    draws(
        "distributions.Bernoulli@draws",
        {
            "each its own": drawn(_each_its_own, Discrete(tuple(float(k) for k in range(8)))),
            "logits": drawn(
                lambda t, dtype: t.distributions.Bernoulli(logits=t.tensor(-1.0, dtype=dtype)).sample(
                    (DRAWS // _WIDTH, _WIDTH)
                ),
                Discrete((0.0, 1.0), axes=(0, 1)),
            ),
        },
    ),
)
