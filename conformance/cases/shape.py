"""The same elements in another shape or order: exact, compared bit for bit."""

from __future__ import annotations

from conformance.cases._table import FEATURED, function, method, row

_DIM = ("-3", "2", "5")

CASES = (
    row(
        "reshape",
        "NLF",
        {
            "inferred": lambda t, a: t.reshape(a, (-1, 1)) if a.numel() else a.reshape(0, 1),
            "method": lambda t, a: a.reshape(a.shape[1], a.shape[0], a.shape[2]),
            "keyword": lambda t, a: a.reshape(shape=(a.numel(),)),
            "transposed": lambda t, a: a.transpose(0, 2).reshape(a.numel()),
        },
        {
            "numbers of elements": (lambda t, a: a.reshape(7), ("7", "24")),
            "two unknown": (lambda t, a: a.reshape(-1, -1), ("one",)),
        },
    ),
    row(
        "Tensor.view",
        "NLF",
        {
            "sizes": lambda t, a: a.contiguous().view(a.shape[0] * a.shape[1], a.shape[2]),
            "tuple": lambda t, a: a.contiguous().view((a.numel(),)),
            "view_as": lambda t, a: a.contiguous().view_as(t.zeros(a.numel())),
            "reshape_as": lambda t, a: a.reshape_as(t.zeros(a.numel())),
            "keyword": lambda t, a: a.contiguous().view(size=(a.shape[0], -1)) if a.numel() else a,
        },
        {
            "numbers of elements": (lambda t, a: a.view(7), ("7", "24")),
            "no such view": (lambda t, a: a.transpose(0, 2).view(-1), ("reshape",)),
        },
    ),
    row(
        "flatten",
        "NLF",
        {
            "all": function("flatten"),
            "last": lambda t, a: a.flatten(1),
            "first": lambda t, a: t.flatten(a, 0, 1),
            "ravel": lambda t, a: t.ravel(a),
        },
        {
            "end before start": (lambda t, a: a.flatten(2, 1), ("start_dim", "end_dim")),
            "dim": (lambda t, a: a.flatten(5), _DIM),
        },
    ),
    row(
        "unflatten",
        "NLF",
        {
            "function": lambda t, a: t.unflatten(a, 1, (a.shape[1], 1)),
            "method": lambda t, a: a.unflatten(-1, (1, -1)),
        },
        {"sizes": (lambda t, a: a.unflatten(2, (3, 5)), ("[3, 5]", "4"))},
    ),
    row(
        "squeeze",
        "N1F1",
        {
            "all": function("squeeze"),
            "one": lambda t, a: a.squeeze(1),
            "several": lambda t, a: a.squeeze((1, -1)),
            "not of size 1": lambda t, a: t.squeeze(a, 2),
        },
        {"dim": (lambda t, a: a.squeeze(5), ("-4", "3", "5"))},
    ),
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
    row(
        "Tensor.repeat",
        "NF",
        {
            "same rank": lambda t, a: a.repeat(2, 3),
            "more": lambda t, a: a.repeat((2, 1, 2)),
            "none": lambda t, a: a.repeat(0, 1),
        },
        {"too few": (lambda t, a: a.repeat(2), ("repeat",))},
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
    row(
        "narrow",
        "NLF",
        {"function": lambda t, a: t.narrow(a, 1, 0, 1), "method": lambda t, a: a.narrow(-1, -1, 1)},
        {
            "too long": (lambda t, a: a.narrow(1, 1, 3), ("1", "3")),
            "start": (lambda t, a: a.narrow(1, 9, 1), ("-3", "3", "9")),
        },
        classes=FEATURED,
    ),
    row(
        "clone",
        "NLF",
        {
            "function": function("clone"),
            "contiguous": lambda t, a: a.transpose(0, 1).contiguous(),
            "detach": lambda t, a: a.detach() * a,
            "data": lambda t, a: a.data + a,
            "to": lambda t, a: a.to(t.float64).type_as(a),
            "itself": lambda t, a: a.to(a.dtype).cpu(),
        },
    ),
)
