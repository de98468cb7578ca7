"""Cases of elements read and written by indices in brackets, by rows and by masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._constant import OVERWRITTEN, where
from conformance.cases._table import FEATURED, row
from conformance.cases.case import BadCall, Case, Values
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SIZES = {"N": "batch", "L": "length", "F": "feature"}
_CLASSES = ("small", "one", "empty", "pow2", "wide", "strided", "large")

# The indices, made from the namespace, the batch size, which may be 0 or 1, and the length. Where a slice or
# a new axis stands between two tensors, the axis of their elements comes first in the result.
_INDICES: dict[str, Callable[[Any, int, int], Any]] = {
    "column": lambda t, n, k: (slice(None), 0),
    "time": lambda t, n, k: (slice(None), -1, slice(None)),
    "slice": lambda t, n, k: slice(1, None),
    "step": lambda t, n, k: (..., slice(0, None, 2)),
    "newaxis": lambda t, n, k: (None, ..., None),
    "list": lambda t, n, k: (slice(None), [0, 0, -1]),
    "tensor": lambda t, n, k: (..., t.tensor([0, 0])),
    "grid": lambda t, n, k: (slice(None), t.tensor([[0], [0]]), t.tensor([0, -1])),
    "apart": lambda t, n, k: (t.arange(n), 0, t.zeros(n, dtype=t.int64)),
    "mask": lambda t, n, k: t.arange(n) != 1,
    "between": lambda t, n, k: (t.arange(n), slice(None), t.zeros(n, dtype=t.int64)),
    "new between": lambda t, n, k: (slice(None), t.tensor([0]), None, t.tensor([-1])),
    "new before": lambda t, n, k: (None, t.arange(n).flip(0), ..., t.zeros(n, dtype=t.int64)),
    "grid between": lambda t, n, k: (t.arange(n).reshape(-1, 1), slice(None), t.tensor([[-1, 0]])),
    "mask and positions": lambda t, n, k: (t.arange(n) != 1, slice(None), t.tensor([0])),
    "mask of two axes": lambda t, n, k: t.arange(n * k).reshape(n, k) % 3 != 1,
    "scalar": lambda t, n, k: (..., t.tensor(0)),
}


def _index(t: Any, x: Values) -> Any:
    index = x.call or _INDICES[str(x.config["index"])]
    return index(t, int(x.config["N"]), int(x.config["L"]))


def _getitem(t: Any, x: Values) -> dict[str, Any]:
    return {"output": x["input"][_index(t, x)]}


def _setitem(t: Any, x: Values) -> dict[str, Any]:
    index = _index(t, x)
    # A leaf must not change in place; the product is not a leaf.
    target = x["input"] * 1.5
    before = target.sum() * 2
    target[index] = x["value"][index] if x.config["value"] == "tensor" else 0.5
    return {"output": target, "before": before}


def _case(
    name: str,
    program: Callable[[Any, Values], dict[str, Any]],
    inputs: tuple[str, ...],
    samples: int,
    indices: tuple[str, ...],
    flags: Mapping[str, tuple[str, ...]],
) -> Case:
    return Case(
        name=name,
        space=Space(_SIZES, _CLASSES, ("normal", "nonfinite"), {"index": indices, **flags}),
        inputs=lambda config: {
            each: Input((int(config["N"]), int(config["L"]), int(config["F"]))) for each in inputs
        },
        program=program,
        samples=samples,
        base={"N": 2, "L": 3, "F": 4, "index": "slice", **{key: values[0] for key, values in flags.items()}},
        bad_calls=(
            BadCall("integer out of range", ("7", "0", "2"), call=lambda t, n, k: 7),
            BadCall("too many indices", ("3",), call=lambda t, n, k: (0, 0, 0, 0)),
            BadCall("length of a mask", ("3", "2"), call=lambda t, n, k: t.arange(n + 1) != 1),
            BadCall("list out of range", ("9", "dimension", "3"), call=lambda t, n, k: (slice(None), [9])),
            BadCall("a float as an index", ("indices",), call=lambda t, n, k: 1.5),
        ),
    )


# An element that an index names twice gets one of the two values, and torch does not define which.
_WRITABLE = tuple(name for name in _INDICES if name not in ("list", "tensor", "grid", "grid between"))

CASES = (
    _case("Tensor.__getitem__", _getitem, ("input",), 60, tuple(_INDICES), {}),
    _case("Tensor.__setitem__", _setitem, ("input", "value"), 36, _WRITABLE, {"value": ("tensor", "number")}),
    row(
        "index_select",
        "NF",
        {
            "repeats": lambda t, a: t.index_select(a, 1, t.tensor([0, 0])),
            "first": lambda t, a: a.index_select(0, t.arange(a.shape[0])),
            "one": lambda t, a: a.index_select(-1, t.tensor([0], dtype=t.int32)),
        },
        {
            "rank": (lambda t, a: a.index_select(1, t.tensor([[1]])), ("vector",)),
            "position": (lambda t, a: a.index_select(1, t.tensor([9])), ("9", "4")),
            "dtype": (lambda t, a: a.index_select(1, a[0]), ("int32",)),
        },
        regimes=("normal", "nonfinite"),
        classes=FEATURED,
    ),
    row(
        "index_fill",
        "NF -",
        {
            "number": lambda t, a, b: t.index_fill(a, 1, t.tensor([0, -1]), 2.5),
            "tensor": lambda t, a, b: a.index_fill(0, t.cat([t.arange(-(-len(a) // 2))] * 2), b),
            "in place": lambda t, a, b: (a * 1.5).index_fill_(-1, t.tensor([0]), float("-inf")),
        },
        {
            "rank": (lambda t, a, b: a.index_fill(1, t.tensor([[1]]), 0), ("vector",)),
            "position": (lambda t, a, b: a.index_fill(1, t.tensor([9]), 0), ("9", "4")),
            "dtype": (lambda t, a, b: a.index_fill(1, a[0], 0), ("int64",)),
            "value": (lambda t, a, b: a.index_fill(1, t.tensor([0]), a[0]), ("0-dim", "1")),
        },
        regimes=("normal", "nonfinite"),
        classes=FEATURED,
        # The first and the last of two are both.
        constant={"grad.x0": where(OVERWRITTEN, form="number", F=(1, 2))},
    ),
    row(
        "masked_select",
        "NF F",
        {
            "same": lambda t, a, b: t.masked_select(a, a > 0),
            "broadcast": lambda t, a, b: b.masked_select(a > 0),
        },
        {"mask": (lambda t, a, b: a.masked_select(a), ("BoolTensor",))},
        regimes=("normal", "nonfinite"),
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
)
