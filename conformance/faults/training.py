"""The right value, the wrong gradient."""

from __future__ import annotations

from typing import Any

from conformance.cases.models import initial_state
from conformance.faults.fault import LSTMS, Fault


def scale_gradient(value: Any, factor: float) -> Any:
    """Return the value with a gradient that is multiplied by the factor, in any namespace with `detach`."""
    kept = value * factor
    return kept + (value - kept).detach()


def _cut(every: int) -> Any:
    def carry(t: Any, step: int, state: Any) -> Any:
        del t
        return tuple(part.detach() for part in state) if (step + 1) % every == 0 else state

    return carry


def _mean_bias(t: Any, parameters: Any, config: Any) -> Any:
    del t
    scaled = {
        name: scale_gradient(parameters[name], 1 / max(config["N"], 1)) for name in ("bias_ih", "head.bias")
    }
    return {**parameters, **scaled}


def _mean_linear_bias(t: Any, output: Any, bias: Any, config: Any) -> Any:
    """Put in the bias's place one whose gradient is the mean over the rows."""
    del t
    rows = {1: 1, 2: config["N"], 3: config["N"] * config["L"]}[config["rank"]]
    return output - bias + scale_gradient(bias, 1 / max(rows, 1))


FAULTS = (
    Fault(
        "bptt-cut-16",
        "backward",
        ("models.LSTM",),
        {"carry": _cut(16)},
        "back-propagates through 16 steps only, which a short test cannot see (MyGrad #4)",
    ),
    Fault(
        "bias-gradient-mean",
        "backward",
        LSTMS,
        {"parameters": _mean_bias},
        "averages the gradient of the biases over the batch where it must be summed",
    ),
    Fault(
        "linear-bias-gradient-mean",
        "backward",
        ("nn.Linear",),
        {"bias": _mean_linear_bias},
        "averages the bias's gradient over the rows where it must be summed",
    ),
    Fault(
        "initial-state-detached",
        "backward",
        LSTMS,
        {"initial": lambda t, x, like: tuple(part.detach() for part in initial_state(t, x, like))},
        "gives no gradient to the initial states",
    ),
)
