"""Cases of tensors joined and split. The results are exact and compared bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.cases._table import FEATURED, row
from conformance.cases.case import BadCall, Case
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from conformance.cases.case import Config

_SIZES = {"N": "batch", "L": "length", "F": "feature"}
_CLASSES = ("small", "one", "empty", "pow2", "wide", "strided", "zero", "large")


def _cat_inputs(config: Config) -> dict[str, Input]:
    first = [int(config[name]) for name in "NLF"]
    second = list(first)
    second[int(config["dim"])] = int(config["second"])
    return {"first": Input(tuple(first)), "second": Input(tuple(second))}


CASES = (
    Case(
        name="cat",
        space=Space(
            _SIZES, _CLASSES, ("normal", "nonfinite"), {"dim": (0, 1, 2, -1, -3), "second": (1, 2, 3, 0)}
        ),
        inputs=_cat_inputs,
        program=lambda t, x: {"output": t.cat([x["first"], x["second"], x["first"]], dim=x.config["dim"])},
        samples=24,
        base={"N": 2, "L": 3, "F": 4, "dim": 0, "second": 2},
        bad_calls=(
            BadCall("sizes off the joined axis", ("3", "5", "dimension 0"), shapes={"second": (2, 5, 4)}),
            BadCall("ranks", ("3", "2"), shapes={"second": (2, 3)}),
        ),
    ),
    row(
        "stack",
        "NF NF",
        {
            "first": lambda t, a, b: t.stack([a, b]),
            "last": lambda t, a, b: t.stack((a, b, a), -1),
            "axis": lambda t, a, b: t.stack([a, b], axis=1),
        },
        {
            "sizes": (lambda t, a, b: t.stack([a, b[:1]]), ("[2, 4]", "[1, 4]")),
            "none": (lambda t, a, b: t.stack([]), ("non-empty",)),
            "dim": (lambda t, a, b: t.stack([a, b], 5), ("-3", "2", "5")),
        },
    ),
    row(
        "hstack",
        "NF NF F",
        {
            "matrices": lambda t, a, b, c: t.hstack([a, b]),
            "vectors": lambda t, a, b, c: t.hstack((c, c[0], c)),
        },
        {"ranks": (lambda t, a, b, c: t.hstack([c, a]), ("1", "2"))},
        classes=FEATURED,
    ),
    row(
        "vstack",
        "NF NF F",
        {"matrices": lambda t, a, b, c: t.vstack([a, b]), "vectors": lambda t, a, b, c: t.vstack((a, c))},
        {"sizes": (lambda t, a, b, c: t.vstack([a, c[:3]]), ("4", "3"))},
    ),
    row(
        "concat",
        "NF NF",
        {
            "concat": lambda t, a, b: t.concat([a, b], 1),
            "concatenate": lambda t, a, b: t.concatenate([a, b], axis=0),
            "promoted": lambda t, a, b: t.cat([a > 0, b]),
        },
        {"0-dim": (lambda t, a, b: t.cat([a, b.sum()]), ("zero-dim", "1"))},
    ),
    row(
        "split",
        "NLF",
        {
            "size": lambda t, a: t.split(a, 2, 2),
            "sizes": lambda t, a: a.split([1, a.shape[1] - 1], dim=1),
            "one of them": lambda t, a: a.split(1, -1)[-1],
        },
        {
            "sum of sizes": (lambda t, a: a.split([1, 5], 1), ("3", "[1, 5]")),
            "negative": (lambda t, a: a.split(-1), ("-1",)),
        },
    ),
    row(
        "chunk",
        "NLF",
        {"two": lambda t, a: t.chunk(a, 2, 2), "method": lambda t, a: a.chunk(3, dim=-1)},
        {"none": (lambda t, a: a.chunk(0), ("0",)), "dim": (lambda t, a: a.chunk(2, 5), ("-3", "2", "5"))},
    ),
    row(
        "unbind",
        "NLF",
        {
            "last": lambda t, a: t.unbind(a, -1),
            "one of them": lambda t, a: a.unbind(1)[0],
            "iterated": lambda t, a: [*a.transpose(0, 1)],
        },
        {"dim": (lambda t, a: a.unbind(5), ("-3", "2", "5"))},
    ),
)
