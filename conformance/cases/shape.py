"""Cases of the same elements in another shape. The results are exact and compared bit for bit."""

from __future__ import annotations

from conformance.cases._table import function, row
from conformance.cases.case import BadCall, Case
from conformance.sampling.space import Space
from conformance.sampling.values import Input

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
    Case(
        name="unsqueeze",
        space=Space(
            {"N": "batch", "L": "length", "F": "feature"},
            ("small", "one", "empty", "pow2", "wide", "strided", "zero", "large"),
            ("normal",),
            {"dim": (0, 1, 2, 3, -1, -4)},
        ),
        inputs=lambda config: {"input": Input(tuple(int(config[name]) for name in "NLF"))},
        program=lambda t, x: {"output": t.unsqueeze(x["input"], x.config["dim"])},
        samples=36,
        base={"N": 2, "L": 3, "F": 4, "dim": 0},
        bad_calls=(BadCall("dim out of range", ("-4", "3", "5"), config={"dim": 5}),),
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
