"""Cases of sums, means and extremes over all axes, one axis or several."""

from __future__ import annotations

from typing import Any

from conformance.cases._facts import facts_and_values
from conformance.cases._reduction import ONE, reduction
from conformance.cases._table import FILLED, row

# `all` and `any` are defined over no elements.
_OF_NOTHING = (*FILLED, "empty", "zero")


# More elements than a block of 4,096 holds; and as many rows as a byte cannot number.
_THOUSANDS = {"F": 5000, "N": 300}


def bytes_of(t: Any, a: Any) -> Any:
    """Return 78 for each positive element and 1 for the others, in eight bits."""
    return (a > 0).to(t.int8) * 77 + 1


def halves_of(t: Any, a: Any) -> Any:
    """Return whole numbers above 100 as float16, whose sums are finite and have more than its eleven bits."""
    return (bytes_of(t, a).to(t.float16) + 100).repeat(1, 45)[:, :150]


CASES = (
    reduction(
        "sum", "normal", "cancelling", "tiny", "huge", "integer", "nonfinite", exact=True, large=_THOUSANDS
    ),
    reduction("mean", "normal", "cancelling", "tiny", "nonfinite", exact=False, large=_THOUSANDS),
    reduction(
        "amax", "normal", "integer", "tiny", "ties", "nonfinite", exact=False, classes=FILLED, samples=15
    ),
    reduction(
        "amin", "normal", "integer", "tiny", "ties", "nonfinite", exact=False, classes=FILLED, samples=15
    ),
    # In the regime integer many elements are equal, of which all share the gradient or the first has it.
    *(
        reduction(
            name,
            *("normal", "integer", "tiny", "nonfinite"),
            exact=False,
            classes=FILLED,
            axes=("none",),
            samples=8,
        )
        for name in ("max", "min")
    ),
    *(
        reduction(name, *("normal", "integer", "tiny", "nonfinite"), exact=True, classes=_OF_NOTHING)
        for name in ("any", "all")
    ),
    reduction(
        "argmax", "normal", "huge", "ties", "nonfinite", exact=False, classes=FILLED, axes=ONE, samples=9
    ),
    reduction(
        "argmin", "normal", "huge", "ties", "nonfinite", exact=False, classes=FILLED, axes=ONE, samples=9
    ),
    row(
        "max@dim",
        "NF",
        {
            "max": lambda t, a: t.max(a, 1),
            "min": lambda t, a: a.min(dim=0),
            "keepdim": lambda t, a: a.max(-1, keepdim=True),
            "of two": lambda t, a: t.max(a, a * a),
            "axis": lambda t, a: t.min(a, axis=1, keepdims=True),
        },
        {"dim out of range": (lambda t, a: a.max(5), ("-2", "1", "5"))},
        classes=FILLED,
        regimes=("normal", "ties", "nonfinite"),
    ),
    row(
        "sum@dtype",
        "NF",
        {
            "integers": lambda t, a: (a > 0).sum(1),
            "dtype": lambda t, a: (a > 0).sum(dtype=t.int32),
            "prod": lambda t, a: (a > 0).prod(1),
            "cumsum": lambda t, a: (a > 0).cumsum(0),
            "cumprod": lambda t, a: (bytes_of(t, a) % 5 + 2).repeat(1, 16).cumprod(1),
            "cumprod in place": lambda t, a: facts_and_values(t, bytes_of(t, a).repeat(1, 9).cumprod_(1), a),
            # Times a number of many digits: a mean of zeros and ones may have few.
            "mean": lambda t, a: (a > 0).mean(dtype=a.dtype) * 0.1,
            "bytes": lambda t, a: bytes_of(t, a).repeat(30, 1).sum(0),
            "product of bytes": lambda t, a: (bytes_of(t, a) % 5 + 2).repeat(1, 16).prod(1),
            "cumulated bytes": lambda t, a: bytes_of(t, a).repeat(1, 9).cumsum(1),
            "halves": lambda t, a: facts_and_values(t, halves_of(t, a).sum(1), a),
            "mean of halves": lambda t, a: facts_and_values(t, halves_of(t, a).mean(1), a),
            "halves in float": lambda t, a: facts_and_values(t, halves_of(t, a).sum(dtype=t.float32), a),
        },
        {"mean of integers": (lambda t, a: t.arange(3).mean(), ("Long",))},
        classes=FILLED,
    ),
)
