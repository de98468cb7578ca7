"""Cases of losses of two tensors, as functions and as modules, with every reduction.

The families regression_loss and probability_loss call `case`.
"""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.cases.case import BadCall, Built, Case, LayerProgram, of_module
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases.case import Config, Constant, Tensors, Values
    from conformance.sampling.sample import Scalar

_CLASSES = ("small", "one", "empty", "pow2", "strided", "zero", "large")
REDUCTIONS = ("mean", "sum", "none")
BAD_REDUCTION = BadCall("reduction", ("median",), config={"reduction": "median"})


def pair(config: Config) -> dict[str, Input]:
    """Return an input and a target of one shape."""
    shape = int(config["N"]), int(config["F"])
    return {"input": Input(shape), "target": Input(shape, against="input")}


def _as_is(t: Any, data: Tensors) -> tuple[Any, Any]:
    return data["input"], data["target"]


def loss(
    name: str,
    module: str,
    flags: dict[str, tuple[Scalar, ...]],
    *bad: BadCall,
    operands: Callable[[Any, Tensors], tuple[Any, Any]] = _as_is,
    inputs: Callable[[Config], dict[str, Input]] = pair,
    regimes: tuple[str, ...] = ("normal", "saturated", "cancelling", "tiny", "nonfinite"),
    reductions: tuple[str, ...] = REDUCTIONS,
    samples: int = 18,
    unused: Mapping[str, str] | None = None,
    constant: Constant | None = None,
) -> Case:
    """Return the case of a loss of two tensors, called as a function and as a module.

    Args:
        name: the function of `nn.functional`.
        module: the class of `nn`.
        flags: the loss's options and the values that they take.
        bad: the bad calls in addition to a wrong reduction.
        operands: from the namespace and the data to the two tensors.
        inputs: the arrays; those named like `weight` are passed on as options.
        regimes: as in `Space`.
        reductions: the values of the option `reduction`.
        samples: the number of samples that a run draws.
        unused: as in `Case`.
        constant: as in `Case`.
    """

    def build(t: Any, x: Values, config: Config) -> Built:
        options = {key: config[key] for key in (*flags, "reduction")}
        options |= {key: x[key].detach() for key in x if key.endswith("weight")}

        def call(compute: Any, data: Tensors) -> dict[str, Any]:
            with warnings.catch_warnings():
                # kl_div warns that reduction="mean" is not the mathematical mean.
                warnings.simplefilter("ignore", UserWarning)
                return {"output": compute(*operands(t, data))}

        if config["module"]:
            return of_module(getattr(t.nn, module)(**options), call)
        return Built(partial(call, partial(getattr(t.nn.functional, name), **options)))

    base: dict[str, Scalar] = {"N": 2, "F": 3, "reduction": "mean", "module": False}
    return Case(
        name=f"nn.functional.{name}",
        space=Space(
            {"N": "batch", "F": "feature"},
            _CLASSES,
            regimes,
            {**flags, "reduction": reductions, "module": (False, True)},
        ),
        inputs=inputs,
        program=LayerProgram(build),
        samples=samples,
        unused=unused or {},
        constant=constant or {},
        base=base | {key: values[0] for key, values in flags.items()},
        bad_calls=(BAD_REDUCTION, *bad),
    )
