"""Cases of scaled dot-product attention, with every kind of mask."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from conformance.cases._constant import where
from conformance.cases.case import BadCall, Case, LayerProgram, Values, of_function
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases.case import Config

# The heads of the queries, and of the keys and values; without an axis of heads, three dimensions are left.
_HEADS: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "2 on 2": ((2,), (2,)),
    "2 on 1": ((2,), (1,)),
    "4 on 2": ((4,), (2,)),
    "none": ((), ()),
}


def _attention_inputs(config: Config) -> dict[str, Input]:
    n, length, other, width = (int(config[name]) for name in "NLSE")
    of_query, of_key = _HEADS[str(config["heads"])]
    inputs = {
        "query": Input((n, *of_query, length, width)),
        "key": Input((n, *of_key, other, width)),
        "value": Input((n, *of_key, other, width + 1)),
    }
    shape = {"summands": (length, other), "summands by batch": (n, *(1 for _ in of_query), length, other)}
    return inputs | ({"mask": Input(shape[config["mask"]])} if config["mask"] in shape else {})


def _alternating(t: Any, *shape: int) -> Any:
    """Return truth values of which no two neighbouring rows are alike."""
    count = prod(shape)
    return (t.arange(count) % 7 % 3 != 1).reshape(shape)


def _masked(t: Any, x: Values) -> Any:
    """Return the mask, if there is one beside the causal mask."""
    kind, query, other = x.config["mask"], x["query"], x["key"].shape[-2]
    n, *heads, length = query.shape[:-1]
    if kind in {"allowed", "both"}:
        # For the first query all keys are masked.
        rows, columns = t.arange(length).reshape(-1, 1), t.arange(other).reshape(1, -1)
        return (rows != 0) & (rows + columns != 3)
    if kind == "padding":
        return _alternating(t, n, *(1 for _ in heads), 1, other)
    if kind == "by head":
        return _alternating(t, *(heads or [n]), length, other)
    if kind in {"summands", "summands by batch"}:
        # For no query torch returns zeros whose graph does not reach the mask.
        return x["mask"] if n else x["mask"].detach()
    return t.ones(length, other, dtype=t.int64) if kind == "integers" else None


def _attention(t: Any, x: Values) -> dict[str, Any]:
    config, kind = x.config, x.config["mask"]
    of_query, of_key = _HEADS[str(config["heads"])]
    options: dict[str, Any] = {"is_causal": kind in {"causal", "both"}, "enable_gqa": of_query != of_key}
    if config["scale"] != "root":
        options["scale"] = config["scale"]
    mask = _masked(t, x)
    if mask is not None:
        options["attn_mask"] = mask
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
                "mask": ("none", "causal", "allowed", "padding", "by head", "summands", "summands by batch"),
                "scale": ("root", 0.5, 2.0),
                "heads": tuple(_HEADS),
            },
        ),
        inputs=_attention_inputs,
        program=LayerProgram(of_function(_attention)),
        constant=dict.fromkeys(
            ("grad.query", "grad.key", "grad.mask"), where("a softmax over one key is 1 for any scores", S=1)
        ),
        samples=28,
        base={"N": 2, "L": 3, "S": 4, "E": 5, "mask": "none", "scale": "root", "heads": "2 on 2"},
        bad_calls=(
            BadCall("width of the keys", ("5", "6"), shapes={"key": (2, 2, 4, 6)}),
            BadCall("lengths of keys and values", ("4", "7"), shapes={"value": (2, 2, 7, 6)}),
            BadCall("two masks", ("attn_mask", "is_causal"), config={"mask": "both"}),
            BadCall("a mask of integers", ("attn_mask", "query"), config={"mask": "integers"}),
            BadCall("dtypes", ("query", "key", "value"), dtypes={"key": "float64"}),
        ),
    ),
)
