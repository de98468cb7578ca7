"""Comparisons, tests of elements and logic: truth values, compared exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._table import function, method, row

if TYPE_CHECKING:
    from conformance.cases.case import Case

_SIZES = ("4", "5")
# What is equal or nearly so, and what is not equal to itself.
_REGIMES = ("normal", "integer", "cancelling", "nonfinite")
_NAMES = ("eq", "ne", "lt", "le", "gt", "ge")


def _whole(t: Any, a: Any) -> Any:
    """Whole numbers of a; of what is not finite C leaves open which."""
    return t.where(t.isfinite(a), a, 0.0).long()


def _comparison(name: str) -> Case:
    return row(
        name,
        "NF F",
        {
            "function": function(name),
            "method": method(name),
            "operator": method(f"__{name}__"),
            "number": lambda t, a, b: getattr(t, name)(a.round(), 1),
            "integers": lambda t, a, b: getattr(_whole(t, a), name)(_whole(t, b)),
        },
        {"sizes": (lambda t, a, b: getattr(t, name)(a, t.ones(5)), _SIZES)},
        regimes=_REGIMES,
        grad=False,
        samples=6,
    )


def _test(name: str) -> Case:
    return row(
        name,
        "NF",
        {
            "function": lambda t, a: getattr(t, name)(a / (a > 0)),
            "method": lambda t, a: getattr((a > 0) / (a > 1), name)(),
            "integers": lambda t, a: getattr(t, name)(_whole(t, a)),
        },
        {"no tensor": (lambda t, a: getattr(t, name)(1.0), ("float",))},
        regimes=("normal", "huge", "nonfinite"),
        grad=False,
        samples=6,
    )


def _logic(name: str) -> Case:
    return row(
        name,
        "NF F",
        {
            "bools": lambda t, a, b: getattr(t, name)(a > 0, b > 0),
            "numbers": lambda t, a, b: getattr(a.round(), name)(b),
        },
        {
            "a number": (lambda t, a, b: getattr(t, name)(a, 1), ("other", "int")),
            "sizes": (lambda t, a, b: getattr(t, name)(a, t.ones(5)), _SIZES),
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
    *(_comparison(name) for name in _NAMES),
    *(_test(name) for name in ("isnan", "isinf", "isfinite")),
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
    row(
        "isclose",
        "NF",
        {
            "function": lambda t, a: t.isclose(a, t.where(a > 0, a, -a)),
            "tolerances": lambda t, a: a.isclose(-a, rtol=0.0, atol=1.5),
            "nan": lambda t, a: t.isclose((a > 0) / (a > 1), (a > 0) / (a > 1), equal_nan=True),
            "all": lambda t, a: t.tensor(
                [t.allclose(a, a), t.allclose(a, a + 1), a.allclose(a * 1.1, rtol=1.0)]
            ),
        },
        {
            "dtypes": (lambda t, a: t.isclose(a, a.double()), ("Float", "Double")),
            "tolerance": (lambda t, a: t.allclose(a, a, rtol=-1), ("rtol", "-1")),
        },
        regimes=("normal", "nonfinite"),
        grad=False,
    ),
    row(
        "equal",
        "NF",
        {
            "itself": lambda t, a: t.tensor([t.equal(a, a.clone()), a.equal(a + 1)]),
            "shapes": lambda t, a: t.tensor([t.equal(a, a[..., None]), t.is_tensor(a), t.is_tensor(1.0)]),
        },
        {"no tensor": (lambda t, a: t.equal(a, 1.0), ("other", "float"))},
        regimes=("normal", "nonfinite"),
        grad=False,
    ),
)
