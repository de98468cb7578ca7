"""Faults of gathering and scattering: repeated positions, and gradients of overwritten elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import changed, on_gradient, on_outputs
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from conformance.cases.case import Values


def _gathered_once(t: Any, x: Values, correct: Any) -> Any:
    """Divide the gradient of an element by the three positions that name it."""
    if x.config["form"] != "repeats":
        return correct(t, x)
    return on_gradient(x, "x0", lambda grad: grad / 3, lambda: correct(t, x))


def _scatter_keeps(t: Any, x: Values, correct: Any) -> Any:
    """Give a gradient to overwritten elements."""
    a = x["x0"]
    returned = correct(t, changed(x, {"x0": a.detach()}))
    factor = 1.5 if x.config["form"] == "in place" else 1.0
    return on_outputs(returned, lambda _, output: output + (a - a.detach()) * factor)


def _not_added(t: Any, x: Values, correct: Any) -> Any:
    """Write instead of adding."""
    if x.config["form"] != "once":
        return correct(t, x)
    a, b = x["x0"], x["x1"]
    rows = t.arange(a.numel()).reshape(a.shape).flip(0) % max(a.shape[-1], 1)
    return {"output": t.scatter(a, 1, rows, b)}


FAULTS = (
    Fault(
        "gather-repeats-overwritten",
        "gather_scatter",
        ("gather",),
        "lets the gradients of repeated positions overwrite each other",
        around=_gathered_once,
    ),
    Fault(
        "scatter-keeps-the-gradient",
        "gather_scatter",
        ("scatter",),
        "gives overwritten elements a gradient",
        around=_scatter_keeps,
    ),
    Fault(
        "scatter-add-overwrites",
        "gather_scatter",
        ("scatter_add",),
        "writes instead of adding",
        around=_not_added,
    ),
)
