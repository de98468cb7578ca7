"""Cases of nn.LSTM, nn.GRU and nn.RNN: every flag, states or none, and equal, packed or single sequences.

`CASES` are the ordinary ones; `call_layer` also serves the relations, which call one module in two forms.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from conformance.cases import _unrolled
from conformance.cases._axes import gates, steps
from conformance.cases._constant import where
from conformance.cases._steps import GATES, WITHOUT
from conformance.cases._unrolled import LAYER_SEAMS, PADDING, is_packed, lengths, projection, settle, sizes
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
from conformance.sampling.space import UNBATCHED, Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases._axes import Axis
    from conformance.cases.case import Config, Tensors
    from conformance.sampling.sample import Scalar


def _weights(kind: str, config: Config) -> dict[str, Input]:
    (layers, directions, width), hidden = sizes(config), int(config["H"])
    rows = len(GATES[kind]) * hidden
    weights = {}
    for layer in range(layers):
        for suffix in (f"l{layer}", f"l{layer}_reverse")[:directions]:
            features = width * directions if layer else int(config["I"])
            weights[f"weight_ih_{suffix}"] = Input((rows, features), fan_in=features, weight=True)
            weights[f"weight_hh_{suffix}"] = Input((rows, width), fan_in=width, weight=True)
            if config["bias"]:
                forget = None if kind == "RNN" else slice(hidden, 2 * hidden)
                weights[f"bias_ih_{suffix}"] = Input((rows,), weight=True, forget=forget)
                weights[f"bias_hh_{suffix}"] = Input((rows,), weight=True)
            if width != hidden:
                weights[f"weight_hr_{suffix}"] = Input((width, hidden), fan_in=hidden, weight=True)
    return weights


def layer_inputs(kind: str, config: Config) -> dict[str, Input]:
    """Return the data and parameters of a recurrent layer, by torch's names."""
    n, length, features = (int(config[name]) for name in "NLI")
    layers, directions, width = sizes(config)
    batch = () if n == UNBATCHED else (n,)
    steps = (*batch, length) if config["batch_first"] else (length, *batch)
    inputs = {"input": Input((*steps, features))}
    if config["states"]:
        inputs["h0"] = Input((layers * directions, *batch, width))
        if kind == "LSTM":
            inputs["c0"] = Input((layers * directions, *batch, int(config["H"])))
    return inputs | _weights(kind, config)


def _axes(kind: str, config: Config) -> dict[str, Axis]:
    """Return the axes of time and of the gates; also of packed sequences, which are padded to L steps."""
    second = bool(config["batch_first"]) and config["N"] != UNBATCHED
    return steps(config, int(second), "output", "grad.input") | gates(kind, config)


def _options(kind: str, config: Config) -> dict[str, Any]:
    layers, directions, _ = sizes(config)
    options = {name: config[name] for name in ("bias", "batch_first")}
    options |= {"num_layers": layers, "bidirectional": directions == 2}
    # Dropout is in evaluation, which ignores it, or has p = 1, which drops everything: no result is random.
    if layers > 1 and config["dropout"] == "eval":
        options["dropout"] = 0.5
    if config["dropout"] == "all":
        options["dropout"] = 1.0
    if kind == "LSTM":
        options["proj_size"] = projection(config)
    if kind == "RNN":
        options["nonlinearity"] = config["nonlinearity"]
    return options


def call_layer(t: Any, layer: Any, data: Tensors, config: Config) -> dict[str, Any]:
    """Call a recurrent module with equal or packed sequences, and return its output and final states.

    Args:
        t: the namespace.
        layer: the module.
        data: `input`, and `h0` and `c0` where states are given.
        config: `form`, `batch_first`, where sequences are packed N and L, and where given `padding`: the
            output after the end of a packed sequence.
    """
    given = [data[name] for name in ("h0", "c0") if name in data]
    given += given[:1] * int(config.get("surplus", 0))
    states = (tuple(given) if len(given) > 1 else given[0]) if given else None
    rnn, first = t.nn.utils.rnn, config["batch_first"]
    if not is_packed(config):
        with warnings.catch_warnings():
            # torch warns once that oneDNN has no projections; it still computes them.
            warnings.filterwarnings("ignore", "LSTM with projections is not supported", UserWarning)
            output, final = layer(data["input"], states)
    else:
        packed = rnn.pack_padded_sequence(
            data["input"], lengths(config), batch_first=first, enforce_sorted=config["form"] == "sorted"
        )
        packed, final = layer(packed, states)
        padding = float(config.get("padding", PADDING))
        output, _ = rnn.pad_packed_sequence(packed, batch_first=first, padding_value=padding)
    finals = final if isinstance(final, tuple) else (final,)
    return {"output": output, **dict(zip(("h_n", "c_n"), finals, strict=False))}


def _layer(kind: str) -> LayerProgram:
    def build(t: Any, x: Values, config: Config) -> Built:
        options = {"input_size": config["I"], "hidden_size": config["H"]} | _options(kind, config)
        options |= x.options
        layer = getattr(t.nn, kind)(**options, dtype=x["weight_ih_l0"].dtype)
        given = {name: value for name, value in parameters_of(x).items() if name != config.get("missing")}
        parameters = load(layer, given)
        if config["dropout"] == "eval":
            layer.eval()
        return of_module(layer, lambda layer, data: call_layer(t, layer, data, config), parameters)

    return LayerProgram(build)


_BASE: Mapping[str, Scalar] = {
    "N": 2,
    "L": 3,
    "I": 3,
    "H": 5,
    "layers": 1,
    "bidirectional": False,
    "batch_first": False,
    "bias": True,
    "states": True,
    "form": "equal",
    "dropout": "none",
}

