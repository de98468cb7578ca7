"""Cases of activations: as functions, and as modules with the same options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._elementwise import CLASSES, unary
from conformance.cases._table import plain_module
from conformance.cases.case import BadCall, Built, Case, LayerProgram, Values, of_module
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from conformance.cases.case import Config
    from conformance.sampling.sample import Scalar

_CLASSES = ("small", "one", "empty", "pow2", "strided", "zero", "large")


def _inputs(config: Config) -> dict[str, Input]:
    return {"input": Input((int(config["N"]), int(config["F"])))}


def _activation(
    name: str,
    module: str,
    flags: dict[str, tuple[Scalar, ...]] | None = None,
    *regimes: str,
    bad: tuple[BadCall, ...] = (),
) -> Case:
    """Return the case of an activation, called as a function and as a module with the same options."""
    options = flags or {}

    def build(t: Any, x: Values, config: Config) -> Built:
        chosen = {key: config[key] for key in options}
        if config["module"]:
            return of_module(getattr(t.nn, module)(**chosen))
        function = getattr(t.nn.functional, name)
        return Built(lambda data: {"output": function(data["input"], **chosen)})

    return Case(
        name=f"nn.functional.{name}",
        space=Space(
            {"N": "batch", "F": "feature"},
            _CLASSES,
            ("normal", "saturated", "steep", "tiny", "zeros", *regimes),
            {**options, "module": (False, True)},
        ),
        inputs=_inputs,
        program=LayerProgram(build),
        base={"N": 2, "F": 3, "module": False} | {key: values[0] for key, values in options.items()},
        bad_calls=(BadCall("integers", ("Long",), dtypes={"input": "int64"}), *bad),
    )


def _hardtanh(t: Any, x: Values, config: Config) -> Built:
    largest = config["max_val"]
    if config["module"]:
        return of_module(t.nn.Hardtanh(-1.0, largest))
    return Built(lambda data: {"output": t.nn.functional.hardtanh(data["input"], -1.0, largest)})


CASES = (
    unary("sigmoid", "normal", "saturated", "steep", "tiny", "huge", "nonfinite", classes=CLASSES),
    unary("tanh", "normal", "saturated", "steep", "tiny", "huge", "nonfinite", classes=CLASSES),
    unary("relu", "normal", "integer", "tiny", "huge", "zeros", "nonfinite"),
    _activation("leaky_relu", "LeakyReLU", {"negative_slope": (0.01, 0.5, -0.25, 2.0)}, "huge", "nonfinite"),
    # elu, gelu and hardtanh not nonfinite: in torch the slope of elu and hardtanh at NaN, and gelu at inf,
    # are one thing in the vectorised loop and another in the scalar one.
    _activation("elu", "ELU", {"alpha": (1.0, 0.5)}),
    _activation(
        "gelu",
        "GELU",
        {"approximate": ("none", "tanh")},
        bad=(BadCall("approximation", ("none", "tanh"), config={"approximate": "erf"}),),
    ),
    _activation("silu", "SiLU", {}, "nonfinite"),
    _activation("softplus", "Softplus", {"beta": (1.0, 2.0, 0.5), "threshold": (20.0, 5.0)}, "nonfinite"),
    _activation("logsigmoid", "LogSigmoid", {}, "nonfinite"),
    Case(
        name="nn.functional.hardtanh",
        space=Space(
            {"N": "batch", "F": "feature"},
            _CLASSES,
            ("normal", "integer", "tiny", "saturated"),
            {"max_val": (1.0, 0.5, 3.0), "module": (False, True)},
        ),
        inputs=_inputs,
        program=LayerProgram(_hardtanh),
        base={"N": 2, "F": 3, "max_val": 1.0, "module": False},
        bad_calls=(
            BadCall("limits", ("min_val", "max_val"), config={"max_val": -2.0}),
            BadCall("bools", ("Bool",), dtypes={"input": "bool"}),
        ),
    ),
    *(plain_module(name) for name in ("ReLU", "Sigmoid", "Tanh")),
)
