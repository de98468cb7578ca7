"""Cases of sums, products, quotients and remainders, by function, method and operator."""

from __future__ import annotations

from conformance.cases._constant import SLOPE, where
from conformance.cases._elementwise import binary, unary
from conformance.cases._table import row

CASES = (
    unary("neg", "normal", "tiny", "huge", "nonfinite"),
    binary("add", "__add__", "normal", "cancelling", "tiny", "huge", "integer", "nonfinite", exact=True),
    binary("mul", "__mul__", "normal", "tiny", "huge", "integer", "nonfinite", exact=True),
    binary(
        "sub",
        "__sub__",
        "normal",
        "cancelling",
        "tiny",
        "huge",
        "integer",
        "nonfinite",
        exact=True,
        samples=20,
        constant=dict.fromkeys(("output", "grad.*"), where("a − a is 0 for any a", use="same-tensor")),
    ),
    binary("div", "__truediv__", "normal", "saturated", "nonfinite", samples=20),
    row(
        "add@alpha",
        "NF F",
        {
            "function": lambda t, a, b: t.add(a, b, alpha=2.5),
            "method": lambda t, a, b: a.add(b, alpha=-0.5),
            "number": lambda t, a, b: 2 + a + 1.5 + b,
            "sub": lambda t, a, b: t.sub(a, b, alpha=2.5),
            "rsub": lambda t, a, b: t.rsub(a, b, alpha=0.3),
            "number first": lambda t, a, b: 1.5 - a - b,
            "itself": lambda t, a, b: a + a,
            "itself twice": lambda t, a, b: a * a - b * (b + b),
        },
    ),
    # Not tiny quotients: near a whole number, one rounding changes the result.
    row(
        "div@rounding",
        "NF",
        {
            "floor": lambda t, a: t.div(a * 4, 1.5, rounding_mode="floor"),
            "trunc": lambda t, a: (a * 4).div(1.5, rounding_mode="trunc"),
            "floor_divide": lambda t, a: t.floor_divide(a.detach() * 4, 1.5),
            "operator": lambda t, a: (a.detach() * 4) // 1.5,
            "exact": lambda t, a: 3 / (a.abs() + 1),
            "integers": lambda t, a: t.div(t.arange(-4, 5), 3, rounding_mode="trunc"),
        },
        {
            "mode": (lambda t, a: t.div(a, a, rounding_mode="up"), ("up",)),
            "zero": (lambda t, a: t.arange(3) // 0, ("ZeroDivisionError",)),
        },
        regimes=("normal", "nonfinite"),
        constant={"grad.x0": where(SLOPE, form=("floor", "trunc"))},
    ),
    row(
        "remainder",
        "NF",
        {
            "function": lambda t, a: t.remainder(a * 4, 1.5),
            "operator": lambda t, a: (a * 4) % -1.5,
            "integers": lambda t, a: t.arange(-4, 5) % 3,
        },
        {"sizes": (lambda t, a: t.remainder(a, t.ones(5)), ("4", "5"))},
        regimes=("normal", "nonfinite"),
    ),
)
