"""What a subject returned on a sample, and how far it is from an expectation.

Made by running.diagnose; the hypotheses, and what else is said of a subject that fails, compare by it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conformance.judging.expectation import is_gradient
from conformance.judging.judge import errors
from conformance.subjects.answers import NotNumbersError, numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.judging.expectation import Expectation
    from conformance.judging.prepared import Prepared
    from conformance.subjects.protocol import Task, Trace


@dataclass(frozen=True)
class Observation:
    """What a subject returned on one sample in one lane.

    Attributes:
        prepared: the sample.
        lane: the lane.
        trace: what the subject returned.
        again: asks it once more.
        backward: whether it should return gradients, as of `Supports`; with None, where it returns any.
    """

    prepared: Prepared
    lane: str
    trace: Trace
    again: Callable[[], Trace] | None = None
    backward: bool | None = None

    @property
    def expected(self) -> Expectation:
        """What was expected of it."""
        return self.prepared.expectations[self.lane]

    @property
    def names(self) -> list[str]:
        """The observables that are compared: without gradients, where the subject returned none."""
        forward_only = not self.backward and not any(is_gradient(name) for name in self.trace)
        return [name for name in self.expected.oracle if not (forward_only and is_gradient(name))]

    @property
    def outputs(self) -> Observation:
        """The same without gradients."""
        outputs = {name: a for name, a in self.trace.items() if not is_gradient(name)}
        return replace(self, trace=outputs, backward=False)

    @property
    def lacking(self) -> set[str]:
        """The gradients that are not there."""
        return {name for name in self.names if is_gradient(name) and name not in self.trace}

    @cached_property
    def formal(self) -> bool:
        """Whether its numbers agree, so that at most their form is wrong; absent gradients count as zeros."""
        return compared(self.expected, self).ratio <= 1

    @cached_property
    def varies(self) -> bool:
        """Whether the subject returns other numbers when it is asked once more."""
        other = self.trace if self.again is None else self.again()
        return any(
            name not in other or not np.array_equal(other[name], array, equal_nan=True)
            for name, array in self.trace.items()
        )

    @property
    def task(self) -> Task:
        """The same values for a program in float64."""
        task = self.prepared.tasks[self.lane]
        return replace(task, dtype="float64", carrier=self.lane)


class Compared(NamedTuple):
    """How far a subject is from an expectation.

    Attributes:
        ratio: the largest error in tolerances; inf where something is not comparable, or a whole number
            differs.
        size: the largest error beyond the tolerance, relative to the observable's largest number.
    """

    ratio: float
    size: float


def compared(expected: Expectation, seen: Observation, near: float = np.inf) -> Compared:
    """Compare what a subject returned with an expectation, which may be of a fault.

    Args:
        expected: the expectation.
        seen: what the subject returned.
        near: beyond this size the rest is not looked at.
    """
    ratio = size = 0.0
    for name in filter(expected.oracle.__contains__, seen.names):
        found = _compared(expected, name, seen.trace.get(name))
        ratio, size = max(ratio, found.ratio), max(size, found.size)
        if size > near or size == np.inf:
            break
    return Compared(ratio, size)


def _compared(expected: Expectation, name: str, answer: object) -> Compared:
    apart = Compared(np.inf, np.inf)
    oracle = expected.oracle[name]
    try:
        # A gradient that nobody asked for is none, or zeros.
        got = np.zeros(oracle.shape) if answer is None and is_gradient(name) else numbers(answer)
    except NotNumbersError:
        return apart
    if got.shape != oracle.shape or got.dtype.kind == "c":
        return apart
    if not np.issubdtype(oracle.dtype, np.floating):
        return Compared(0.0, 0.0) if (got == oracle).all() else apart
    finite, error = errors(expected, name, got)
    with np.errstate(all="ignore"):
        tolerance = np.where(finite, expected.tolerance[name], 0.0)
        ratio = float(np.where(error == 0, 0.0, error / tolerance).max(initial=0.0))
    largest, worst = (float(a.max(initial=0.0)) for a in (np.abs(oracle[finite]), error[error > tolerance]))
    return Compared(ratio, worst if worst in {0.0, np.inf} or not largest else worst / largest)
