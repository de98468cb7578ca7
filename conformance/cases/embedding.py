"""Cases of embeddings and one-hot vectors of row numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._use import EVERY_USE
from conformance.cases.case import BadCall, Built, Case, LayerProgram, Values, load, of_module, parameters_of
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases.case import Config

_ROWS = 6
# More rows than a byte can number.
_MANY = 300
# Row numbers for a place in a batch of n and a length l; by whole numbers, with repeats.
_PLACES: Mapping[str, Callable[[int, int, int], int]] = {
    "spread": lambda rows, n, k: (rows // 2 + 77 * n + 38 * k) % rows,
    "equal": lambda rows, n, k: rows - 3,
    "too large": lambda rows, n, k: rows,
    "negative": lambda rows, n, k: -2,
}


def row_numbers(config: Config) -> list[list[int]]:
    """Return the row that each place of a sample names."""
    rows, place = int(config.get("rows", _ROWS)), _PLACES[str(config["places"])]
    return [[place(rows, i, k) for k in range(int(config["L"]))] for i in range(int(config["N"]))]


def _places(t: Any, config: Config) -> Any:
    n, length = int(config["N"]), int(config["L"])
    shape = {1: (n * length,), 2: (n, length), 3: (length, n, 1)}[int(config["rank"])]
    dtype = {"int64": t.int64, "int32": t.int32, "float32": t.float32}[str(config["index"])]
    return t.tensor(row_numbers(config), dtype=dtype).reshape(shape)


def _embedding(t: Any, x: Values, config: Config) -> Built:
    places = _places(t, config)
    options = {"padding_idx": None if config["padding"] == "none" else config["padding"]}
    options["scale_grad_by_freq"] = config["by_frequency"]
    given = parameters_of(x)
    if not config["module"]:
        embed = t.nn.functional.embedding
        return Built(lambda data: {"output": embed(places, given["weight"], **options)}, given)
    layer = t.nn.Embedding(config["rows"], int(config["F"]), dtype=x["weight"].dtype, **options)
    return of_module(layer, lambda layer, data: {"output": layer(places)}, load(layer, given))


def _one_hot(t: Any, x: Values) -> dict[str, Any]:
    # Multiplied by a tensor that needs a gradient, so that there is one to compare.
    hot = t.nn.functional.one_hot(_places(t, x.config), x.config["classes"])
    return {"output": hot, "product": hot.to(x["scale"].dtype) * x["scale"]}


def _padding_only(config: Config) -> str | None:
    rows, padding = int(config["rows"]), config["padding"]
    named = {place for places in row_numbers(config) for place in places}
    only = padding != "none" and named <= {int(padding) % rows}
    return "every place names the padding row, which does not learn" if only else None


CASES = (
    Case(
        name="nn.Embedding",
        space=Space(
            {"N": "batch", "L": "length", "F": "feature"},
            ("small", "one", "empty", "pow2", "long", "strided", "large"),
            ("normal",),
            {
                "places": ("spread", "equal"),
                "rank": (2, 1, 3),
                "rows": (_ROWS, _ROWS, _MANY),
                "index": ("int64", "int32"),
                "padding": ("none", 0, 3, -1),
                "by_frequency": (False, True),
                "module": (True, False),
            },
        ),
        inputs=lambda config: {"weight": Input((int(config["rows"]), int(config["F"])), weight=True)},
        program=LayerProgram(_embedding),
        samples=24,
        unused={EVERY_USE: _padding_only},
        base={
            "N": 2,
            "L": 3,
            "F": 4,
            "places": "spread",
            "rank": 2,
            "rows": _ROWS,
            "index": "int64",
            "padding": "none",
            "by_frequency": False,
            "module": True,
        },
        bad_calls=(
            BadCall("a row that is not there", ("index",), config={"places": "too large"}),
            BadCall("a negative row", ("index",), config={"places": "negative"}),
            BadCall("floating rows", ("indices", "Long", "Float"), config={"index": "float32"}),
            BadCall("a padding row that is not there", ("adding_idx",), config={"padding": 9}),
        ),
    ),
    Case(
        name="nn.functional.one_hot",
        space=Space(
            {"N": "batch", "L": "length"},
            ("small", "one", "empty", "pow2", "large"),
            ("normal",),
            {
                "places": ("spread",),
                "rank": (2, 1, 3),
                "index": ("int64",),
                "classes": (_ROWS, _ROWS + 2),
            },
        ),
        inputs=lambda config: {"scale": Input((int(config["classes"]),))},
        program=_one_hot,
        samples=12,
        base={"N": 2, "L": 3, "places": "spread", "rank": 2, "index": "int64", "classes": _ROWS},
        bad_calls=(
            BadCall("floats", ("LongTensor",), config={"index": "float32"}),
            BadCall("a negative class", ("non-negative",), config={"places": "negative"}),
            BadCall("a class beyond", ("num_classes",), config={"places": "too large"}),
        ),
    ),
)
