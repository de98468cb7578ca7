"""Cases of elements flipped, rolled, repeated or cut out. The results are exact and compared bit for bit."""

from __future__ import annotations

from conformance.cases._constant import where
from conformance.cases._table import function, row

_DIM = ("-3", "2", "5")

CASES = (
    row(
        "Tensor.repeat",
        "NF",
        {
            "same rank": lambda t, a: a.repeat(2, 3),
            "more": lambda t, a: a.repeat((2, 1, 2)),
            "none": lambda t, a: a.repeat(0, 1),
        },
        {"too few": (lambda t, a: a.repeat(2), ("repeat",))},
        constant={"grad.x0": where("it is repeated no time", form="none")},
    ),
    row(
        "repeat_interleave",
        "NF",
        {
            "all": lambda t, a: t.repeat_interleave(a, 2),
            "one": lambda t, a: a.repeat_interleave(3, dim=-1),
            "each": lambda t, a: t.repeat_interleave(a, t.arange(a.shape[0]), dim=0),
            "positions": lambda t, a: t.repeat_interleave(t.tensor([2, 0, 1])) * a.sum(),
            "size": lambda t, a: a.repeat_interleave(t.tensor([2]), 0, output_size=2 * a.shape[0]),
        },
        {
            "number of repeats": (lambda t, a: a.repeat_interleave(t.tensor([1, 2, 3]), 0), ("3", "2")),
            "negative": (lambda t, a: a.repeat_interleave(-1), ("negative",)),
            "dim": (lambda t, a: a.repeat_interleave(2, 5), ("-2", "1", "5")),
        },
    ),
    row(
        "flip",
        "NLF",
        {
            "one": lambda t, a: t.flip(a, (1,)),
            "several": lambda t, a: a.flip(0, -1),
            "none": lambda t, a: a.flip(()),
        },
        {"dim": (lambda t, a: a.flip(5), _DIM), "repeated": (lambda t, a: a.flip(1, 1), ("1",))},
    ),
    row(
        "roll",
        "NLF",
        {
            "one": lambda t, a: t.roll(a, 1, 0),
            "several": lambda t, a: a.roll((2, -1), (1, 2)),
            "flat": lambda t, a: a.roll(5),
        },
        {"numbers": (lambda t, a: a.roll((1, 2), 0), ("2", "1")), "dim": (lambda t, a: a.roll(1, 5), _DIM)},
    ),
    row(
        "tril",
        "NLF",
        {
            "main": function("tril"),
            "below": lambda t, a: a.tril(-1),
            "above": lambda t, a: t.tril(a, diagonal=1),
        },
        {"rank": (lambda t, a: a[0, 0].tril(), ("2",))},
        regimes=("normal", "nonfinite"),
    ),
    row(
        "triu",
        "NLF",
        {
            "main": function("triu"),
            "below": lambda t, a: a.triu(-1),
            "above": lambda t, a: t.triu(a, diagonal=1),
        },
        {"rank": (lambda t, a: a[0, 0].triu(), ("2",))},
        regimes=("normal", "nonfinite"),
    ),
    row(
        "diagonal",
        "NLF",
        {
            "main": function("diagonal"),
            "offset": lambda t, a: a.diagonal(1, 1, 2),
            "below": lambda t, a: t.diagonal(a, offset=-1, dim1=-2, dim2=0),
        },
        {
            "same dims": (lambda t, a: a.diagonal(0, 1, 1), ("1, 1",)),
            "dim": (lambda t, a: a.diagonal(0, 0, 5), _DIM),
        },
        classes=("small", "one", "strided"),
    ),
)
