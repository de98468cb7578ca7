"""Faults of indexing: gradients of elements that an index names twice, and of overwritten elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import changed, on_gradient
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from conformance.cases.case import Values


def _repeats_overwritten(t: Any, x: Values, correct: Any) -> Any:
    """Divide the gradient of each element by the number of times that the index names it."""
    if x.config["index"] not in {"list", "tensor", "grid"}:
        return correct(t, x)
    counted = x["input"].detach().clone().requires_grad_()
    with t.enable_grad():
        taken = correct(t, changed(x, {"input": counted}))["output"]
    taken.backward(t.ones_like(taken))
    counts = t.clamp(counted.grad, min=1.0)
    return on_gradient(x, "input", lambda grad: grad / counts, lambda: correct(t, x))


def _selected_once(t: Any, x: Values, correct: Any) -> Any:
    if x.config["form"] != "repeats":
        return correct(t, x)
    return on_gradient(x, "x0", lambda grad: grad / 2, lambda: correct(t, x))


def _value_gradient(t: Any, x: Values, correct: Any) -> Any:
    """Give a gradient to overwritten elements."""
    a = x["input"]
    returned = correct(t, changed(x, {"input": a.detach()}))
    through = (a - a.detach()) * 1.5
    return {"output": returned["output"] + through, "before": returned["before"] + through.sum() * 2}


FAULTS = (
    Fault(
        "index-repeats-overwritten",
        "indexing",
        ("Tensor.__getitem__",),
        "lets the gradients of repeated elements overwrite each other, as NumPy's a[i] += g does",
        around=_repeats_overwritten,
    ),
    Fault(
        "index-select-repeats-overwritten",
        "indexing",
        ("index_select",),
        "lets the gradients of repeated rows overwrite each other",
        around=_selected_once,
    ),
    Fault(
        "setitem-keeps-the-gradient",
        "indexing",
        ("Tensor.__setitem__",),
        "gives overwritten elements a gradient",
        around=_value_gradient,
    ),
)