_BAD = (
    BadCall("width of the input", ("3", "4", "input"), shapes={"input": (3, 2, 4)}),
    BadCall("rank 4 of the input", ("input", "4D"), shapes={"input": (3, 2, 3, 1)}),
    BadCall("rank 1 of the input", ("input", "1D"), shapes={"input": (3,)}),
    BadCall("dtype of the input", ("float64", "float32"), dtypes={"input": "float64"}),
    BadCall("no step", ("0",), shapes={"input": (0, 2, 3)}),
    BadCall("batch of h0", ("hidden", "(1, 2, 5)", "[1, 3, 5]"), shapes={"h0": (1, 3, 5)}),
    BadCall("layers of h0", ("hidden", "(1, 2, 5)", "[2, 2, 5]"), shapes={"h0": (2, 2, 5)}),
    BadCall("width of h0", ("hidden", "(1, 2, 5)", "[1, 2, 6]"), shapes={"h0": (1, 2, 6)}),
    BadCall("rank of h0", ("hx", "3-D", "2-D"), shapes={"h0": (2, 5)}),
    BadCall("dtype of h0", ("Double|dtype|data type",), dtypes={"h0": "float64"}),
    BadCall("width of the packed input", ("3", "4"), {"form": "sorted"}, shapes={"input": (3, 2, 4)}),
    BadCall("no hidden size", ("hidden_size", "zero"), options={"hidden_size": 0}),
    BadCall("input size below zero", ("input_size", "zero"), options={"input_size": -1}),
    BadCall("no layer", ("num_layers", "zero"), options={"num_layers": 0}),
    BadCall("a float as a size", ("hidden_size", "int", "float"), options={"hidden_size": 5.0}),
    BadCall("a number as bias", ("bias", "bool", "int"), options={"bias": 1}),
    BadCall("a number as batch_first", ("batch_first", "bool", "int"), options={"batch_first": 1}),
    BadCall("dropout above 1", ("dropout", "[0, 1]"), options={"dropout": 1.5}),
    BadCall("dropout below 0", ("dropout", "[0, 1]"), options={"dropout": -0.5}),
    BadCall("a missing parameter", ("Missing", "bias_hh_l0"), {"missing": "bias_hh_l0"}),
    BadCall("size of a parameter", ("weight_hh_l0", "[7, 5]"), shapes={"weight_hh_l0": (7, 5)}),
)


_CONSTANT = {
    "grad.weight_hh_l*": where("in one step without given states it is multiplied by 0", states=False, L=1),
    "grad.weight_ih_l[1-9]*": where("all of its input is dropped", dropout="all"),
}


def _case(
    kind: str, flags: Mapping[str, tuple[Scalar, ...]], regimes: tuple[str, ...], *bad: BadCall
) -> Case:
    flags = {
        "layers": (1, 2, 3),
        "bidirectional": (False, True),
        "batch_first": (False, True),
        "bias": (True, True, False),
        "states": (True, True, False),
        "form": ("equal", "sorted", "unsorted"),
        "dropout": ("none", "eval", "all"),
        **flags,
    }
    plain: dict[str, Scalar] = {"N": 1, "L": 2, "layers": 1, "bidirectional": False, "form": "equal"}
    plain |= {"states": True, "dropout": "none"}
    return Case(
        name=f"nn.{kind}",
        space=Space(
            sizes={"N": "batch", "L": "length", "I": "feature", "H": "feature"},
            classes=(
                "small",
                "one",
                "empty",
                "unbatched",
                "pow2",
                "long",
                "wide",
                "strided",
                "square",
                "large",
            ),
            regimes=regimes,
            without=WITHOUT,
            flags=flags,
            large={"N": 20, "L": 140, "I": 130, "H": 130},
            plain=plain | ({"projection": False} if kind == "LSTM" else {}),
            settle=settle,
        ),
        inputs=lambda config: layer_inputs(kind, config),
        program=_layer(kind),
        written_out=LayerProgram(of_function(_unrolled.layer(kind))),
        seams=LAYER_SEAMS[kind],
        # Seven flags: with fewer draws some triples of values are missing, e.g. batch_first without states.
        samples=80,
        several_outputs=True,
        axes=lambda config: _axes(kind, config),
        constant=_CONSTANT,
        base={**_BASE, **{name: values[0] for name, values in flags.items() if name not in _BASE}},
        bad_calls=(*_BAD, *bad),
    )


_NO_PROJECTION = BadCall("a projection", ("proj_size", "LSTM"), options={"proj_size": 2})

CASES = (
    _case(
        "LSTM",
        {"projection": (False, False, True)},
        ("normal", "remembering", "saturated", "steep", "nonfinite"),
        BadCall("batch of c0", ("hidden[1]", "(1, 2, 5)", "[1, 3, 5]"), shapes={"c0": (1, 3, 5)}),
        BadCall("rank of both states", ("2-D, 2-D", "3-D"), shapes={"h0": (2, 5), "c0": (2, 5)}),
        BadCall("three states", ("two hidden states",), {"surplus": 1}),
        BadCall("projection as wide as the state", ("proj_size", "hidden_size"), options={"proj_size": 5}),
        BadCall("projection below zero", ("proj_size",), options={"proj_size": -1}),
    ),
    _case("GRU", {}, ("normal", "remembering", "saturated", "steep", "nonfinite"), _NO_PROJECTION),
    _case(
        "RNN",
        {"nonlinearity": ("tanh", "relu")},
        ("normal", "saturated", "nonfinite"),
        _NO_PROJECTION,
        BadCall("nonlinearity", ("gelu", "tanh", "relu"), {"nonlinearity": "gelu"}),
    ),
)
