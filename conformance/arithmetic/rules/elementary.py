"""Rules of roots, powers, exponentials, logarithms and other functions of one number; not activations."""

from __future__ import annotations

from conformance.arithmetic.rules.measuring import binary, unary
from conformance.arithmetic.rules.rule import IEEE, MEASURED, SLEEF, Relative, Rule, exact, rounded

_SINE = MEASURED + "; SLEEF's documentation allows its sine more, 3.5 ULP"

RULES: tuple[Rule, ...] = (
    *exact("abs", source="IEEE 754-2019, 5.5.1: changes the sign bit only", elementwise=True),
    rounded("reciprocal", Relative(1.0), unary("reciprocal", positive=True), source=IEEE, elementwise=True),
    # A root and a quotient.
    rounded("rsqrt", Relative(2.0), unary("rsqrt", positive=True), source=IEEE, elementwise=True),
    # torch's vectors are not rounded correctly: over all of [1, 4) they err by up to 1.50.
    rounded("sqrt", Relative(2.0), unary("sqrt", positive=True), source=MEASURED, elementwise=True),
    rounded("cos", Relative(4.0), unary("cos"), source=_SINE, elementwise=True),
    rounded("sin", Relative(4.0), unary("sin"), source=_SINE, elementwise=True),
    rounded("erf", Relative(4.0), unary("erf"), source=MEASURED, elementwise=True),
    rounded("exp", Relative(4.0), unary("exp"), source=SLEEF, elementwise=True),
    rounded("expm1", Relative(4.0), unary("expm1"), source=SLEEF, elementwise=True),
    rounded("log1p", Relative(4.0), unary("log1p", positive=True), source=SLEEF, elementwise=True),
    rounded("pow", Relative(4.0), binary("pow", positive=True), source=SLEEF, elementwise=True),
    # NumPy's AVX-512 kernel errs by up to 4.58, at 0.746.
    rounded("log", Relative(6.0), unary("log", positive=True), source=MEASURED, elementwise=True),
)
