"""Faults of flips, rolls, triangles and repeats: another direction, in the result or in the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._moves import back, forward
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from conformance.faults._moves import Moves

_FLIPPED: Moves = {
    "one": (lambda a: a.flip(1), lambda g: g),
    "several": (lambda a: a.flip(0, -1), lambda g: g),
}
_ROLLED: Moves = {
    "one": (lambda a: a.roll(1, 0), lambda g: g.roll(1, 0)),
    "several": (lambda a: a.roll((2, -1), (1, 2)), lambda g: g.roll((2, -1), (1, 2))),
    "flat": (lambda a: a.roll(5), lambda g: g.roll(5)),
}
_LOWER: Moves = {
    "main": (lambda a: a.tril(), lambda g: g),
    "below": (lambda a: a.tril(-1), lambda g: g.tril()),
}
_UPPER: Moves = {
    "main": (lambda a: a.triu(), lambda g: g),
    "above": (lambda a: a.triu(1), lambda g: g.triu()),
}
_REPEATED: Moves = {
    "same rank": (
        lambda a: a.repeat(2, 3),
        lambda g: g.narrow(0, 0, g.shape[0] // 2).narrow(1, 0, g.shape[1] // 3),
    )
}


def _rows_repeated(a: Any) -> Any:
    return a.unsqueeze(1).expand(-1, 2, -1).reshape(2 * a.shape[0], a.shape[1]).repeat(1, 3)


FAULTS = (
    Fault(
        "flip-gradient-not-flipped",
        "rearrange",
        ("flip",),
        "does not flip the gradient",
        around=back(_FLIPPED),
    ),
    Fault(
        "roll-gradient-in-the-same-direction",
        "rearrange",
        ("roll",),
        "rolls the gradient forward",
        around=back(_ROLLED),
    ),
    Fault(
        "roll-backwards",
        "rearrange",
        ("roll",),
        "rolls in the other direction",
        around=forward(
            {
                "one": lambda a: a.roll(-1, 0),
                "several": lambda a: a.roll((-2, 1), (1, 2)),
                "flat": lambda a: a.roll(-5),
            }
        ),
    ),
    Fault(
        "tril-gradient-whole",
        "rearrange",
        ("tril",),
        "passes the gradient of the elements that were cut off",
        around=back(_LOWER),
    ),
    Fault(
        "triu-gradient-whole",
        "rearrange",
        ("triu",),
        "passes the gradient of the elements that were cut off",
        around=back(_UPPER),
    ),
    Fault(
        "tril-strict",
        "rearrange",
        ("tril",),
        "cuts off the diagonal too",
        around=forward({"main": lambda a: a.tril(-1)}),
    ),
    Fault(
        "repeat-gradient-of-the-first",
        "rearrange",
        ("Tensor.repeat",),
        "takes the gradient of the first copy instead of the sum",
        around=back(_REPEATED),
    ),
    Fault(
        "repeat-interleaved",
        "rearrange",
        ("Tensor.repeat",),
        "repeats each row in place, as NumPy's repeat does",
        around=forward({"same rank": _rows_repeated}),
    ),
    Fault(
        "repeat-interleave-as-repeat",
        "rearrange",
        ("repeat_interleave",),
        "puts whole copies side by side, as Tensor.repeat does",
        around=forward({"all": lambda a: a.flatten().repeat(2), "one": lambda a: a.repeat(1, 3)}),
    ),
)
