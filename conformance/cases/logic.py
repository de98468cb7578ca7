"""Cases of logical and bitwise functions. The results are compared exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.cases._table import row

if TYPE_CHECKING:
    from conformance.cases.case import Case


def _logic(name: str) -> Case:
    return row(
        name,
        "NF F",
        {
            "bools": lambda t, a, b: getattr(t, name)(a > 0, b > 0),
            # Zero where it is negative, and as small as it was where it is not.
            "numbers": lambda t, a, b: getattr(a.clamp(min=0), name)(b),
        },
        {
            "a number": (lambda t, a, b: getattr(t, name)(a, 1), ("other", "int")),
            "sizes": (lambda t, a, b: getattr(t, name)(a, t.ones(5)), ("4", "5")),
        },
        regimes=("normal", "tiny", "nonfinite"),
        grad=False,
        samples=4,
    )


def _bits(name: str, symbol: str) -> Case:
    return row(
        name,
        "NF F",
        {
            "bools": lambda t, a, b: getattr(t, name)(a > 0, b > 0),
            "integers": lambda t, a, b: getattr((a * 8).long(), name)(5),
            "operator": lambda t, a, b: getattr((a * 8).long(), symbol)((b * 8).int()),
            "number first": lambda t, a, b: getattr((a * 8).long(), symbol.replace("__", "__r", 1))(3),
        },
        {"floats": (lambda t, a, b: getattr(t, name)(a, b), (name, "Float"))},
        grad=False,
    )


CASES = (
    *(_logic(name) for name in ("logical_and", "logical_or", "logical_xor")),
    *(_bits(f"bitwise_{name}", f"__{name}__") for name in ("and", "or", "xor")),
    row(
        "logical_not",
        "NF",
        {"function": lambda t, a: t.logical_not(a.round()), "method": lambda t, a: (a > 0).logical_not()},
        regimes=("normal", "nonfinite"),
        grad=False,
    ),
    row(
        "bitwise_not",
        "NF",
        {"bools": lambda t, a: ~(a > 0), "integers": lambda t, a: t.bitwise_not((a * 8).long())},
        {"floats": (lambda t, a: ~a, ("integer",))},
        grad=False,
    ),
)
