"""Elementary functions and activations with the right value and the wrong derivative."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults.fault import Fault
from conformance.faults.rewriting import instead, own

if TYPE_CHECKING:
    from collections.abc import Callable

    # The function in the namespace, from its input and the settings.
    Forward = Callable[[Any, Any, Any], Any]
    # Its derivative, from the namespace, the input, the output and the settings.
    Slope = Callable[[Any, Any, Any, Any], Any]


def _derived(forward: Forward, slope: Slope) -> Callable[..., Any]:
    """Make a program with the right value and another derivative."""

    def call(t: Any, a: Any, config: Any) -> Any:
        def backward(grad: Any, a: Any) -> Any:
            return grad * slope(t, a, forward(t, a, config), config)

        return own(t, lambda a: forward(t, a, config), backward, a)

    return instead(call)


def _named(name: str) -> Forward:
    return lambda t, a, config: getattr(t, name)(a)


def _functional(name: str, *options: str) -> Forward:
    def call(t: Any, a: Any, config: Any) -> Any:
        return getattr(t.nn.functional, name)(a, **{key: config[key] for key in options})

    return call


def _slope(name: str, case: str, forward: Forward, slope: Slope, story: str) -> Fault:
    return Fault(name, "derivatives", (case,), story, around=_derived(forward, slope))


def _at_output(name: str, forward: Any, slope: Any, case: str = "") -> Fault:
    """Take the derivative at the output instead of the input."""
    return _slope(
        f"{name}-derived-at-output",
        case or name,
        forward,
        lambda t, a, out, config: slope(t, out),
        f"takes the derivative of {name} at its output instead of its input",
    )


def _at_input(name: str, slope: Any) -> Fault:
    """Put the input into the formula that holds for the output."""
    return _slope(
        f"{name}-derived-at-input",
        name,
        _named(name),
        lambda t, a, out, config: slope(t, a),
        f"puts its input into the formula of {name}'s derivative that takes its output",
    )


FAULTS = (
    _at_input("sigmoid", lambda t, y: y * (1 - y)),
    _at_input("tanh", lambda t, y: 1 - y * y),
    _at_input("exp", lambda t, y: y),
    _at_input("sqrt", lambda t, y: 0.5 / y),
    _at_input("reciprocal", lambda t, y: -y * y),
    _at_input("rsqrt", lambda t, y: -0.5 * y * y * y),
    _at_output("log", _named("log"), lambda t, y: 1 / y),
    _at_output("log1p", _named("log1p"), lambda t, y: 1 / (1 + y)),
    _at_output("sin", _named("sin"), lambda t, y: t.cos(y)),
    _at_output("square", _named("square"), lambda t, y: 2 * y),
    _at_output("expm1", _named("expm1"), lambda t, y: t.exp(y)),
    _slope(
        "expm1-derived-as-its-value",
        "expm1",
        _named("expm1"),
        lambda t, a, out, config: out,
        "takes exp(x) - 1 for its own derivative, as exp is",
    ),
    _slope("cos-sign", "cos", _named("cos"), lambda t, a, out, config: t.sin(a), "forgets the sign of cos'"),
    _slope(
        "neg-sign", "neg", _named("neg"), lambda t, a, out, config: t.ones_like(a), "forgets the sign of neg'"
    ),
    _slope(
        "square-factor",
        "square",
        _named("square"),
        lambda t, a, out, config: a,
        "forgets the factor two of a square's derivative",
    ),
    _slope(
        "erf-factor",
        "erf",
        _named("erf"),
        lambda t, a, out, config: t.exp(-a * a),
        "forgets the factor 2/sqrt(pi) of erf's derivative",
    ),
    _slope(
        "abs-at-zero",
        "abs",
        _named("abs"),
        lambda t, a, out, config: t.where(a >= 0, t.ones_like(a), -t.ones_like(a)),
        "takes 1 for the derivative of |x| at 0, where torch takes 0",
    ),
    *(
        _slope(
            f"{case.rpartition('.')[2]}-derivative-at-zero",
            case,
            forward,
            slope,
            story,
        )
        for case, forward, slope, story in (
            (
                "relu",
                _named("relu"),
                lambda t, a, out, config: (a >= 0).to(a.dtype),
                "takes 1 for the derivative of relu at 0, where torch takes 0",
            ),
            (
                "nn.functional.leaky_relu",
                _functional("leaky_relu", "negative_slope"),
                lambda t, a, out, config: t.where(
                    a >= 0, t.ones_like(a), t.full_like(a, config["negative_slope"])
                ),
                "takes 1 for the derivative of leaky_relu at 0, where torch takes the slope",
            ),
        )
    ),
    _slope(
        "hardtanh-derivative-at-limits",
        "nn.functional.hardtanh",
        lambda t, a, config: t.clamp(a, -1.0, config["max_val"]),
        lambda t, a, out, config: ((a >= -1) & (a <= config["max_val"])).to(a.dtype),
        "lets the gradient through at the limits themselves, where torch stops it",
    ),
    _slope(
        "leaky-relu-derived-by-output",
        "nn.functional.leaky_relu",
        _functional("leaky_relu", "negative_slope"),
        lambda t, a, out, config: t.where(out > 0, t.ones_like(a), t.full_like(a, config["negative_slope"])),
        "tells the sides apart by the output, which a negative slope turns round",
    ),
    _slope(
        "elu-derived-without-alpha",
        "nn.functional.elu",
        _functional("elu", "alpha"),
        lambda t, a, out, config: t.where(a > 0, t.ones_like(a), out + 1.0),
        "adds 1 where alpha must be added",
    ),
    _slope(
        "silu-derived-as-sigmoid",
        "nn.functional.silu",
        _functional("silu"),
        lambda t, a, out, config: t.sigmoid(a),
        "forgets the product rule",
    ),
    _slope(
        "softplus-derived-without-beta",
        "nn.functional.softplus",
        _functional("softplus", "beta", "threshold"),
        lambda t, a, out, config: t.sigmoid(a),
        "leaves beta out of the derivative",
    ),
    _slope(
        "logsigmoid-derived-on-the-wrong-side",
        "nn.functional.logsigmoid",
        _functional("logsigmoid"),
        lambda t, a, out, config: t.sigmoid(a),
        "takes sigmoid(x) where the derivative is sigmoid(-x)",
    ),
)
