"""Cases of comparisons and of tests of single elements. The truth values are compared exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._constant import where
from conformance.cases._table import function, method, row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases.case import Case, Constant
    from conformance.sampling.sample import Sample

_SIZES = ("4", "5")
# Values that are equal or nearly equal, and NaN, which does not equal itself.
_REGIMES = ("normal", "integer", "cancelling", "nonfinite")
_NAMES = ("eq", "ne", "lt", "le", "gt", "ge")


_DRAWN = ("function", "method", "operator")
_NEVER_EQUAL = {"output": where("no two drawn numbers are equal", regime="normal", form=_DRAWN)}
_WHOLE = "whole numbers are neither NaN nor infinite"


def _quotient(sample: Sample) -> str | None:
    """Return why a number over 1 or 0 is not NaN: it is NaN itself, or 0, in one regime only."""
    drawn = sample.settings["form"] == "function" and sample.regime != "nonfinite"
    return "no drawn number is 0 or NaN" if drawn else where(_WHOLE, form="integers")(sample)


_NEVER: Mapping[str, Constant] = {
    "isnan": {"output": _quotient},
    "isinf": {"output": where(_WHOLE, form="integers")},
}


def _whole(t: Any, a: Any) -> Any:
    """Return a as integers, with 0 for non-finite values, whose conversion C does not define."""
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
        constant=_NEVER_EQUAL if name == "eq" else None,
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
        constant=_NEVER.get(name),
    )


CASES = (
    *(_comparison(name) for name in _NAMES),
    *(_test(name) for name in ("isnan", "isinf", "isfinite")),
    row(
        "isclose",
        "NF",
        {
            "function": lambda t, a: t.isclose(a, t.where(a > 0, a, -a)),
            "tolerances": lambda t, a: a.isclose(-a, rtol=0.0, atol=1.5),
            "equal nan": lambda t, a: t.isclose((a > 0) / (a > 1), (a > 0) / (a > 1), equal_nan=True),
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
