"""Cases of scaled dot-product attention, with every kind of mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.case import BadCall, Case, LayerProgram, Values, of_function
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from conformance.cases.case import Config


def _attention_inputs(config: Config) -> dict[str, Input]:
    n, length, other, width = (int(config[name]) for name in "NLSE")
    heads, shared = (2, 1) if config["grouped"] else (2, 2)
    inputs = {
        "query": Input((n, heads, length, width)),
        "key": Input((n, shared, other, width)),
        "value": Input((n, shared, other, width + 1)),
    }
    return inputs | ({"mask": Input((length, other))} if config["mask"] == "summands" else {})


def _attention(t: Any, x: Values) -> dict[str, Any]:
    config, kind = x.config, x.config["mask"]
    options: dict[str, Any] = {"is_causal": kind in {"causal", "both"}, "enable_gqa": config["grouped"]}
    if config["scale"] != "root":
        options["scale"] = config["scale"]
    length, other = x["query"].shape[-2], x["key"].shape[-2]
    if kind in {"allowed", "both"}:
        # For the first query all keys are masked.
        rows, columns = t.arange(length).reshape(-1, 1), t.arange(other).reshape(1, -1)
        options["attn_mask"] = (rows != 0) & (rows + columns != 3)
    elif kind == "summands":
        # For no query torch returns zeros whose graph does not reach the mask.
        options["attn_mask"] = x["mask"] if config["N"] else x["mask"].detach()
    elif kind == "integers":
        options["attn_mask"] = t.ones(length, other, dtype=t.int64)
    attend = t.nn.functional.scaled_dot_product_attention
    return {"output": attend(x["query"], x["key"], x["value"], **options)}


CASES = (
    Case(
        name="nn.functional.scaled_dot_product_attention",
        space=Space(
            {"N": "batch", "L": "length", "S": "length", "E": "feature"},
            ("small", "one", "empty", "pow2", "strided", "large"),
            # Not nonfinite: where NaN or inf is masked, one of torch's kernels adds the mask, one skips it.
            ("normal", "saturated"),
            {
                "mask": ("none", "causal", "allowed", "summands"),
                "scale": ("root", 0.5, 2.0),
                "grouped": (False, False, True),
            },
        ),
        inputs=_attention_inputs,
        program=LayerProgram(of_function(_attention)),
        samples=20,
        base={"N": 2, "L": 3, "S": 4, "E": 5, "mask": "none", "scale": "root", "grouped": False},
        bad_calls=(
            BadCall("width of the keys", ("5", "6"), shapes={"key": (2, 2, 4, 6)}),
            BadCall("lengths of keys and values", ("4", "7"), shapes={"value": (2, 2, 7, 6)}),
            BadCall("two masks", ("attn_mask", "is_causal"), config={"mask": "both"}),
            BadCall("a mask of integers", ("attn_mask", "query"), config={"mask": "integers"}),
            BadCall("dtypes", ("query", "key", "value"), dtypes={"key": "float64"}),
        ),
    ),
)
