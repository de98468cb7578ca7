"""Layers that a case calls as often as it likes: what each is given, what it shows, where its batch lies."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.cases._unrolled import projection, sizes
from conformance.cases.cells import cell_inputs
from conformance.cases.recurrent import layer_inputs
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases.case import Config
    from conformance.sampling.sample import Scalar

    Tensors = Mapping[str, Any]
    Shapes = Mapping[str, tuple[int, ...]]


class Built(NamedTuple):
    """One layer with its parameters loaded.

    Attributes:
        call: from data by name to outputs by name.
        parameters: the layer's own, by name.
        module: the layer itself, where it is one.
    """

    call: Callable[[Tensors], dict[str, Any]]
    parameters: Tensors
    module: Any = None


@dataclass(frozen=True)
class Layer:
    """What a case must know of a layer to call it more than once.

    Attributes:
        name: its public name.
        sizes: as in `Space`.
        inputs: from settings to the arrays: data and parameters.
        outputs: from settings to the shapes of what it shows.
        build: from a namespace, the tensors and the settings to the layer.
        flags: as in `Space`.
        regimes: as in `Space`.
        axis: which axis of a named tensor counts the batch.
        fixed: settings that its inputs and options ask for and that do not vary here.
    """

    name: str
    sizes: Mapping[str, str]
    inputs: Callable[[Config], Mapping[str, Input]]
    outputs: Callable[[Config], Shapes]
    build: Callable[[Any, Tensors, Config], Built]
    flags: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    regimes: tuple[str, ...] = ("normal",)
    axis: Callable[[str, Config], int] = lambda name, config: 0
    fixed: Mapping[str, Scalar] = field(default_factory=dict)


def is_parameter(name: str) -> bool:
    """Whether an array of that name is learned, or else data."""
    return name.startswith(("weight", "bias"))


def _loaded(module: Any, tensors: Tensors) -> tuple[Any, Tensors]:
    names = [name for name in tensors if is_parameter(name)]
    module.load_state_dict({name: tensors[name].detach() for name in names})
    return module, {name: getattr(module, name) for name in names}


def _states(data: Tensors) -> Any:
    given = tuple(data[name] for name in ("h0", "c0") if name in data)
    return given if len(given) > 1 else (given[0] if given else None)


def final_states(final: Any) -> dict[str, Any]:
    """Name what a recurrent layer returns beside its output."""
    return dict(zip(("h_n", "c_n"), final if isinstance(final, tuple) else (final,), strict=False))


def _recurrent(kind: str, t: Any, tensors: Tensors, config: Config) -> Built:
    layers, directions, _ = sizes(config)
    options = {"bias": config["bias"], "batch_first": config["batch_first"]}
    options |= {"num_layers": layers, "bidirectional": directions == 2}
    options |= {"proj_size": projection(config)} if kind == "LSTM" else {}
    options |= {"nonlinearity": config["nonlinearity"]} if kind == "RNN" else {}
    dtype = tensors["weight_ih_l0"].dtype
    module, parameters = _loaded(
        getattr(t.nn, kind)(config["I"], config["H"], **options, dtype=dtype), tensors
    )

    def call(data: Tensors) -> dict[str, Any]:
        with warnings.catch_warnings():
            # torch says once that oneDNN has no projections; it computes them all the same.
            warnings.filterwarnings("ignore", "LSTM with projections is not supported", UserWarning)
            output, final = module(data["input"], _states(data))
        return {"output": output, **final_states(final)}

    return Built(call, parameters, module)


def _recurrent_outputs(kind: str, config: Config) -> Shapes:
    n, length, hidden = (int(config[name]) for name in "NLH")
    layers, directions, width = sizes(config)
    steps = (n, length) if config["batch_first"] else (length, n)
    shapes = {"output": (*steps, directions * width), "h_n": (layers * directions, n, width)}
    return shapes | ({"c_n": (layers * directions, n, hidden)} if kind == "LSTM" else {})


def _recurrent_axis(name: str, config: Config) -> int:
    return 0 if config["batch_first"] and name in {"input", "output"} else 1


def _cell(kind: str, t: Any, tensors: Tensors, config: Config) -> Built:
    options = {"nonlinearity": config["nonlinearity"]} if kind == "RNN" else {}
    dtype = tensors["weight_ih"].dtype
    module, parameters = _loaded(
        getattr(t.nn, f"{kind}Cell")(config["I"], config["H"], **options, dtype=dtype), tensors
    )

    def call(data: Tensors) -> dict[str, Any]:
        step = module(data["input"], _states(data))
        return {"h": step[0], "c": step[1]} if kind == "LSTM" else {"h": step}

    return Built(call, parameters, module)


def _cell_outputs(kind: str, config: Config) -> Shapes:
    return dict.fromkeys("hc" if kind == "LSTM" else "h", (int(config["N"]), int(config["H"])))


def _cube(config: Config) -> tuple[int, ...]:
    return tuple(int(config[name]) for name in "NLF")


def _module(make: Callable[[Any, Config, Any], Any], t: Any, tensors: Tensors, config: Config) -> Built:
    module, parameters = _loaded(make(t, config, tensors["input"].dtype), tensors)
    return Built(lambda data: {"output": module(data["input"])}, parameters, module)


def _linear_inputs(config: Config) -> dict[str, Input]:
    features, out = int(config["F"]), int(config["O"])
    return {
        "input": Input(_cube(config)),
        "weight": Input((out, features), fan_in=features, weight=True),
        "bias": Input((out,), weight=True),
    }


def _norm_inputs(config: Config) -> dict[str, Input]:
    own = (int(config["F"]),)
    return {"input": Input(_cube(config))} | {name: Input(own, weight=True) for name in ("weight", "bias")}


def _attention_inputs(config: Config) -> dict[str, Input]:
    n, length, other, width = (int(config[name]) for name in "NLSE")
    given = {"query": (length, width), "key": (other, width), "value": (other, width + 1)}
    return {name: Input((n, 2, *shape)) for name, shape in given.items()}


def _attention(t: Any, tensors: Tensors, config: Config) -> Built:
    del tensors
    attend = t.nn.functional.scaled_dot_product_attention
    causal = bool(config["causal"])
    return Built(
        lambda data: {"output": attend(data["query"], data["key"], data["value"], is_causal=causal)}, {}
    )


def _recurrent_layer(kind: str, flags: Mapping[str, tuple[Scalar, ...]], *regimes: str) -> Layer:
    return Layer(
        f"nn.{kind}",
        {"N": "batch", "L": "length", "I": "feature", "H": "feature"},
        partial(layer_inputs, kind),
        partial(_recurrent_outputs, kind),
        partial(_recurrent, kind),
        {
            "layers": (1, 2),
            "bidirectional": (False, True),
            "batch_first": (False, True),
            "states": (True, False),
            **flags,
        },
        ("normal", *regimes),
        _recurrent_axis,
        {"bias": True},
    )


def _cell_layer(kind: str, flags: Mapping[str, tuple[Scalar, ...]]) -> Layer:
    return Layer(
        f"nn.{kind}Cell",
        {"N": "batch", "I": "feature", "H": "feature"},
        partial(cell_inputs, kind),
        partial(_cell_outputs, kind),
        partial(_cell, kind),
        {"states": (True, False), **flags},
        fixed={"bias": True},
    )


RECURRENT = (
    _recurrent_layer("LSTM", {"projection": (False, True)}, "remembering"),
    _recurrent_layer("GRU", {}),
    _recurrent_layer("RNN", {"nonlinearity": ("tanh", "relu")}),
)
CELLS = (
    _cell_layer("LSTM", {}),
    _cell_layer("GRU", {}),
    _cell_layer("RNN", {"nonlinearity": ("tanh", "relu")}),
)
LINEAR = Layer(
    "nn.Linear",
    {"N": "batch", "L": "length", "F": "feature", "O": "feature"},
    _linear_inputs,
    lambda config: {"output": (*_cube(config)[:2], int(config["O"]))},
    partial(_module, lambda t, config, dtype: t.nn.Linear(config["F"], config["O"], dtype=dtype)),
)
NORM = Layer(
    "nn.LayerNorm",
    {"N": "batch", "L": "length", "F": "feature"},
    _norm_inputs,
    lambda config: {"output": _cube(config)},
    partial(_module, lambda t, config, dtype: t.nn.LayerNorm(config["F"], dtype=dtype)),
)
ATTENTION = Layer(
    "nn.functional.scaled_dot_product_attention",
    {"N": "batch", "L": "length", "S": "length", "E": "feature"},
    _attention_inputs,
    lambda config: {"output": (int(config["N"]), 2, int(config["L"]), int(config["E"]) + 1)},
    _attention,
    {"causal": (False, True)},
)
LAYERS = (*RECURRENT, *CELLS, LINEAR, NORM, ATTENTION)
