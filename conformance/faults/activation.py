"""Faults of activations: another value or another derivative."""

from __future__ import annotations

from typing import Any

from conformance.faults._elementwise import at_input, derivative, functional, named, value


def _gelu_by_tanh(t: Any, a: Any, config: Any) -> Any:
    return t.nn.functional.gelu(a, approximate="tanh")


def _threshold_on_x(t: Any, a: Any, config: Any) -> Any:
    # The gradient of what `where` does not take must not overflow.
    below = t.clamp(a, max=config["threshold"])
    return t.where(a > config["threshold"], a, t.nn.functional.softplus(below, config["beta"], 1e6))


FAULTS = (
    value(
        "sigmoid-overflow",
        "sigmoid",
        lambda t, a, c: t.exp(a) / (1 + t.exp(a)),
        "computes inf / inf for large x",
    ),
    value(
        "sigmoid-through-tanh",
        "sigmoid",
        lambda t, a, c: t.tanh(a / 2) / 2 + 0.5,
        "loses digits to cancellation where the sigmoid is nearly 0",
    ),
    value(
        "tanh-through-exp",
        "tanh",
        lambda t, a, c: 1 - 2 / (t.exp(2 * a) + 1),
        "loses digits to cancellation near 0",
    ),
    value(
        "tanh-through-sigmoid",
        "tanh",
        lambda t, a, c: 2 * t.sigmoid(2 * a) - 1,
        "loses digits to cancellation near 0",
    ),
    value(
        "relu-by-product",
        "relu",
        lambda t, a, c: a * (a > 0.01).to(a.dtype),
        "has its corner at 0.01, not at 0",
    ),
    value(
        "leaky-slope-on-the-wrong-side",
        "nn.functional.leaky_relu",
        lambda t, a, c: t.where(a > 0, a * c["negative_slope"], a),
        "applies the slope to positive values",
    ),
    value(
        "leaky-relu-as-maximum",
        "nn.functional.leaky_relu",
        lambda t, a, c: t.maximum(a, a * c["negative_slope"]),
        "computes max(x, slope x), which differs for a slope above 1",
    ),
    value(
        "elu-overflow",
        "nn.functional.elu",
        lambda t, a, c: (a > 0).to(a.dtype) * a + (a <= 0).to(a.dtype) * c["alpha"] * (t.exp(a) - 1),
        "loses digits to cancellation near 0, and multiplies inf by 0 for large x",
    ),
    value("gelu-always-by-tanh", "nn.functional.gelu", _gelu_by_tanh, "always uses the tanh approximation"),
    value(
        "gelu-by-sigmoid",
        "nn.functional.gelu",
        lambda t, a, c: a * t.sigmoid(1.702 * a),
        "uses the sigmoid approximation of Hendrycks & Gimpel 2016",
    ),
    value(
        "softplus-naive",
        "nn.functional.softplus",
        lambda t, a, c: t.log(1 + t.exp(a * c["beta"])) / c["beta"],
        "computes log(1 + exp(x)), which loses small values, without the threshold",
    ),
    value(
        "softplus-threshold-on-x",
        "nn.functional.softplus",
        _threshold_on_x,
        "compares x with the threshold, not beta x",
    ),
    value(
        "logsigmoid-naive",
        "nn.functional.logsigmoid",
        lambda t, a, c: t.log(t.sigmoid(a)),
        "computes the logarithm of the sigmoid, which loses digits where the sigmoid is nearly 1",
    ),
    value(
        "hardtanh-lower-limit",
        "nn.functional.hardtanh",
        lambda t, a, c: t.clamp(a, -c["max_val"], c["max_val"]),
        "uses the negative upper limit as the lower limit",
    ),
    at_input("sigmoid", lambda t, y: y * (1 - y)),
    at_input("tanh", lambda t, y: 1 - y * y),
    *(
        derivative(f"{case.rpartition('.')[2]}-derivative-at-zero", case, forward, slope, story)
        for case, forward, slope, story in (
            (
                "relu",
                named("relu"),
                lambda t, a, out, config: (a >= 0).to(a.dtype),
                "takes 1 for the derivative of relu at 0, where torch takes 0",
            ),
            (
                "nn.functional.leaky_relu",
                functional("leaky_relu", "negative_slope"),
                lambda t, a, out, config: t.where(
                    a >= 0, t.ones_like(a), t.full_like(a, config["negative_slope"])
                ),
                "takes 1 for the derivative of leaky_relu at 0, where torch takes the slope",
            ),
        )
    ),
    derivative(
        "hardtanh-derivative-at-limits",
        "nn.functional.hardtanh",
        lambda t, a, config: t.clamp(a, -1.0, config["max_val"]),
        lambda t, a, out, config: ((a >= -1) & (a <= config["max_val"])).to(a.dtype),
        "passes the gradient at the limits themselves, where torch stops it",
    ),
    derivative(
        "leaky-relu-derived-by-output",
        "nn.functional.leaky_relu",
        functional("leaky_relu", "negative_slope"),
        lambda t, a, out, config: t.where(out > 0, t.ones_like(a), t.full_like(a, config["negative_slope"])),
        "tells the sides apart by the output, whose sign a negative slope changes",
    ),
    derivative(
        "elu-derived-without-alpha",
        "nn.functional.elu",
        functional("elu", "alpha"),
        lambda t, a, out, config: t.where(a > 0, t.ones_like(a), out + 1.0),
        "adds 1 instead of alpha",
    ),
    derivative(
        "silu-derived-as-sigmoid",
        "nn.functional.silu",
        functional("silu"),
        lambda t, a, out, config: t.sigmoid(a),
        "leaves out the product rule",
    ),
    derivative(
        "softplus-derived-without-beta",
        "nn.functional.softplus",
        functional("softplus", "beta", "threshold"),
        lambda t, a, out, config: t.sigmoid(a),
        "leaves beta out of the derivative",
    ),
    derivative(
        "logsigmoid-derived-on-the-wrong-side",
        "nn.functional.logsigmoid",
        functional("logsigmoid"),
        lambda t, a, out, config: t.sigmoid(a),
        "takes sigmoid(x) where the derivative is sigmoid(-x)",
    ),
)
