"""The line search of LBFGS: a step that fulfils the strong Wolfe conditions, by cubic interpolation.

The numbers are Python's, or NumPy's scalars of the parameters' dtype, where torch's are Python's or 0-dim
tensors, so that the search takes torch's branches.

Source: Nocedal & Wright, "Numerical Optimization", 2006, algorithms 3.5 and 3.6, in the form of
    torch.optim.lbfgs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from mytorch._core.types import Array

# How much of the slope must show as decrease, and to how much of it the slope must fall.
_DECREASE, _SLOPE = 1e-4, 0.9


class Point(NamedTuple):
    """A point on the line.

    Attributes:
        t: the length of the step.
        loss: the loss there.
        grad: the gradient there, (n,).
        slope: its product with the direction.
    """

    t: Any
    loss: float
    grad: Array
    slope: Any


def strong_wolfe(
    evaluate: Callable[[Any], tuple[float, Array]],
    t: Any,
    direction: Array,
    start: Point,
    tolerance_change: float,
    most: int,
) -> tuple[Point, int]:
    """Search along a direction.

    Args:
        evaluate: from the length of a step to the loss and the gradient there.
        t: the first length that is tried.
        direction: (n,).
        start: where the line starts; of length 0.
        tolerance_change: the change of a parameter below which the search ends.
        most: the most evaluations after the first one.

    Returns:
        The best point that was found, and the number of evaluations.
    """
    line = _Line(evaluate, direction, start, most)
    points = _bracketed(line, t)
    best = points[0] if len(points) == 1 else _narrowed(line, points, tolerance_change)
    return best, line.count


@dataclass
class _Line:
    """The line that is searched.

    Attributes:
        evaluate: from the length of a step to the loss and the gradient there.
        direction: (n,).
        start: where the line starts.
        most: the most evaluations after the first one.
        count: the evaluations so far.
    """

    evaluate: Callable[[Any], tuple[float, Array]]
    direction: Array
    start: Point
    most: int
    count: int = 0

    @property
    def exhausted(self) -> bool:
        """Whether no evaluation is left."""
        return self.count > self.most

    def at(self, t: Any) -> Point:
        """Evaluate a point."""
        self.count += 1
        loss, grad = self.evaluate(t)
        return Point(t, loss, grad, grad.dot(self.direction))

    def insufficient(self, point: Point) -> bool:
        """Whether the loss falls by less than the slope at the start promises."""
        return bool(point.loss > self.start.loss + _DECREASE * point.t * self.start.slope)

    def flat(self, point: Point) -> bool:
        """Whether the slope is small beside that at the start."""
        return bool(abs(point.slope) <= -_SLOPE * self.start.slope)


def _bracketed(line: _Line, t: Any) -> list[Point]:
    """Step further until two points have a minimum between them; return them, or one that is good enough."""
    before, point = line.start, line.at(t)
    while not line.exhausted:
        if line.insufficient(point) or (line.count > 2 and point.loss >= before.loss):
            return [before, point]
        if line.flat(point):
            return [point]
        if point.slope >= 0:
            return [before, point]
        bounds = (point.t + 0.01 * (point.t - before.t), point.t * 10)
        t = _cubic_minimum(before, point, bounds)
        before, point = point, line.at(t)
    return [line.start, point]


def _narrowed(line: _Line, bracket: list[Point], tolerance_change: float) -> Point:
    """Narrow a bracket until a point in it fulfils the conditions, or it is too small; return the best."""
    low, high = _sorted(bracket)
    largest = np.abs(line.direction).max()
    near_an_end = False
    while not line.exhausted:
        ends = [bracket[0].t, bracket[1].t]
        if abs(ends[1] - ends[0]) * largest < tolerance_change:
            break
        t = _cubic_minimum(bracket[0], bracket[1], (min(ends), max(ends)))
        t, near_an_end = _off_the_ends(t, ends, near_an_end=near_an_end)
        point = line.at(t)
        if line.insufficient(point) or point.loss >= bracket[low].loss:
            bracket[high] = point
            low, high = _sorted(bracket)
            continue
        if line.flat(point):
            return point
        if point.slope * (bracket[high].t - bracket[low].t) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = point
    return bracket[low]


def _sorted(bracket: list[Point]) -> tuple[int, int]:
    """Return the places of the lower and of the higher point."""
    return (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)


def _off_the_ends(t: Any, ends: list[Any], *, near_an_end: bool) -> tuple[Any, bool]:
    """Move a length that is near an end of the bracket away from it, the second time or if it is beyond.

    Returns:
        The length, and whether it is near an end and was left there.
    """
    least, most = min(ends), max(ends)
    margin = 0.1 * (most - least)
    if not min(most - t, t - least) < margin:
        return t, False
    if not (near_an_end or t >= most or t <= least):
        return t, True
    return (most - margin if abs(t - most) < abs(t - least) else least + margin), False


def _cubic_minimum(a: Point, b: Point, bounds: tuple[Any, Any]) -> Any:
    """Return where the cubic with the losses and slopes of two points is least, within bounds."""
    low, high = bounds
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1**2 - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2.0
    d2 = np.sqrt(square)
    if not a.t <= b.t:
        a, b = b, a
    least = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    return min(max(least, low), high)
