"""Rules of sums, products and quotients of elements, and torch's combinations of them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from conformance.arithmetic.rounding import UNDERFLOW, UNIT, converted, magnitude, multiplied
from conformance.arithmetic.rules.measuring import SCALAR, MeasuringCall, binary, ternary, with_scalar
from conformance.arithmetic.rules.rule import IEEE, MEASURED, Operands, Relative, Rule, exact, rounded
from conformance.sampling.values import Input


def _scaled(value: Any) -> float:
    """Return the absolute value of a scalar factor, which is 1 where it is not given."""
    return 1.0 if value is None else abs(float(value))


def _sum_of_two(a: Any, b: Any, *, alpha: Any = 1, **_: Any) -> Any:
    """Return a rounding of the sum, of the product before it, and of the Python scalars."""
    if alpha == 1 and isinstance(a, Tensor) and isinstance(b, Tensor) and a.dtype is b.dtype is torch.float64:
        # As most sums are.
        return a.abs() + b.abs()
    size, other = magnitude(a), magnitude(b)
    scalars = converted(a) + converted(b)
    if alpha != 1:
        other = _scaled(alpha) * (1 + multiplied(alpha)) * other
        scalars = converted(a) + _scaled(alpha) * converted(b)
    # Most sums have no Python scalar, and to add zero would cost an operation.
    return size + other + scalars if scalars else size + other


def _lerp(a: Tensor, b: Tensor, weight: Any) -> Tensor:
    """Return a difference's, a product's and a sum's rounding, from the end that is nearer: torch's formula.

    The weight that is left to the other end is rounded too.
    """
    share = weight if isinstance(weight, torch.Tensor) else torch.full_like(a, weight)
    way = (b - a).abs()
    given = converted(weight) * way
    from_a, from_b = a.abs() + 3 * share.abs() * way, b.abs() + 4 * (1 - share).abs() * way
    return torch.where(share.abs() < 0.5, from_a, from_b) + given


def _addcmul(a: Tensor, b: Tensor, c: Tensor, *, value: Any = 1) -> Tensor:
    """Return the roundings of the sum, and two or three of its second term."""
    size: Tensor = a.abs() + _scaled(value) * (2 + multiplied(value)) * (b * c).abs()
    return size


def _addcdiv(a: Tensor, b: Tensor, c: Tensor, *, value: Any = 1) -> Tensor:
    """Return the roundings of the sum, and two or three of its second term.

    `value·b` is rounded before it is divided: below the smallest normal number, 2⁻¹²⁶, not relatively.
    """
    quotients = _scaled(value) * (2 + multiplied(value)) * (b / c).abs()
    size: Tensor = a.abs() + quotients + (UNDERFLOW / UNIT) / c.abs()
    return size


def _with_alpha(name: str) -> MeasuringCall:
    return with_scalar(lambda t, a, b: getattr(t, name)(a, b, alpha=SCALAR), 2)


_SUM = Operands(_sum_of_two, "1 rounding of |a| + |alpha·b|, of the product, and of Python scalars")
_TERM = "torch's formula, each of its operations by " + IEEE

RULES: tuple[Rule, ...] = (
    rounded("add", _SUM, binary("add"), _with_alpha("add"), source=IEEE, elementwise=True),
    rounded("sub", _SUM, binary("sub"), _with_alpha("sub"), source=IEEE, elementwise=True),
    rounded(
        "rsub",
        Operands(lambda a, b, alpha=1: _sum_of_two(b, a, alpha=alpha), _SUM.says),
        binary("rsub"),
        _with_alpha("rsub"),
        source=IEEE,
        elementwise=True,
    ),
    rounded(
        "mul",
        Relative(1.0, scalars=True),
        binary("mul"),
        MeasuringCall(
            lambda t, a, b: t.mul(a, b), lambda n: (Input((8, n)), Input((8, n), against="x0", weight=True))
        ),
        with_scalar(lambda t, a: t.mul(a, SCALAR), 1),
        source=IEEE,
        elementwise=True,
    ),
    rounded(
        "div",
        Relative(1.0, scalars=True),
        binary("div"),
        with_scalar(lambda t, a: t.div(a, SCALAR), 1),
        source=IEEE,
        elementwise=True,
    ),
    # C's fmod is exact; the sum that follows from the divisor's sign is rounded.
    rounded(
        "remainder",
        Relative(1.0),
        binary("remainder"),
        source="C17, F.10.7.1: fmod is exact; the sum that follows: " + IEEE,
        elementwise=True,
    ),
    rounded(
        "lerp",
        Operands(_lerp, "1 rounding of the nearer end, and 3 or 4 of the way from there"),
        ternary(lambda t, a, b, w: t.lerp(a, b, w)),
        with_scalar(lambda t, a, b: t.lerp(a, b, SCALAR), 2),
        source=_TERM,
        elementwise=True,
    ),
    rounded(
        "addcmul",
        Operands(_addcmul, "1 rounding of |a|, and 2 or 3 of |value·b·c|"),
        ternary(lambda t, a, b, c: t.addcmul(a, b, c, value=0.5)),
        ternary(lambda t, a, b, c: t.addcmul(a, b, c, value=SCALAR)),
        source=_TERM,
        elementwise=True,
    ),
    rounded(
        "addcdiv",
        Operands(_addcdiv, "1 rounding of |a|, and 2 or 3 of |value·b/c|"),
        ternary(lambda t, a, b, c: t.addcdiv(a, b, c, value=0.5)),
        ternary(lambda t, a, b, c: t.addcdiv(a, b, c, value=SCALAR)),
        source=f"{_TERM}; {MEASURED}",
        elementwise=True,
    ),
    *exact("neg", source="IEEE 754-2019, 5.5.1: changes the sign bit only", elementwise=True),
)
