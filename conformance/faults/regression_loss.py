"""Faults of losses by distance: another formula or another option."""

from __future__ import annotations

from typing import Any

from conformance.faults._loss import fault, replaced
from conformance.faults._rewriting import setting


def _huber(t: Any, a: Any, b: Any, delta: float, corner: float) -> Any:
    error = (a - b).abs()
    return t.where(error < corner, 0.5 * error * error, delta * (error - 0.5 * delta))


FAULTS = (
    fault(
        "mse-halved",
        "mse_loss",
        replaced("mse_loss", lambda t, a, b, o: (a - b) ** 2 / 2),
        "halves the square",
    ),
    fault(
        "mse-expanded",
        "mse_loss",
        replaced("mse_loss", lambda t, a, b, o: a * a - 2 * a * b + b * b),
        "expands the square, which loses digits",
    ),
    fault(
        "huber-as-smooth-l1",
        "huber_loss",
        replaced("huber_loss", lambda t, a, b, o: _huber(t, a, b, o["delta"], o["delta"]) / o["delta"]),
        "divides by delta, which makes it the smooth L1 loss",
    ),
    fault(
        "huber-delta-one",
        "huber_loss",
        setting("delta", lambda _: 1.0),
        "leaves delta at its default",
    ),
    fault(
        "smooth-l1-as-huber",
        "smooth_l1_loss",
        replaced("smooth_l1_loss", lambda t, a, b, o: _huber(t, a, b, o["beta"], o["beta"])),
        "does not divide by beta, which makes it the Huber loss",
    ),
    fault(
        "smooth-l1-beta-one", "smooth_l1_loss", setting("beta", lambda _: 1.0), "leaves beta at its default"
    ),
)
