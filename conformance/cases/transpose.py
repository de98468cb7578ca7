"""Cases of exchanged or expanded axes. The results are exact and compared bit for bit."""

from __future__ import annotations

from conformance.cases._table import function, method, row

_DIM = ("-3", "2", "5")

CASES = (
    row(
        "permute",
        "NLF",
        {
            "function": lambda t, a: t.permute(a, (2, 0, 1)),
            "method": lambda t, a: a.permute(-1, 0, 1),
            "keyword": lambda t, a: a.permute(dims=(1, 0, 2)),
        },
        {
            "number of dims": (lambda t, a: a.permute(0, 1), ("3", "2")),
            "repeated": (lambda t, a: a.permute(0, 0, 1), ("dims",)),
        },
    ),
    row(
        "transpose",
        "NLF",
        {
            "function": lambda t, a: t.transpose(a, 0, 2),
            "method": lambda t, a: a.transpose(-1, -2),
            "swapaxes": lambda t, a: t.swapaxes(a, 0, 1).swapdims(1, 2),
            "mT": lambda t, a: a.mT,
        },
        {"dim": (lambda t, a: a.transpose(0, 5), _DIM)},
    ),
    row(
        "t",
        "NF",
        {"function": function("t"), "method": method("t"), "T": lambda t, a: a.T},
        {"rank": (lambda t, a: a[None].t(), ("2", "3"))},
    ),
    row(
        "movedim",
        "NLF",
        {
            "one": lambda t, a: t.movedim(a, 0, -1),
            "several": lambda t, a: a.movedim((0, 1), (2, 0)),
            "moveaxis": lambda t, a: t.moveaxis(a, 2, 0),
        },
        {
            "repeated": (lambda t, a: t.movedim(a, (0, 0), (0, 1)), ("source",)),
            "dim": (lambda t, a: a.movedim(5, 0), _DIM),
        },
    ),
    row(
        "Tensor.expand",
        "1F",
        {
            "sizes": lambda t, a: a.expand(3, -1),
            "tuple": lambda t, a: a.expand((2, 3, a.shape[1])),
            "expand_as": lambda t, a: a.expand_as(t.zeros(4, a.shape[1])),
            "broadcast_to": lambda t, a: t.broadcast_to(a, (3, a.shape[1])),
        },
        {
            "sizes": (lambda t, a: a.expand(1, 5), ("4", "5")),
            "too few": (lambda t, a: a.expand(4), ("2", "1")),
        },
    ),
)
