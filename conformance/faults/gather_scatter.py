"""Faults of gathering and scattering: repeated positions, and gradients of overwritten elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.gather_scatter import turned
from conformance.faults._forms import called
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
    """Give a gradient to overwritten elements, where the result has the shape of the first tensor."""
    if x.config["form"] == "middle":
        return correct(t, x)
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
    *called(
        "gather_scatter",
        (
            (
                "gather-middle-unread",
                "gather",
                "middle",
                lambda t, a: turned(t, a)[0],
                "copies the layers where the gathered axis is a middle one",
            ),
            (
                "gather-part-from-the-first",
                "gather",
                "part",
                lambda t, a: a[:, :1],
                "reads the first positions where the index is smaller than the input",
            ),
            (
                "scatter-first-axis-unmoved",
                "scatter",
                "first",
                lambda t, a, b: b * 1,
                "writes at the same position where the axis is the first",
            ),
            (
                "scatter-middle-unmoved",
                "scatter",
                "middle",
                lambda t, a, b: turned(t, b)[0],
                "writes at the same position where the axis is a middle one",
            ),
            (
                "scatter-add-first-axis-unmoved",
                "scatter_add",
                "first",
                lambda t, a, b: a + b,
                "adds at the same position where the axis is the first",
            ),
            (
                "scatter-add-middle-unmoved",
                "scatter_add",
                "middle",
                lambda t, a, b: turned(t, a)[0] + turned(t, b)[0],
                "adds at the same position where the axis is a middle one",
            ),
        ),
    ),
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
