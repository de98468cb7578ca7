"""Layers: embedding, normalisation, dropout where nothing is random, attention, containers."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from conformance.cases.case import (
    BadCall,
    Built,
    Case,
    LayerProgram,
    Values,
    load,
    of_function,
    of_module,
    parameters_of,
)
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases.case import Config, Tensors
    from conformance.sampling.sample import Scalar

_CLASSES = ("small", "one", "empty", "pow2", "strided", "zero")
_SIZES = {"N": "batch", "L": "length", "F": "feature"}


def _cube(config: Config) -> dict[str, Input]:
    return {"input": Input(tuple(int(config[name]) for name in "NLF"))}


_ROWS = 6
# Row numbers for a batch of n and a length l; by whole numbers, with repeats.
_PLACES: Mapping[str, Callable[[int, int], int]] = {
    "spread": lambda n, k: (5 * n + 2 * k) % _ROWS,
    "equal": lambda n, k: 3,
    "too large": lambda n, k: _ROWS,
    "negative": lambda n, k: -2,
}


def _places(t: Any, config: Config) -> Any:
    n, length = int(config["N"]), int(config["L"])
    place = _PLACES[str(config["places"])]
    numbers = [[place(i, k) for k in range(length)] for i in range(n)]
    dtype = {"int64": t.int64, "int32": t.int32, "float32": t.float32}[str(config["index"])]
    return t.tensor(numbers, dtype=dtype).reshape(n, length)


def _embedding(t: Any, x: Values, config: Config) -> Built:
    places = _places(t, config)
    options = {"padding_idx": None if config["padding"] == "none" else config["padding"]}
    options["scale_grad_by_freq"] = config["by_frequency"]
    given = parameters_of(x)
    if not config["module"]:
        embed = t.nn.functional.embedding
        return Built(lambda data: {"output": embed(places, given["weight"], **options)}, given)
    layer = t.nn.Embedding(_ROWS, int(config["F"]), dtype=x["weight"].dtype, **options)
    return Built(lambda data: {"output": layer(places)}, load(layer, given), layer)


def _one_hot(t: Any, x: Values) -> dict[str, Any]:
    # Multiplied by what has a gradient, so that there is one to compare.
    hot = t.nn.functional.one_hot(_places(t, x.config), x.config["classes"])
    return {"output": hot, "product": hot.to(x["scale"].dtype) * x["scale"]}


def _norm_inputs(config: Config) -> dict[str, Input]:
    shape = tuple(int(config[name]) for name in "NLF")
    own = shape[-int(config["rank"]) :]
    inputs = {"input": Input(shape)}
    if config["affine"] != "none":
        inputs["weight"] = Input(own, weight=True)
    if config["affine"] == "both":
        inputs["bias"] = Input(own, weight=True)
    return inputs


def _layer_norm(t: Any, x: Values, config: Config) -> Built:
    given = parameters_of(x)
    sizes, eps = tuple(int(config[name]) for name in "NLF")[-int(config["rank"]) :], config["eps"]
    module, parameters = None, given
    if config["module"]:
        module = t.nn.LayerNorm(sizes, eps, bool(given), "bias" in given, dtype=x["input"].dtype)
        parameters = load(module, given)

    def call(data: Tensors) -> dict[str, Any]:
        with warnings.catch_warnings():
            # torch's decomposition warns of the variance of an empty batch.
            warnings.simplefilter("ignore", UserWarning)
            if module is not None:
                return {"output": module(data["input"])}
            return {"output": t.nn.functional.layer_norm(data["input"], sizes, eps=eps, **given)}

    return Built(call, parameters, module)


def _dropout_settled(config: Config) -> dict[str, Scalar]:
    # Random results are not compared here: in training only nothing or everything can be dropped.
    return {"training": bool(config["training"]) and config["p"] in {0.0, 1.0}}


def _dropout(t: Any, x: Values, config: Config) -> Built:
    del x
    p, training = config["p"], config["training"]
    if config["module"]:
        return of_module(t.nn.Dropout(p).train(training))
    return Built(lambda data: {"output": t.nn.functional.dropout(data["input"], p, training=training)})


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
        # The first query may look nowhere.
        rows, columns = t.arange(length).reshape(-1, 1), t.arange(other).reshape(1, -1)
        options["attn_mask"] = (rows != 0) & (rows + columns != 3)
    elif kind == "summands":
        # For no query torch returns zeros that do not know of the mask.
        options["attn_mask"] = x["mask"] if config["N"] else x["mask"].detach()
    elif kind == "integers":
        options["attn_mask"] = t.ones(length, other, dtype=t.int64)
    attend = t.nn.functional.scaled_dot_product_attention
    return {"output": attend(x["query"], x["key"], x["value"], **options)}


def _module_dict(t: Any, x: Values) -> dict[str, Any]:
    layers = t.nn.ModuleDict({"a": t.nn.Tanh(), "b": t.nn.Sigmoid()})
    layers["flat"] = t.nn.Flatten(x.config["start"])
    layers.update([("b", t.nn.Identity())])
    out = x["input"]
    for name in layers if x.config["key"] == "all" else [x.config["key"]]:
        out = layers[name](out)
    return {"output": out, "held": t.tensor(len(layers))}


CASES = (
    Case(
        name="nn.Embedding",
        space=Space(
            _SIZES,
            ("small", "one", "empty", "pow2", "long", "strided"),
            ("normal",),
            {
                "places": ("spread", "equal"),
                "index": ("int64", "int32"),
                "padding": ("none", 0, 3, -1),
                "by_frequency": (False, True),
                "module": (True, False),
            },
        ),
        inputs=lambda config: {"weight": Input((_ROWS, int(config["F"])), weight=True)},
        program=LayerProgram(_embedding),
        samples=24,
        base={
            "N": 2,
            "L": 3,
            "F": 4,
            "places": "spread",
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
            ("small", "one", "empty"),
            ("normal",),
            {"places": ("spread", "equal"), "index": ("int64",), "classes": (_ROWS, _ROWS + 2)},
        ),
        inputs=lambda config: {"scale": Input((int(config["classes"]),))},
        program=_one_hot,
        samples=9,
        base={"N": 2, "L": 3, "places": "spread", "index": "int64", "classes": _ROWS},
        bad_calls=(
            BadCall("floats", ("LongTensor",), config={"index": "float32"}),
            BadCall("a negative class", ("non-negative",), config={"places": "negative"}),
            BadCall("a class beyond", ("num_classes",), config={"places": "too large"}),
        ),
    ),
    Case(
        name="nn.LayerNorm",
        space=Space(
            _SIZES,
            # Not one: the variance of one feature is 0, and the gradient is rounding errors only.
            ("small", "empty", "pow2", "wide", "strided", "zero"),
            ("normal", "saturated", "nonfinite"),
            {
                "rank": (1, 2),
                "affine": ("both", "weight", "none"),
                "eps": (1e-5, 1e-2),
                "module": (True, False),
            },
        ),
        inputs=_norm_inputs,
        program=LayerProgram(_layer_norm),
        samples=24,
        base={"N": 2, "L": 3, "F": 4, "rank": 1, "affine": "both", "eps": 1e-5, "module": True},
        bad_calls=(
            BadCall("width of the input", ("4", "5"), shapes={"input": (2, 3, 5)}),
            BadCall(
                "dtype of the weight",
                ("mixed dtype", "Float"),
                {"module": False},
                dtypes={"weight": "float64"},
            ),
        ),
    ),
    Case(
        name="nn.Dropout",
        space=Space(
            _SIZES,
            _CLASSES,
            ("normal", "nonfinite"),
            {"p": (0.5, 0.0, 0.9, 1.0), "training": (False, True), "module": (True, False)},
            settle=_dropout_settled,
        ),
        inputs=_cube,
        program=LayerProgram(_dropout),
        samples=15,
        base={"N": 2, "L": 3, "F": 4, "p": 0.5, "training": False, "module": True},
        bad_calls=(
            BadCall("p above one", ("between 0 and 1", "1.5"), config={"p": 1.5}),
            BadCall("p below zero", ("between 0 and 1", "-0.5"), config={"p": -0.5, "module": False}),
        ),
    ),
    Case(
        name="nn.functional.scaled_dot_product_attention",
        space=Space(
            {"N": "batch", "L": "length", "S": "length", "E": "feature"},
            ("small", "one", "empty", "pow2", "strided"),
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
    Case(
        name="nn.ModuleDict",
        space=Space(_SIZES, _CLASSES, ("normal",), {"key": ("all", "a", "flat"), "start": (1, 0, 2)}),
        inputs=_cube,
        program=_module_dict,
        base={"N": 2, "L": 3, "F": 4, "key": "all", "start": 1},
        bad_calls=(BadCall("a name that is not there", ("missing",), config={"key": "missing"}),),
    ),
    Case(
        name="nn.Flatten",
        space=Space(_SIZES, _CLASSES, ("normal",), {"start": (1, 0, 2, -2), "end": (-1, 2)}),
        inputs=_cube,
        program=LayerProgram(lambda t, x, config: of_module(t.nn.Flatten(config["start"], config["end"]))),
        samples=10,
        base={"N": 2, "L": 3, "F": 4, "start": 1, "end": -1},
        bad_calls=(
            BadCall("an end before the start", ("start_dim", "end_dim"), config={"start": 2, "end": 0}),
        ),
    ),
)
