"""Cases of softmax and log_softmax along a dimension, in each of the four ways to call them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.case import BadCall, Built, Case, LayerProgram, Values, of_module
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Config
    from conformance.sampling.sample import Sample


def _alone(sample: Sample) -> str | None:
    """Return why nothing changes along a dimension of one element."""
    size = sample.settings["NLF"[int(sample.settings["dim"])]]
    return "a softmax over one element is 1 for any input" if size == 1 else None


def _softmax(name: str, module: str) -> Case:
    def build(t: Any, x: Values, config: Config) -> Built:
        dim = config["dim"]
        if config["door"] == "module":
            return of_module(getattr(t.nn, module)(dim=dim))
        doors: dict[str, Callable[[Any], Any]] = {
            "torch": lambda a: getattr(t, name)(a, dim),
            "method": lambda a: getattr(a, name)(dim=dim),
            "functional": lambda a: getattr(t.nn.functional, name)(a, dim=dim),
        }
        return Built(lambda data: {"output": doors[str(config["door"])](data["input"])})

    return Case(
        name=name,
        space=Space(
            {"N": "batch", "L": "length", "F": "feature"},
            ("small", "one", "empty", "pow2", "strided", "zero", "wide", "large"),
            # Not huge: the noise of x - max x, which is exactly 0 at the maximum, would overflow exp there.
            ("normal", "saturated", "steep", "tiny", "offset", "nonfinite"),
            {"dim": (-1, 0, 1), "door": ("torch", "method", "functional", "module")},
        ),
        inputs=lambda config: {"input": Input(tuple(int(config[name]) for name in "NLF"))},
        program=LayerProgram(build),
        constant=dict.fromkeys(("grad.input",) if name == "softmax" else ("output", "grad.input"), _alone),
        samples=24,
        base={"N": 2, "L": 3, "F": 4, "dim": -1, "door": "torch"},
        bad_calls=(
            BadCall("dim out of range", ("-3", "2", "5"), config={"dim": 5}),
            BadCall("integers", ("Long",), dtypes={"input": "int64"}),
        ),
    )


CASES = (_softmax("softmax", "Softmax"), _softmax("log_softmax", "LogSoftmax"))
