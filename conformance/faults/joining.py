"""Faults of joining tensors: another order, or a gradient that goes to another part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import changed, on_gradient, on_outputs
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from conformance.cases.case import Values


def _second_piece(t: Any, x: Values, correct: Any) -> Any:
    """Roll the gradient of the second tensor by one position."""
    axis = int(x.config["dim"])
    return on_gradient(x, "second", lambda grad: grad.roll(1, axis), lambda: correct(t, x))


def _first_once(t: Any, x: Values, correct: Any) -> Any:
    """Leave the first tensor's second use out of its gradient."""
    return correct(t, changed(x)) if not x["first"].requires_grad else _cut_last(t, x)


def _cut_last(t: Any, x: Values) -> Any:
    pieces = [x["first"], x["second"], x["first"].detach()]
    return {"output": t.cat(pieces, dim=int(x.config["dim"]))}


def _stack_as_cat(t: Any, x: Values, correct: Any) -> Any:
    """Stack along the next axis."""

    def change(name: str, output: Any) -> Any:
        del name
        return output.transpose(-1, -2).reshape(output.shape)

    return on_outputs(correct(t, x), change)


FAULTS = (
    Fault(
        "cat-gradient-off-by-one",
        "joining",
        ("cat",),
        "moves the second tensor's gradient by one position",
        around=_second_piece,
    ),
    Fault(
        "cat-piece-used-twice",
        "joining",
        ("cat",),
        "leaves out the second use of a tensor that the list holds twice (micrograd #2)",
        around=_first_once,
    ),
    Fault(
        "stack-last-axes-mixed",
        "joining",
        ("stack",),
        "reads the last two axes in the other order",
        around=_stack_as_cat,
    ),
)
