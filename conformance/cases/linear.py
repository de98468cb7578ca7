"""nn.Linear and the matrix product it stands on."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

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


def _matmul_shapes(config: Config) -> tuple[tuple[int, ...], tuple[int, ...]]:
    n, m, k, p = (int(config[name]) for name in ("N", "M", "K", "P"))
    return {
        "mm": ((m, k), (k, p)),
        "mv": ((m, k), (k,)),
        "vm": ((k,), (k, p)),
        "dot": ((k,), (k,)),
        "bmm": ((n, m, k), (n, k, p)),
        "broadcast": ((n, m, k), (k, p)),
        "batched": ((n, 1, m, k), (3, k, p)),
    }[str(config["form"])]


def _matmul_inputs(config: Config) -> dict[str, Input]:
    a, b = _matmul_shapes(config)
    return {"input": Input(a, pairs=True), "other": Input(b)}


CASES = (
    Case(
        name="nn.Linear",
        space=Space(
            sizes={"N": "batch", "L": "length", "I": "feature", "O": "outer"},
            classes=("small", "one", "empty", "pow2", "long", "wide", "strided", "zero", "square"),
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
    Case(
        name="matmul",
        space=Space(
            sizes={"N": "batch", "M": "outer", "K": "feature", "P": "outer"},
            classes=("small", "one", "empty", "pow2", "wide", "strided", "zero", "square"),
            # Not tiny: each product in a sum may lose half of the smallest number; the noise allows for one.
            # Not huge: a fused multiply-add never rounds a product to inf, so that inf - inf is NaN or inf
            # by the kernel, and both are right.
            regimes=("normal", "cancelling", "integer", "nonfinite"),
            flags={"form": ("mm", "mv", "vm", "dot", "bmm", "broadcast", "batched")},
        ),
        inputs=_matmul_inputs,
        program=lambda t, x: {"output": t.matmul(x["input"], x["other"])},
        samples=42,
        exact_on_integers=True,
        base={"N": 2, "M": 2, "K": 3, "P": 5, "form": "mm"},
        bad_calls=(
            BadCall("inner sizes", ("2x3", "4x5"), shapes={"other": (4, 5)}),
            BadCall("inner size of a vector", ("3", "4"), shapes={"other": (4,)}),
            BadCall("batches", ("2", "3"), shapes={"input": (2, 2, 3), "other": (3, 3, 5)}),
            BadCall("a scalar", ("0D",), shapes={"other": ()}),
            BadCall("dtypes", ("dtype",), dtypes={"other": "float64"}),
        ),
    ),
)
