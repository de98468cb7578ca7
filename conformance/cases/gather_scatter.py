"""Cases of elements gathered, written and added by their positions along a dimension."""

from __future__ import annotations

from typing import Any

from conformance.cases._constant import OVERWRITTEN, where
from conformance.cases._table import FEATURED, row


def _rows(t: Any, a: Any) -> Any:
    """Return positions along the last dimension, in the shape of a; no row repeats one."""
    return t.arange(a.numel()).reshape(a.shape).flip(0) % a.shape[-1]


def _columns(t: Any, a: Any) -> Any:
    """Return positions along the first dimension, in the shape of a; no column repeats one."""
    n, f = a.shape
    return (t.arange(n).reshape(-1, 1) + t.arange(1, f + 1)) % max(n, 1)


def turned(t: Any, a: Any) -> Any:
    """Return two layers of a, (N, 2, F), and positions along the middle axis that repeat none."""
    n, f = a.shape
    return t.stack([a, a * 2], 1), (t.arange(n * f).reshape(n, 1, f) + t.arange(2).reshape(1, 2, 1)) % 2


_POSITION = ("9", "dimension 1", "4")

CASES = (
    row(
        "gather",
        "NF",
        {
            "last": lambda t, a: t.gather(a, 1, _rows(t, a)),
            "repeats": lambda t, a: a.gather(1, t.zeros(a.shape[0], 3, dtype=t.int64)),
            "first": lambda t, a: t.gather(a, 0, t.zeros(min(1, a.shape[0]), a.shape[1], dtype=t.int64)),
            "middle": lambda t, a: t.gather(turned(t, a)[0], -2, turned(t, a)[1]),
            "part": lambda t, a: t.gather(a, 1, _rows(t, a)[:, -1:]),
        },
        {
            "position": (lambda t, a: a.gather(1, t.full((2, 1), 9)), _POSITION),
            "size": (lambda t, a: a.gather(1, t.zeros(3, 1, dtype=t.int64)), ("[3, 1]", "[2, 4]")),
            "dtype": (lambda t, a: a.gather(1, a), ("int",)),
            "dim": (lambda t, a: a.gather(5, t.zeros(2, 4, dtype=t.int64)), ("-2", "1", "5")),
        },
        regimes=("normal", "nonfinite"),
        classes=FEATURED,
    ),
    row(
        "scatter",
        "NF NF",
        {
            "tensor": lambda t, a, b: t.scatter(a, 1, _rows(t, a), b),
            "number": lambda t, a, b: a.scatter(1, t.zeros(a.shape[0], 1, dtype=t.int64), 2.5),
            "in place": lambda t, a, b: (a * 1.5).scatter_(1, _rows(t, a), b),
            "first": lambda t, a, b: t.scatter(a, 0, _columns(t, a), b),
            "middle": lambda t, a, b: t.scatter(turned(t, a)[0], -2, turned(t, b)[1], turned(t, b)[0]),
        },
        {
            "position": (lambda t, a, b: a.scatter(1, t.full((2, 1), 9), b), _POSITION),
            "size": (
                lambda t, a, b: a.scatter(1, t.zeros(2, 4, dtype=t.int64), b[:, :1]),
                ("[2, 4]", "[2, 1]"),
            ),
            "dtype": (lambda t, a, b: a.scatter(1, t.zeros(2, 4, dtype=t.int64), b.double()), ("dtype",)),
        },
        regimes=("normal", "nonfinite"),
        classes=FEATURED,
        constant={"grad.x0": where(OVERWRITTEN, form=("tensor", "in place", "first", "middle"))},
    ),
    row(
        "scatter_add",
        "NF NF",
        {
            "once": lambda t, a, b: t.scatter_add(a, 1, _rows(t, a), b),
            "repeats": lambda t, a, b: a.scatter_add(1, t.zeros(a.shape, dtype=t.int64), b),
            "in place": lambda t, a, b: (a * 1.5).scatter_add_(1, _rows(t, a), b),
            "first": lambda t, a, b: t.scatter_add(a, 0, _columns(t, a), b),
            "middle": lambda t, a, b: t.scatter_add(turned(t, a)[0], -2, turned(t, b)[1], turned(t, b)[0]),
        },
        {"position": (lambda t, a, b: a.scatter_add(1, t.full((2, 1), 9), b), _POSITION)},
        regimes=("normal", "nonfinite"),
    ),
)
