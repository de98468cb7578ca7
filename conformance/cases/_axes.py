"""The axes along which an error tells where the mistake is: the steps and the gates of recurrent cases.

Declared by the families of recurrent cases, by pattern of observable; judging.profile takes the largest
errors along them.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from conformance.cases._steps import GATES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases.case import Config

# The gradients that are stacked by gates, of whatever layer and direction. A projection is not.
_STACKED = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class Axis(NamedTuple):
    """One axis of an observable.

    Attributes:
        name: `step` or `gate`.
        place: which of the array's axes it is.
        length: how many indices it has; an array that has others there is not the one that is meant.
        parts: the letters of its equal parts, in their order; empty where each index is a part.
    """

    name: str
    place: int
    length: int
    parts: str = ""


def gates(kind: str, config: Config) -> dict[str, Axis]:
    """Return the axis of the gates of a recurrent layer or cell, by pattern of gradient."""
    axis = Axis("gate", 0, len(GATES[kind]) * int(config["H"]), GATES[kind])
    return {f"grad.{name}*": axis for name in _STACKED}


def steps(config: Config, place: int, *sequences: str) -> dict[str, Axis]:
    """Return the axis of time, by sequence."""
    return dict.fromkeys(sequences, Axis("step", place, int(config["L"])))


def axis_of(axes: Mapping[str, Axis], observable: str) -> Axis | None:
    """Return the axis that is declared of an observable, or None."""
    # In a use, its name has a label before the last slash.
    name = observable.rpartition("/")[2]
    return next((axis for pattern, axis in axes.items() if fnmatchcase(name, pattern)), None)
