"""Faults of exchanged or expanded axes, wrongly undone in the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.faults._moves import back
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from conformance.faults._moves import Moves

_CYCLE: Moves = {
    "function": (lambda a: a.permute(2, 0, 1), lambda g: g.permute(2, 0, 1)),
    "method": (lambda a: a.permute(-1, 0, 1), lambda g: g.permute(-1, 0, 1)),
}
_NEGATIVE: Moves = {
    # argsort of (-1, 0, 1) is the identity, that of (2, 0, 1) is not.
    "method": (lambda a: a.permute(-1, 0, 1), lambda g: g),
}
_MOVED: Moves = {
    "one": (lambda a: a.movedim(0, -1), lambda g: g.movedim(0, -1)),
    "moveaxis": (lambda a: a.movedim(2, 0), lambda g: g.movedim(2, 0)),
}
_SWAPPED: Moves = {"method": (lambda a: a.transpose(-1, -2), lambda g: g.transpose(0, 1))}
_EXPANDED: Moves = {"sizes": (lambda a: a.expand(3, -1), lambda g: g.mean(0, keepdim=True))}
_INVERSE = "applies the permutation again instead of its inverse, which is right for swaps only"

FAULTS = (
    Fault("permute-undone-by-itself", "transpose", ("permute",), _INVERSE, around=back(_CYCLE)),
    Fault(
        "permute-negative-axes",
        "transpose",
        ("permute",),
        "undoes a permutation by the order of its axes without counting negative ones from the end",
        around=back(_NEGATIVE),
    ),
    Fault("movedim-undone-by-itself", "transpose", ("movedim",), _INVERSE, around=back(_MOVED)),
    Fault(
        "transpose-undone-elsewhere",
        "transpose",
        ("transpose",),
        "swaps the first axes in backward",
        around=back(_SWAPPED),
    ),
    Fault(
        "t-not-undone",
        "transpose",
        ("t",),
        "reshapes the gradient instead of transposing it",
        around=back({"function": (lambda a: a.t(), lambda g: g)}),
    ),
    Fault(
        "expand-gradient-mean",
        "transpose",
        ("Tensor.expand",),
        "averages the gradient over the expanded axis",
        around=back(_EXPANDED),
    ),
)
