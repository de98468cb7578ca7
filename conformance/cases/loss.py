"""Losses, with every reduction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.case import BadCall, Case
from conformance.draw import Space
from conformance.values import Input

if TYPE_CHECKING:
    from conformance.case import Config


def _inputs(config: Config) -> dict[str, Input]:
    shape = int(config["N"]), int(config["F"])
    return {"input": Input(shape), "target": Input(shape, against="input")}


CASES = (
    Case(
        name="nn.functional.mse_loss",
        space=Space(
            {"N": "batch", "F": "feature"},
            ("small", "one", "empty", "pow2", "wide", "strided"),
            ("normal", "cancelling", "tiny", "huge"),
            {"reduction": ("mean", "sum", "none")},
        ),
        inputs=_inputs,
        program=lambda t, x: {
            "output": t.nn.functional.mse_loss(x["input"], x["target"], reduction=x.config["reduction"])
        },
        base={"N": 2, "F": 3, "reduction": "mean"},
        bad_calls=(BadCall("reduction", ("median",), config={"reduction": "median"}),),
    ),
)
