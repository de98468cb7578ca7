"""Rules of roots, powers, exponentials, logarithms and other functions of one number; not activations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from conformance.arithmetic.rounding import UNDERFLOW, UNIT, converted
from conformance.arithmetic.rules.measuring import NO_NAME, SCALAR, MeasuringCall, binary, unary
from conformance.arithmetic.rules.rule import IEEE, MEASURED, SLEEF, Operands, Relative, Rule, exact, rounded
from conformance.sampling.values import Input

_SINE = MEASURED + "; SLEEF's documentation allows its sine more, 3.5 ULP"


def _pow(a: Any, exponent: Any) -> torch.Tensor:
    """Return four roundings of the result, and the error by that of a Python scalar as the exponent."""
    result = torch.pow(a, exponent).abs().add_(UNDERFLOW / UNIT)
    moved = converted(exponent)
    # The third root of 1e90 errs by 35 roundings where a third is rounded.
    more = moved * a.abs().log().abs().nan_to_num(posinf=0.0) if moved else 0.0
    size: torch.Tensor = result * (4.0 + more)
    return size


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
    rounded(
        "erfinv",
        Relative(4.0),
        MeasuringCall(lambda t, a: t.erfinv(a), lambda n: (Input((8, n), bounded=True),)),
        source=MEASURED,
        elementwise=True,
    ),
    rounded("exp", Relative(4.0), unary("exp"), source=SLEEF, elementwise=True),
    rounded("expm1", Relative(4.0), unary("expm1"), source=SLEEF, elementwise=True),
    rounded("log1p", Relative(4.0), unary("log1p", positive=True), source=SLEEF, elementwise=True),
    rounded(
        "pow",
        Operands(_pow, "4 roundings of the result, and that of a scalar exponent times the logarithm"),
        binary("pow", positive=True),
        MeasuringCall(lambda t, a: t.pow(a, SCALAR), lambda n: (Input((8, n), positive=True),)),
        source=SLEEF,
        elementwise=True,
    ),
    # The next number is one unit in the last place away, in each dtype its own: two roundings.
    rounded(
        "nextafter",
        Relative(2.0),
        replace(binary("nextafter"), without=NO_NAME),
        source="IEEE 754-2019, 5.3.1, nextUp and nextDown",
        elementwise=True,
    ),
    # NumPy's AVX-512 kernel errs by up to 4.58, at 0.746.
    rounded("log", Relative(6.0), unary("log", positive=True), source=MEASURED, elementwise=True),
)
