"""Faults of losses: without a weight, or by another formula.

The families loss, regression_loss, probability_loss and classification_loss are made of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import Overlay
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Around, Values

_F = "nn.functional."
# The functions of `nn.functional`, and the modules of `nn` that call them.
PAIRS = {
    "mse_loss": "MSELoss",
    "l1_loss": "L1Loss",
    "smooth_l1_loss": "SmoothL1Loss",
    "huber_loss": "HuberLoss",
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "kl_div": "KLDivLoss",
    "nll_loss": "NLLLoss",
    "cross_entropy": "CrossEntropyLoss",
}


def without(name: str) -> Around:
    """Return a program that runs the correct one without one of its tensors."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        rest = {key: value for key, value in x.items() if key != name}
        return correct(t, x.having(rest))

    return program


def replaced(name: str, element: Callable[..., Any]) -> Around:
    """Return a program that reduces `element(t, input, target, options)`, as function and as module."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        def loss(value: Any, target: Any, **options: Any) -> Any:
            each = element(t, value, target, options)
            reduction = options.get("reduction", "mean")
            if reduction == "batchmean":
                return each.sum() / max(value.shape[0], 1)
            return {"none": lambda: each, "sum": each.sum, "mean": each.mean}[reduction]()

        def module(**options: Any) -> Any:
            return lambda value, target: loss(value, target, **options)

        return correct(Overlay(t, {_F + name: loss, f"nn.{PAIRS[name]}": module}), x)

    return program


def fault(name: str, cases: tuple[str, ...] | str, around: Around, story: str) -> Fault:
    """Return a fault of losses: of some cases, or of a function of `nn.functional`."""
    named = (_F + cases,) if isinstance(cases, str) else cases
    return Fault(name, "loss", named, story, around=around)
