"""Faults of a selection: a gradient to elements that were not selected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import changed, on_outputs
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from conformance.cases.case import Values


def _masked_gradient(t: Any, x: Values, correct: Any) -> Any:
    """Give a gradient to replaced elements."""
    a = x["x0"]
    returned = correct(t, changed(x, {"x0": a.detach()}))
    factor = 1.5 if x.config["form"] == "in place" else 1.0
    return on_outputs(
        returned, lambda _, output: output + t.where(t.isfinite(output), (a - a.detach()) * factor, 0)
    )


FAULTS = (
    Fault(
        "masked-fill-keeps-the-gradient",
        "selection",
        ("masked_fill",),
        "gives masked elements a gradient",
        around=_masked_gradient,
    ),
)
