"""The right function, less exactly than its arithmetic allows."""

from __future__ import annotations

from typing import Any

from conformance.faults.fault import LSTMS, Fault


def _rounded(t: Any, value: Any) -> Any:
    """Return the value through float16, with the gradient of the identity."""
    return value + (value.detach().to(t.float16).to(value.dtype) - value).detach()


def _half_weights(t: Any, parameters: Any, config: Any) -> Any:
    del config
    return {name: _rounded(t, value) for name, value in parameters.items()}


FAULTS = (
    Fault(
        "weights-float16",
        "precision",
        LSTMS,
        {"parameters": _half_weights},
        "stores the weights in float16, as a quantised port or a half-precision checkpoint does",
    ),
    Fault(
        "sigmoid-by-tanh",
        "precision",
        LSTMS,
        {"sigmoid": lambda t, z: t.tanh(z * 0.5) * 0.5 + 0.5},
        "computes the sigmoid as tanh(x/2)/2 + 1/2, which cancels where it is nearly 0",
    ),
)
