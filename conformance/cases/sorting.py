"""Cases of sorted, largest and unique elements, and of the positions of true ones."""

from __future__ import annotations

from typing import Any

from conformance.cases._table import FEATURED, FILLED, row


def _one_of_three(t: Any, a: Any) -> Any:
    """Return three truth values for each element, one of them true, so that something is always found."""
    return t.cat([a > 0, a <= 0, t.isnan(a)])


def _by_argsort(t: Any, a: Any) -> dict[str, Any]:
    indices = t.argsort(a, dim=1, stable=True)
    return {"values": t.gather(a, 1, indices), "indices": indices}


_DIM = ("-2", "1", "5")

CASES = (
    row(
        "sort",
        "NF",
        {
            "values": lambda t, a: t.sort(a),
            "descending": lambda t, a: a.sort(0, descending=True),
            "stable": lambda t, a: t.sort(a, dim=1, stable=True, descending=True),
        },
        {"dim out of range": (lambda t, a: a.sort(5), _DIM)},
        regimes=("normal", "tiny", "nonfinite"),
    ),
    # Of equal elements only a stable sort has an order of its own.
    row(
        "sort@stable",
        "NF",
        {
            "function": lambda t, a: t.sort(a, stable=True),
            "descending": lambda t, a: a.sort(dim=1, descending=True, stable=True),
            "argsort": _by_argsort,
        },
        regimes=("normal", "ties", "zeros"),
    ),
    row(
        "argsort",
        "NF",
        {"function": lambda t, a: t.argsort(a), "method": lambda t, a: a.argsort(0, descending=True)},
        {"dim out of range": (lambda t, a: a.argsort(5), _DIM)},
        regimes=("normal", "nonfinite"),
    ),
    row(
        "topk",
        "NF",
        {
            "largest": lambda t, a: t.topk(a, 1),
            "all": lambda t, a: a.topk(a.shape[0], 0),
            "smallest": lambda t, a: t.topk(a, 2, largest=False) if a.shape[1] > 1 else a.topk(1),
        },
        {"too many": (lambda t, a: a.topk(9), ("k",)), "dim out of range": (lambda t, a: a.topk(1, 5), _DIM)},
        unused={"expanded": "topk leaves the order of equal values open"},
        regimes=("normal", "nonfinite"),
        classes=FEATURED,
    ),
    # Of an even number torch takes the lower middle; not `ties`, where any of equal elements may be taken.
    row(
        "median",
        "NF",
        {
            "all": lambda t, a: t.median(a),
            "last": lambda t, a: a.median(1),
            "kept": lambda t, a: t.median(a, dim=0, keepdim=True),
        },
        {
            "dim out of range": (lambda t, a: a.median(5), _DIM),
            "bools": (lambda t, a: (a > 0).median(), ("Bool",)),
        },
        regimes=("normal", "nonfinite"),
        classes=FILLED,
        unused={"expanded": "which of equal elements is taken is left open"},
    ),
    row(
        "nonzero",
        "NF",
        {
            "function": lambda t, a: t.nonzero(_one_of_three(t, a)),
            "tuple": lambda t, a: t.stack(_one_of_three(t, a).nonzero(as_tuple=True)),
            # Ones, so that something is always found: among few whole numbers all may be zero.
            "numbers": lambda t, a: t.cat([a, t.ones_like(a)]).nonzero(),
        },
        regimes=("normal", "integer", "nonfinite"),
    ),
    row(
        "unique",
        "NF",
        {
            "values": lambda t, a: t.unique(a.round()),
            "counts": lambda t, a: (a > 0).unique(return_counts=True)[1],
            "inverse": lambda t, a: t.unique((a * 2).long(), return_inverse=True, return_counts=True),
            "rows": lambda t, a: (a > 0).long().unique(dim=0),
        },
        classes=FILLED,
        grad=False,
    ),
)
