"""Faults of indexing: gradients of elements that an index names twice, and of overwritten elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import changed, on_gradient
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Around, Values


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


def _changed(index: str, change: Callable[[Any, Values, Any], Any]) -> Around:
    """Return a program that changes what one of the indices reads: `change(t, x, output)`."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        returned = correct(t, x)
        if x.config["index"] != index:
            return returned
        return {"output": change(t, x, returned["output"])}

    return program


_READ = (
    (
        "index-between-slice-first",
        "between",
        lambda t, x, output: output.transpose(0, 1),
        "leaves the sliced axis before that of two index tensors around it",
    ),
    (
        "index-new-between-in-place",
        "new between",
        lambda t, x, output: output.movedim(0, 1),
        "leaves the axis of index tensors in its place where a new axis stands between them",
    ),
    (
        "index-new-before-in-place",
        "new before",
        lambda t, x, output: output.movedim(0, 1),
        "leaves the axis of separated index tensors behind a new axis",
    ),
    (
        "index-grid-split",
        "grid between",
        lambda t, x, output: output.movedim(1, 2),
        "moves only the first axis of separated index tensors to the front",
    ),
    (
        "index-mask-as-prefix",
        "mask and positions",
        lambda t, x, output: x["input"][: output.shape[0], :, 0],
        "reads as many rows as a mask has true elements, from the first on",
    ),
    (
        "index-mask-by-columns",
        "mask of two axes",
        lambda t, x, output: _by_columns(t, x["input"]),
        "reads the elements of a mask of two axes column by column",
    ),
    (
        "index-scalar-keeps-its-axis",
        "scalar",
        lambda t, x, output: output[..., None],
        "keeps the axis that a tensor without axes indexes",
    ),
)


def _by_columns(t: Any, a: Any) -> Any:
    n, length = a.shape[:2]
    mask = t.arange(n * length).reshape(n, length) % 3 != 1
    return a.transpose(0, 1)[mask.transpose(0, 1)]


FAULTS = (
    *(
        Fault(name, "indexing", ("Tensor.__getitem__",), story, around=_changed(index, change))
        for name, index, change, story in _READ
    ),
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
