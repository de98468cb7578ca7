"""Faults of elementary functions: another value or another derivative."""

from __future__ import annotations

from conformance.faults._elementwise import at_input, at_output, derivative, named, value

FAULTS = (
    value("expm1-as-exp", "expm1", lambda t, a, c: t.exp(a) - 1, "loses digits to cancellation near 0"),
    value("log1p-as-log", "log1p", lambda t, a, c: t.log(1 + a), "loses every x below the rounding of 1"),
    value(
        "sqrt-by-log",
        "sqrt",
        lambda t, a, c: t.exp(t.log(a) / 2),
        "loses digits where the logarithm is large",
    ),
    value(
        "rsqrt-approximate",
        "rsqrt",
        lambda t, a, c: t.rsqrt(a) * (1 + 2.0**-12),
        "returns the hardware's estimate without refining it",
    ),
    value(
        "reciprocal-approximate",
        "reciprocal",
        lambda t, a, c: t.reciprocal(a) * (1 - 2.0**-12),
        "returns the hardware's estimate without refining it",
    ),
    value("exp-as-power", "exp", lambda t, a, c: 2.718281828**a, "uses ten digits of e"),
    at_input("exp", lambda t, y: y),
    at_input("sqrt", lambda t, y: 0.5 / y),
    at_input("reciprocal", lambda t, y: -y * y),
    at_input("rsqrt", lambda t, y: -0.5 * y * y * y),
    at_output("log", named("log"), lambda t, y: 1 / y),
    at_output("log1p", named("log1p"), lambda t, y: 1 / (1 + y)),
    at_output("sin", named("sin"), lambda t, y: t.cos(y)),
    at_output("square", named("square"), lambda t, y: 2 * y),
    at_output("expm1", named("expm1"), lambda t, y: t.exp(y)),
    derivative(
        "expm1-derived-as-its-value",
        "expm1",
        named("expm1"),
        lambda t, a, out, config: out,
        "takes exp(x) - 1 as its own derivative, as exp is",
    ),
    derivative(
        "cos-sign",
        "cos",
        named("cos"),
        lambda t, a, out, config: t.sin(a),
        "leaves out the sign of cos's derivative",
    ),
    derivative(
        "neg-sign",
        "neg",
        named("neg"),
        lambda t, a, out, config: t.ones_like(a),
        "leaves out the sign of neg's derivative",
    ),
    derivative(
        "square-factor",
        "square",
        named("square"),
        lambda t, a, out, config: a,
        "leaves out the factor two of a square's derivative",
    ),
    derivative(
        "erf-factor",
        "erf",
        named("erf"),
        lambda t, a, out, config: t.exp(-a * a),
        "leaves out the factor 2/sqrt(pi) of erf's derivative",
    ),
    derivative(
        "erfinv-factor",
        "erfinv",
        named("erfinv"),
        lambda t, a, out, config: t.exp(out * out),
        "leaves out the factor sqrt(pi)/2 of erfinv's derivative",
    ),
    derivative(
        "abs-at-zero",
        "abs",
        named("abs"),
        lambda t, a, out, config: t.where(a >= 0, t.ones_like(a), -t.ones_like(a)),
        "takes 1 for the derivative of |x| at 0, where torch takes 0",
    ),
)
