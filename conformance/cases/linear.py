"""Cases of nn.Linear, with vectors, matrices and stacks of them, and of nn.Identity."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from conformance.cases._table import plain_module
from conformance.cases.case import BadCall, Built, Case, LayerProgram, Values, load, parameters_of
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from conformance.cases.case import Config, Tensors


def _linear_shape(config: Config) -> tuple[int, ...]:
    n, length, i = (int(config[name]) for name in ("N", "L", "I"))
    return {1: (i,), 2: (n, i), 3: (n, length, i)}[int(config["rank"])]


def _linear_inputs(config: Config) -> dict[str, Input]:
    i, o = int(config["I"]), int(config["O"])
    inputs = {
        "input": Input(_linear_shape(config), pairs=True),
        "weight": Input((o, i), fan_in=i, weight=True),
    }
    return inputs | ({"bias": Input((o,), weight=True)} if config["bias"] else {})


def _build(t: Any, x: Values, config: Config) -> Built:
    with warnings.catch_warnings():
        # torch warns that there is nothing to initialise where there are no features.
        warnings.filterwarnings("ignore", "Initializing zero-element tensors is a no-op", UserWarning)
        layer = t.nn.Linear(config["I"], config["O"], bias=config["bias"], dtype=x["weight"].dtype)
    parameters = load(layer, parameters_of(x))

    def call(data: Tensors) -> dict[str, Any]:
        output = layer(x.seams["input"](t, data["input"]))
        return {"output": x.seams["bias"](t, output, layer.bias, config) if config["bias"] else output}

    return Built(call, parameters, layer)


CASES = (
    Case(
        name="nn.Linear",
        space=Space(
            sizes={"N": "batch", "L": "length", "I": "feature", "O": "outer"},
            classes=("small", "one", "empty", "pow2", "long", "wide", "strided", "zero", "square", "large"),
            regimes=("normal", "cancelling", "integer", "nonfinite"),
            flags={"rank": (2, 1, 3), "bias": (True, True, False)},
        ),
        inputs=_linear_inputs,
        program=LayerProgram(_build),
        seams={"input": lambda t, value: value, "bias": lambda t, output, bias, config: output},
        exact_on_integers=True,
        base={"N": 2, "L": 3, "I": 3, "O": 5, "rank": 2, "bias": True},
        bad_calls=(
            BadCall("width of the input", ("2x4", "3x5"), shapes={"input": (2, 4)}),
            BadCall("dtype of the input", ("same dtype", "Double", "Float"), dtypes={"input": "float64"}),
        ),
    ),
    plain_module("Identity"),
)
