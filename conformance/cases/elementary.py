"""Cases of powers, roots, exponentials, logarithms and trigonometric functions of each element."""

from __future__ import annotations

from conformance.cases._constant import where
from conformance.cases._elementwise import binary, unary
from conformance.cases._table import row
from conformance.cases._use import EVERY_USE

CASES = (
    unary("exp", "normal", "saturated", "tiny", "nonfinite"),
    unary("expm1", "normal", "saturated", "tiny", "nonfinite"),
    unary("log", "normal", "huge", "zeros", "nonfinite", positive=True),
    unary("log1p", "normal", "huge", "tiny", "zeros", "nonfinite", positive=True),
    # Not tiny: denormals are zero to some kernels, and the reciprocal of zero is inf.
    unary("sqrt", "normal", "huge", "zeros", "nonfinite", positive=True),
    unary("rsqrt", "normal", "huge", "zeros", "nonfinite", positive=True),
    unary("reciprocal", "normal", "huge", "zeros", "nonfinite", positive=True),
    unary("square", "normal", "tiny", "huge", "nonfinite"),
    unary("abs", "normal", "integer", "tiny", "huge", "nonfinite"),
    unary("sin", "normal", "saturated", "tiny", "nonfinite"),
    unary("cos", "normal", "saturated", "tiny", "nonfinite"),
    unary("erf", "normal", "saturated", "tiny", "nonfinite"),
    # A quarter of the values are beyond 1, where there is none.
    unary("erfinv", "normal", "tiny", "nonfinite"),
    # With fewer draws no row is broadcast to a square.
    binary("pow", "__pow__", "normal", "zeros", "nonfinite", positive=True, samples=42),
    row(
        "pow@numbers",
        "NF",
        {
            "square": lambda t, a: a**2,
            "cube": lambda t, a: t.pow(a, 3),
            "zero": lambda t, a: a**0,
            "half": lambda t, a: a.abs() ** 0.5,
            "inverse": lambda t, a: (a.abs() + 1) ** -1,
            "number first": lambda t, a: 2**a,
            "float first": lambda t, a: t.pow(0.5, a),
        },
        {"negative power of integers": (lambda t, a: t.arange(3) ** -1, ("negative",))},
        regimes=("normal", "zeros", "nonfinite"),
        unused={EVERY_USE: lambda c: "the power 0 is 1 of anything" if c["form"] == "zero" else None},
        constant={"grad.x0": where("the power 0 is 1 of anything", form="zero")},
    ),
    row(
        "absolute",
        "NF NF",
        {
            "absolute": lambda t, a, b: t.absolute(a),
            "negative": lambda t, a, b: t.negative(a),
            "subtract": lambda t, a, b: t.subtract(a, b),
            "multiply": lambda t, a, b: t.multiply(a, b),
            "divide": lambda t, a, b: t.divide(a, b.abs() + 1),
        },
    ),
)
