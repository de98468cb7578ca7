"""Cases of losses that measure the distance between an input and a target."""

from __future__ import annotations

from conformance.cases._constant import where
from conformance.cases._loss import loss
from conformance.cases.case import BadCall

# Of a difference of zero, rounding decides the sign.
_KINK = {"same-tensor": "the difference of a tensor and itself is at the kink of the loss"}
_EQUAL = dict.fromkeys(("output", "grad.*"), where("a tensor has no distance from itself", use="same-tensor"))

CASES = (
    loss(
        "mse_loss",
        "MSELoss",
        {},
        regimes=("normal", "cancelling", "tiny", "huge", "nonfinite"),
        samples=24,
        constant=_EQUAL,
    ),
    loss(
        "l1_loss",
        "L1Loss",
        {},
        regimes=("normal", "cancelling", "tiny", "huge", "zeros", "nonfinite"),
        unused=_KINK,
    ),
    loss(
        "smooth_l1_loss",
        "SmoothL1Loss",
        {"beta": (1.0, 0.25, 3.0, 0.0)},
        BadCall("beta below zero", ("beta",), config={"beta": -1.0}),
        unused=_KINK,
    ),
    loss(
        "huber_loss",
        "HuberLoss",
        {"delta": (1.0, 0.25, 3.0)},
        BadCall("delta of zero", ("delta",), config={"delta": 0.0}),
        constant=_EQUAL,
    ),
)
