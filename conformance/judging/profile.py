"""The profile of a failure: how large its error is at each step, or in each gate.

Made by judging.judge for what failed, along the axis that the case declares (`cases/_axes.py`); a verdict
holds it, and the report shows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context
from math import ceil
from sys import float_info
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from conformance.cases._axes import Axis
    from conformance.sampling.values import Array

# The most parts of an axis; of more steps, equal spans are parts.
MOST = 32

AXES = ("step", "gate")
_LABEL = re.compile(r"[0-9]{1,9}(-[0-9]{1,9})?|[a-z]")
# How JSON holds a ratio.
_NUMBERS, _WORDS = (int, float), ("inf", "nan")

# Rounded up, so that a ratio is above 1 where the error is beyond its tolerance, and only there.
_ROUNDED = Context(prec=3, rounding=ROUND_CEILING)


@dataclass(frozen=True)
class Profile:
    """The largest error / tolerance in each part of an axis.

    Attributes:
        axis: `step` or `gate`.
        labels: the parts: steps, counted from 0, spans of steps as `35-39`, or gates.
        ratios: the largest error / tolerance in each, rounded up to three digits; above 1 is beyond.
    """

    axis: str
    labels: list[str]
    ratios: list[float]

    @classmethod
    def from_json(cls, data: Any) -> Profile:
        """Read what `dataclasses.asdict` and JSON made of a profile.

        Raises:
            TypeError: it has other keys, or a value of another kind.
        """
        if not isinstance(data, dict) or data.keys() != {"axis", "labels", "ratios"}:
            raise TypeError(f"verdict: profile: got {data!r}")
        labels, ratios = data["labels"], data["ratios"]
        if data["axis"] not in AXES or type(labels) is not list or type(ratios) is not list:
            raise TypeError(f"verdict: profile: got {data!r}")
        if len(labels) != len(ratios) or not 2 <= len(labels) <= MOST:
            raise TypeError(f"verdict: profile: got {len(labels)} labels and {len(ratios)} ratios")
        if not all(isinstance(label, str) and _LABEL.fullmatch(label) for label in labels):
            raise TypeError(f"verdict: profile: labels: got {labels!r}")
        if not all(
            ratio in _WORDS or (type(ratio) in _NUMBERS and 0 <= ratio <= float_info.max) for ratio in ratios
        ):
            raise TypeError(f"verdict: profile: ratios: got {ratios!r}")
        found = cls(data["axis"], labels, [float(ratio) for ratio in ratios])
        if not found.beyond:
            raise TypeError(f"verdict: profile: ratios: got none above 1, in {ratios!r}")
        return found

    @property
    def beyond(self) -> list[str]:
        """The parts in which the error is beyond its tolerance."""
        # A NaN is within nothing.
        return [label for label, ratio in zip(self.labels, self.ratios, strict=True) if not ratio <= 1]

    @property
    def words(self) -> str:
        """Where the error is, e.g. `from step 7 on (of 0 to 8)` or `only gate f (of i, f, g, o)`."""
        return (_of_steps if self.axis == "step" else _of_gates)(self.labels, self.beyond)


def profile(axis: Axis | None, headroom: Array) -> Profile | None:
    """Return the profile of a failure.

    Args:
        axis: the axis that the case declares of the observable, if any.
        headroom: tolerance / error of each element.

    Returns:
        None where no axis is declared, the array is another than the declared one, or all is one part.
    """
    if axis is None or headroom.shape[axis.place : axis.place + 1] != (axis.length,):
        return None
    width = axis.length // len(axis.parts) if axis.parts else ceil(axis.length / MOST)
    starts = range(0, axis.length, max(width, 1))
    if len(starts) < 2:
        return None
    others = tuple(k for k in range(headroom.ndim) if k != axis.place)
    least = np.minimum.reduceat(headroom.min(axis=others), starts)
    with np.errstate(all="ignore"):
        ratios = [float(_ROUNDED.create_decimal_from_float(float(ratio))) for ratio in 1 / least]
    labels = list(axis.parts) or [_span(start, min(start + width, axis.length) - 1) for start in starts]
    return Profile(axis.name, labels, ratios)


def _span(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first}-{last}"


def _of_gates(labels: list[str], beyond: list[str]) -> str:
    every = ", ".join(labels)
    if len(beyond) == len(labels):
        return f"every gate ({every})"
    *others, last = beyond
    told = f"gates {', '.join(others)} and {last}" if others else f"gate {last}"
    return f"only {told} (of {every})"


def _of_steps(labels: list[str], beyond: list[str]) -> str:
    """Return the steps in words; one after another where they are, and else how many."""
    every = f"0 to {labels[-1].rpartition('-')[2]}"
    if len(beyond) == len(labels):
        return f"every step ({every})"
    first, last = labels.index(beyond[0]), labels.index(beyond[-1])
    if len(beyond) == 1:
        told = f"only step {beyond[0]}"
    elif len(beyond) <= last - first:
        told = f"some steps from {beyond[0]} to {beyond[-1]}"
    elif last == len(labels) - 1:
        told = f"from step {beyond[0]} on"
    elif first == 0:
        told = f"up to step {beyond[-1]}"
    else:
        told = f"only steps {beyond[0]} to {beyond[-1]}"
    return f"{told} (of {every})"
