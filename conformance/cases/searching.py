"""Cases of the positions of values in sorted sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._facts import DTYPES
from conformance.cases._table import FEATURED, row

if TYPE_CHECKING:
    from conformance.cases._table import Form

_LIMITS = (-0.5, 0, 0.25, True)


def _sorted(t: Any, a: Any) -> Any:
    return t.sort(a, dim=-1).values


def _flat(t: Any, a: Any) -> Any:
    return t.sort(a.reshape(-1)).values


def _several(t: Any, a: Any) -> Any:
    """Return the elements and three others, among which the limits have unlike positions."""
    return _flat(t, t.cat([a.reshape(-1), t.tensor([-1.0, 0.1, 0.5], dtype=a.dtype)]))


def _whole(a: Any) -> Any:
    return (a > 0).long() + (a > 1).long()


def _with_dtype(form: Form) -> Form:
    """Return the call that returns the dtype of the positions, too."""

    def call(t: Any, a: Any, b: Any) -> dict[str, Any]:
        found = form(t, a, b)
        kind = DTYPES.index(str(found.dtype).rpartition(".")[2])
        return {"dtype": t.tensor([kind]), "output": found}

    return call


CASES = (
    row(
        "searchsorted",
        "NF NL",
        {
            "rows": lambda t, a, b: t.searchsorted(_sorted(t, a), b),
            "one row": lambda t, a, b: t.searchsorted(_flat(t, a), b, right=True),
            "itself": lambda t, a, b: t.searchsorted(_sorted(t, a), a),
            "after itself": lambda t, a, b: t.searchsorted(_sorted(t, a), a, side="right"),
            "int32": _with_dtype(lambda t, a, b: t.searchsorted(_flat(t, a), b, out_int32=True)),
            "sorter": lambda t, a, b: t.searchsorted(a, b, sorter=t.argsort(a), right=True, side="right"),
            "numbers": lambda t, a, b: t.stack([t.searchsorted(_several(t, b), each) for each in _LIMITS]),
            "of integers": lambda t, a, b: t.searchsorted(t.arange(-3, 4), _several(t, b)),
        },
        {
            "rows": (lambda t, a, b: t.searchsorted(_sorted(t, a), b[:1]), ("[2, 4]", "[1, 3]")),
            "scalar": (lambda t, a, b: t.searchsorted(_sorted(t, a), 1.0), ("scalar", "2", "0")),
            "side": (lambda t, a, b: t.searchsorted(a, b, side="middle"), ("side", "left", "middle")),
            "opposites": (lambda t, a, b: t.searchsorted(a, b, right=True, side="left"), ("side", "right")),
            "sorter": (lambda t, a, b: t.searchsorted(a, b, sorter=t.argsort(b)), ("[2, 4]", "[2, 3]")),
            "sorter's dtype": (
                lambda t, a, b: t.searchsorted(a, b, sorter=_whole(a).int()),
                ("sorter", "long", "Int|int32"),
            ),
            "sorter's range": (
                lambda t, a, b: t.searchsorted(a, b, sorter=_whole(a) + 2 + a.shape[1]),
                ("sorter", "range"),
            ),
            "no dimension": (lambda t, a, b: t.searchsorted(a[0, 0], b), ("0",)),
            "bools": (lambda t, a, b: t.searchsorted(a[0] > 9, b > 0), ("Bool",)),
        },
        regimes=("normal", "ties", "integer", "nonfinite"),
        classes=FEATURED,
        grad=False,
        samples=24,
    ),
    row(
        "bucketize",
        "NF L",
        {
            "left": lambda t, a, b: t.bucketize(a, _several(t, b)),
            "right": lambda t, a, b: t.bucketize(_sorted(t, b), _sorted(t, b), right=True),
            "int32": _with_dtype(lambda t, a, b: t.bucketize(a, _several(t, b), out_int32=True)),
            "numbers": lambda t, a, b: t.stack([t.bucketize(each, _several(t, a)) for each in _LIMITS]),
        },
        {"boundaries": (lambda t, a, b: t.bucketize(b, a), ("boundaries", "1", "2"))},
        regimes=("normal", "ties", "integer", "nonfinite"),
        classes=FEATURED,
        grad=False,
    ),
)
