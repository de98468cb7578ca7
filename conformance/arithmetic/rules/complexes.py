"""Rules of complex numbers: how they are made and taken apart, and how the operations on them round.

An operation on complex operands that rounds has a rule of its own here, named as `overloads.base_name` names
it with `_complex` behind, unless the rule of the real operation says that it holds for both (`complexes`).
Sizes are normwise: each part of a result errs by a multiple of the result's absolute value, because torch's
formulas add products of both parts. Of sums, each part errs by itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from conformance.arithmetic.rounding import converted, magnitude
from conformance.arithmetic.rules.measuring import NO_NAME, MeasuringCall, unary
from conformance.arithmetic.rules.rule import IEEE, MEASURED, Operands, Relative, Rule, exact, rounded
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable


def _absolute(value: Any) -> Any:
    return value.abs() if isinstance(value, Tensor) else abs(value)


def _sum_of_two(a: Any, b: Any, *, alpha: Any = 1) -> Any:
    """Return a rounding of each part's sum; with a factor, of its product with the other."""
    if alpha != 1:
        return _absolute(a) + 3 * abs(alpha) * _absolute(b)
    return magnitude(a) + magnitude(b) + converted(a) + converted(b)


def _pow(a: Any, exponent: Any) -> Tensor:
    """Return the roundings of exp(exponent · log a): those of the product are in the result's exponent."""
    whole = isinstance(exponent, (int, float)) and exponent in {0.5, 1, 2, 3}
    out = torch.pow(a, exponent).abs()
    if whole:
        return out * 4
    base = a if isinstance(a, Tensor) else torch.tensor(a, dtype=torch.complex128)
    size: Tensor = out * (4 + 5 * (exponent * base.to(torch.complex128).log()).abs().nan_to_num(posinf=0.0))
    return size


def _of(count: int, call: Callable[..., Any], *, real: bool = False) -> MeasuringCall:
    """Return the call of a function of complex numbers, made of pairs of real ones.

    Args:
        count: how many operands it has.
        call: the function.
        real: its result is real.
    """

    def measured(t: Any, *pairs: Any) -> Any:
        out = call(t, *map(t.view_as_complex, pairs))
        return out if real else t.view_as_real(out)

    # As weights: a component near the ends of float32's range overflows on the way in float32 only.
    return MeasuringCall(
        measured, lambda n: tuple(Input((4, n, 2), weight=True) for _ in range(count)), without=NO_NAME
    )


def _function(name: str, roundings: float, source: str = MEASURED) -> Rule:
    """Return the rule of a function of one complex number that torch computes accurately."""
    function = name.removesuffix("_complex")
    call = _of(1, lambda t, x: getattr(t, function)(x), real=function in {"abs", "angle"})
    return rounded(name, Relative(roundings), call, source=source, elementwise=True)


def _polar_call() -> MeasuringCall:
    return MeasuringCall(
        lambda t, size, angle: t.view_as_real(t.polar(size, angle)),
        lambda n: (Input((8, n), positive=True, weight=True), Input((8, n), weight=True)),
        without=NO_NAME,
    )


_PRODUCT = "Higham 2002, Accuracy and Stability, lemma 3.5: √2·2 roundings of a product; " + MEASURED
_QUOTIENT = "Higham 2002, Accuracy and Stability, lemma 3.5: √2·4 and 7 of a quotient; " + MEASURED
_PARTS = "puts numbers side by side, or shows them so"
_SUM = Operands(_sum_of_two, "1 rounding of the sum of each part, or 3 of |alpha·b|")

RULES: tuple[Rule, ...] = (
    *exact("_conj", "_neg_view", "view_as_complex", "view_as_real", source=_PARTS, view=True),
    *exact("complex", source=_PARTS, elementwise=True),
    *exact("_conj_physical", "conj_physical", source="changes sign bits only", elementwise=True),
    # Of a real number: π for negative ones, otherwise 0.
    rounded(
        "angle",
        Relative(1.0),
        replace(unary("angle"), without=NO_NAME),
        source="the nearest number to π",
        elementwise=True,
        decides=lambda x: x.sign(),
    ),
    rounded(
        "polar",
        Relative(5.0),
        _polar_call(),
        source=f"a sine and cosine of 4 roundings, and a product; {MEASURED}",
        elementwise=True,
    ),
    rounded("add_complex", _SUM, _of(2, lambda t, a, b: t.add(a, b)), source=IEEE, elementwise=True),
    rounded("sub_complex", _SUM, _of(2, lambda t, a, b: t.sub(a, b)), source=IEEE, elementwise=True),
    rounded(
        "rsub_complex",
        Operands(lambda a, b, alpha=1: _sum_of_two(b, a, alpha=alpha), _SUM.says),
        _of(2, lambda t, a, b: t.rsub(a, b)),
        source=IEEE,
        elementwise=True,
    ),
    rounded(
        "mul_complex",
        Relative(2.0, scalars=True),
        _of(2, lambda t, a, b: t.mul(a, b)),
        source=_PRODUCT,
        elementwise=True,
    ),
    rounded(
        "div_complex",
        Relative(4.0, scalars=True),
        _of(2, lambda t, a, b: t.div(a, b)),
        source=_QUOTIENT,
        elementwise=True,
    ),
    rounded(
        "pow_complex",
        Operands(_pow, "4 roundings of the result, and 5 of the exponent times the logarithm"),
        _of(2, lambda t, a, b: t.pow(a, b)),
        _of(1, lambda t, a: t.pow(a, 3)),
        source=MEASURED,
        elementwise=True,
    ),
    _function("abs_complex", 2.0),
    # It jumps by 2π where a negative number's other part changes its sign.
    replace(_function("angle_complex", 3.0), decides=lambda x: (x.real < 0) * x.imag.sign()),
    _function("sgn_complex", 3.0),
    _function("sqrt_complex", 3.0),
    _function("rsqrt_complex", 5.0),
    _function("reciprocal_complex", 4.0, _QUOTIENT),
    _function("exp_complex", 5.0),
    _function("log_complex", 6.0),
    _function("sin_complex", 6.0),
    _function("cos_complex", 6.0),
    _function("tanh_complex", 8.0),
)
