"""Cases of layer normalization over the last axes, with and without its parameters."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.cases.case import BadCall, Built, Case, LayerProgram, Values, load, of_module, parameters_of
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from conformance.cases.case import Config, Tensors


def _norm_inputs(config: Config) -> dict[str, Input]:
    shape = tuple(int(config[name]) for name in "NLF")
    own = shape[-int(config["rank"]) :]
    inputs = {"input": Input(shape)}
    if config["affine"] != "none":
        inputs["weight"] = Input(own, weight=True)
    if config["affine"] == "both":
        inputs["bias"] = Input(own, weight=True)
    return inputs


def _over_the_batch(config: Config) -> str | None:
    return "a layer over all axes is made for one batch size" if config["rank"] == 3 else None


def _layer_norm(t: Any, x: Values, config: Config) -> Built:
    given = parameters_of(x)
    sizes, eps = tuple(int(config[name]) for name in "NLF")[-int(config["rank"]) :], config["eps"]
    module, parameters = None, given
    if config["module"]:
        module = t.nn.LayerNorm(sizes, eps, bool(given), "bias" in given, dtype=x["input"].dtype)
        parameters = load(module, given)

    def call(module: Any, data: Tensors) -> dict[str, Any]:
        with warnings.catch_warnings():
            # torch's decomposition warns of the variance of an empty batch.
            warnings.simplefilter("ignore", UserWarning)
            if module is not None:
                return {"output": module(data["input"])}
            return {"output": t.nn.functional.layer_norm(data["input"], sizes, eps=eps, **given)}

    return Built(partial(call, None), parameters) if module is None else of_module(module, call, parameters)


CASES = (
    Case(
        name="nn.LayerNorm",
        space=Space(
            {"N": "batch", "L": "length", "F": "feature"},
            # Not one: the variance of one feature is 0, and the gradient is rounding errors only.
            ("small", "empty", "pow2", "wide", "strided", "zero", "large"),
            ("normal", "saturated", "offset", "zeros", "nonfinite"),
            {
                "rank": (1, 2, 3),
                "affine": ("both", "weight", "none"),
                "eps": (1e-5, 1e-2),
                "module": (True, False),
            },
        ),
        inputs=_norm_inputs,
        program=LayerProgram(_layer_norm),
        samples=24,
        unused={"other-size-between": _over_the_batch},
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
)
