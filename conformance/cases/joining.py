"""What moves values and computes none: exact in every regime, compared bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.case import BadCall, Case, Values
from conformance.draw import Space
from conformance.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.case import Config

_SIZES = {"N": "batch", "L": "length", "F": "feature"}
_CLASSES = ("small", "one", "empty", "pow2", "wide", "strided")


def _shape(config: Config) -> tuple[int, int, int]:
    return int(config["N"]), int(config["L"]), int(config["F"])


def _cat_inputs(config: Config) -> dict[str, Input]:
    first, second = list(_shape(config)), list(_shape(config))
    second[int(config["dim"])] = int(config["second"])
    return {"first": Input(tuple(first)), "second": Input(tuple(second))}


# What can stand between the brackets. `n` is the batch, which may be 0 or 1.
_INDICES: dict[str, Callable[[Any, int], Any]] = {
    "column": lambda t, n: (slice(None), 0),
    "time": lambda t, n: (slice(None), -1, slice(None)),
    "slice": lambda t, n: slice(1, None),
    "step": lambda t, n: (..., slice(0, None, 2)),
    "newaxis": lambda t, n: (None, ..., None),
    "list": lambda t, n: (slice(None), [0, 0, -1]),
    "tensor": lambda t, n: (..., t.tensor([0, 0])),
    "grid": lambda t, n: (slice(None), t.tensor([[0], [0]]), t.tensor([0, -1])),
    "apart": lambda t, n: (t.arange(n), 0, t.zeros(n, dtype=t.int64)),
    "mask": lambda t, n: t.arange(n) != 1,
    "bad int": lambda t, n: 7,
    "bad rank": lambda t, n: (0, 0, 0, 0),
    "bad mask": lambda t, n: t.arange(n + 1) != 1,
    "bad list": lambda t, n: (slice(None), [9]),
    "bad type": lambda t, n: 1.5,
}


def _getitem(t: Any, x: Values) -> dict[str, Any]:
    n = int(x.config["N"])
    return {"output": x["input"][_INDICES[str(x.config["index"])](t, n)]}


CASES = (
    Case(
        name="cat",
        space=Space(_SIZES, _CLASSES, ("normal",), {"dim": (0, 1, 2, -1, -3), "second": (1, 2, 3, 0)}),
        inputs=_cat_inputs,
        program=lambda t, x: {"output": t.cat([x["first"], x["second"], x["first"]], dim=x.config["dim"])},
        samples=24,
        base={"N": 2, "L": 3, "F": 4, "dim": 0, "second": 2},
        bad_calls=(
            BadCall("sizes off the joined axis", ("3", "5", "dimension 0"), shapes={"second": (2, 5, 4)}),
            BadCall("ranks", ("3", "2"), shapes={"second": (2, 3)}),
        ),
    ),
    Case(
        name="unsqueeze",
        space=Space(_SIZES, _CLASSES, ("normal",), {"dim": (0, 1, 2, 3, -1, -4)}),
        inputs=lambda config: {"input": Input(_shape(config))},
        program=lambda t, x: {"output": t.unsqueeze(x["input"], x.config["dim"])},
        samples=36,
        base={"N": 2, "L": 3, "F": 4, "dim": 0},
        bad_calls=(BadCall("dim out of range", ("-4", "3", "5"), config={"dim": 5}),),
    ),
    Case(
        name="getitem",
        space=Space(
            _SIZES,
            _CLASSES,
            ("normal",),
            {"index": tuple(name for name in _INDICES if not name.startswith("bad"))},
        ),
        inputs=lambda config: {"input": Input(_shape(config))},
        program=_getitem,
        samples=60,
        base={"N": 2, "L": 3, "F": 4, "index": "slice"},
        bad_calls=(
            BadCall("integer out of range", ("7", "0", "2"), config={"index": "bad int"}),
            BadCall("too many indices", ("3",), config={"index": "bad rank"}),
            BadCall("length of a mask", ("3", "2"), config={"index": "bad mask"}),
            BadCall("list out of range", ("9", "dimension", "3"), config={"index": "bad list"}),
            BadCall("a float as an index", ("indices",), config={"index": "bad type"}),
        ),
    ),
)
