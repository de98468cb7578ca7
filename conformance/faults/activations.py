"""Elementary functions, activations and softmax with the wrong value: overflow, cancel, or be another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults.fault import Fault
from conformance.faults.rewriting import Overlay, changed, instead

if TYPE_CHECKING:
    from conformance.cases.case import Values


def _value(name: str, case: str, call: Any, story: str) -> Fault:
    return Fault(name, "functions", (case,), story, around=instead(call))


def _gelu_by_tanh(t: Any, a: Any, config: Any) -> Any:
    del config
    return t.nn.functional.gelu(a, approximate="tanh")


_VALUES = (
    _value(
        "sigmoid-overflow", "sigmoid", lambda t, a, c: t.exp(a) / (1 + t.exp(a)), "is inf / inf for large x"
    ),
    _value(
        "sigmoid-through-tanh",
        "sigmoid",
        lambda t, a, c: t.tanh(a / 2) / 2 + 0.5,
        "cancels where it is nearly 0",
    ),
    _value("tanh-through-exp", "tanh", lambda t, a, c: 1 - 2 / (t.exp(2 * a) + 1), "cancels near 0"),
    _value("tanh-through-sigmoid", "tanh", lambda t, a, c: 2 * t.sigmoid(2 * a) - 1, "cancels near 0"),
    _value("expm1-as-exp", "expm1", lambda t, a, c: t.exp(a) - 1, "cancels near 0"),
    _value("log1p-as-log", "log1p", lambda t, a, c: t.log(1 + a), "loses every x below a rounding of 1"),
    _value("relu-by-product", "relu", lambda t, a, c: a * (a > 0.01).to(a.dtype), "has its corner beside 0"),
    _value("sqrt-by-log", "sqrt", lambda t, a, c: t.exp(t.log(a) / 2), "loses digits where log is large"),
    _value(
        "rsqrt-approximate",
        "rsqrt",
        lambda t, a, c: t.rsqrt(a) * (1 + 2.0**-12),
        "the hardware's estimate, unrefined",
    ),
    _value(
        "reciprocal-approximate", "reciprocal", lambda t, a, c: t.reciprocal(a) * (1 - 2.0**-12), "likewise"
    ),
    _value("exp-as-power", "exp", lambda t, a, c: 2.718281828**a, "takes ten digits of e"),
    Fault(
        "round-half-up",
        "functions",
        ("round@halves",),
        "rounds halves up, not to even",
        around=lambda t, x, correct: correct(Overlay(t, {"round": lambda a: t.floor(a + 0.5)}), x),
    ),
    _value("trunc-as-floor", "trunc", lambda t, a, c: t.floor(a), "rounds negative numbers down"),
    _value(
        "floor-as-trunc",
        "floor",
        lambda t, a, c: t.trunc(a),
        "rounds negative numbers up, as integer casts do",
    ),
    _value(
        "sign-of-zero",
        "sign",
        lambda t, a, c: t.where(a >= 0, t.ones_like(a), -t.ones_like(a)),
        "gives 0 a sign",
    ),
    _value(
        "leaky-slope-on-the-wrong-side",
        "nn.functional.leaky_relu",
        lambda t, a, c: t.where(a > 0, a * c["negative_slope"], a),
        "applies the slope to what is positive",
    ),
    _value(
        "leaky-relu-as-maximum",
        "nn.functional.leaky_relu",
        lambda t, a, c: t.maximum(a, a * c["negative_slope"]),
        "takes max(x, slope x), which is another function for a slope above 1",
    ),
    _value(
        "elu-overflow",
        "nn.functional.elu",
        lambda t, a, c: (a > 0).to(a.dtype) * a + (a <= 0).to(a.dtype) * c["alpha"] * (t.exp(a) - 1),
        "cancels near 0, and multiplies inf by 0 for large x",
    ),
    _value(
        "gelu-always-by-tanh",
        "nn.functional.gelu",
        _gelu_by_tanh,
        "uses the tanh approximation whatever was asked for",
    ),
    _value(
        "gelu-by-sigmoid",
        "nn.functional.gelu",
        lambda t, a, c: a * t.sigmoid(1.702 * a),
        "uses the sigmoid approximation of Hendrycks & Gimpel 2016",
    ),
    _value(
        "softplus-naive",
        "nn.functional.softplus",
        lambda t, a, c: t.log(1 + t.exp(a * c["beta"])) / c["beta"],
        "takes log(1 + exp(x)), which loses what is small and has no threshold",
    ),
    _value(
        "softplus-threshold-on-x",
        "nn.functional.softplus",
        lambda t, a, c: t.where(a > c["threshold"], a, t.nn.functional.softplus(a, c["beta"], 1e6)),
        "compares x, and not beta x, with the threshold",
    ),
    _value(
        "logsigmoid-naive",
        "nn.functional.logsigmoid",
        lambda t, a, c: t.log(t.sigmoid(a)),
        "takes the logarithm of the sigmoid, which cancels where that is nearly 1",
    ),
    _value(
        "hardtanh-lower-limit",
        "nn.functional.hardtanh",
        lambda t, a, c: t.clamp(a, -c["max_val"], c["max_val"]),
        "mirrors the upper limit",
    ),
)


def _unshifted(t: Any, a: Any, dim: int) -> Any:
    power = t.exp(a)
    return power / power.sum(dim, keepdim=True)


def _without_jacobian(t: Any, a: Any, config: Any) -> Any:
    """Keep the diagonal of softmax's Jacobian only."""
    y = t.softmax(a.detach(), config["dim"])
    return y + (a - a.detach()) * (y * (1 - y))


def _log_without_sum(t: Any, a: Any, config: Any) -> Any:
    """Leave the sum out of log_softmax's derivative."""
    return t.log_softmax(a.detach(), config["dim"]) + (a - a.detach())


def _next_axis(t: Any, x: Values, correct: Any) -> Any:
    return correct(t, changed(x, dim=(int(x.config["dim"]) + 1) % 3))


_BOTH = ("softmax", "log_softmax")
_SOFTMAX = (
    Fault("softmax-next-axis", "axes", _BOTH, "normalises over the next axis", around=_next_axis),
    _value(
        "softmax-unshifted",
        "softmax",
        lambda t, a, c: _unshifted(t, a, c["dim"]),
        "does not subtract the maximum",
    ),
    _value(
        "log-softmax-as-log-of-softmax",
        "log_softmax",
        lambda t, a, c: t.log(t.softmax(a, c["dim"])),
        "takes the logarithm of softmax, which is -inf where that is 0",
    ),
    _value(
        "log-softmax-unshifted",
        "log_softmax",
        lambda t, a, c: a - t.log(t.exp(a).sum(c["dim"], keepdim=True)),
        "does not subtract the maximum",
    ),
    _value(
        "softmax-diagonal-only",
        "softmax",
        _without_jacobian,
        "keeps only the diagonal of the Jacobian: unseen with a sum as the loss",
    ),
    _value("log-softmax-sum-missing", "log_softmax", _log_without_sum, "leaves the sum out of the gradient"),
)

FAULTS = (*_VALUES, *_SOFTMAX)
