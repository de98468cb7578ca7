"""The data, the parameters and the backward pass of a linear model.

The families optim and clip_grad train it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.sampling.values import Input

if TYPE_CHECKING:
    from conformance.cases.case import Config, Values

SIZES = {"N": "batch", "I": "feature", "O": "feature"}


def inputs(config: Config) -> dict[str, Input]:
    """Return the data and parameters of a batch of N with I features and O outputs."""
    n, i, o = (int(config[name]) for name in ("N", "I", "O"))
    return {
        "input": Input((n, i)),
        "target": Input((n, o)),
        "weight": Input((o, i), fan_in=i, weight=True),
        "bias": Input((o,), weight=True),
        "idle": Input((o,), weight=True),
    }


def backward(t: Any, x: Values, weight: Any, bias: Any) -> None:
    """Give the parameters the gradients of the mean squared error."""
    output = t.nn.functional.linear(x["input"], weight, bias)
    t.nn.functional.mse_loss(output, x["target"]).backward()
