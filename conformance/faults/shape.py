"""Faults of another shape, wrongly undone in the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._moves import back
from conformance.faults._rewriting import changed
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from conformance.cases.case import Values
    from conformance.faults._moves import Moves

_UNBOUND: Moves = {"transposed": (lambda a: a.transpose(0, 2).reshape(a.numel()), lambda g: g)}


def _other_dim(t: Any, x: Values, correct: Any) -> Any:
    """Count negative axes from the input's rank, not from the result's."""
    dim = int(x.config["dim"])
    return correct(t, changed(x, dim=dim + 3 if dim < 0 else dim))


FAULTS = (
    Fault(
        "reshape-gradient-in-order",
        "shape",
        ("reshape",),
        "ignores in backward that the input was transposed",
        around=back(_UNBOUND),
    ),
    Fault(
        "unsqueeze-negative-dim",
        "shape",
        ("unsqueeze",),
        "counts a negative axis from the input's rank",
        around=_other_dim,
    ),
)
