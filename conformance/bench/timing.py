"""Times sides in turn, A B A B, and makes ratios of their times.

Called by `running.measure`. A shared machine's speed drifts within seconds, so only times that were taken
side by side are divided; the median of these ratios is what is reported, with its quartiles. CPU time is
used: all sides run on one thread, and what other programs take is not measured.
"""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conformance.bench.workload import Side

# A leg is as many calls as take about so many CPU seconds: long beside what reading the clock takes.
LEG = 2e-3
# The most calls of a leg, for a clock that is too coarse to see one.
_MOST = 2_000
# The least rounds, however small the budget.
ROUNDS = 3


@dataclass(frozen=True)
class Ratio:
    """The time of a subject as a multiple of another's.

    Attributes:
        median: of the rounds.
        low: their lower quartile.
        high: their upper quartile.
        rounds: how many there are.
    """

    median: float
    low: float
    high: float
    rounds: int


def interleaved(
    sides: Mapping[str, Side],
    budget: float,
    *,
    clock: Callable[[], float] = time.process_time,
    wall: Callable[[], float] = time.monotonic,
) -> dict[str, list[float]]:
    """Return the seconds per call of each side in each round.

    Every side is called twice before the first round, and a round times a leg of each side, in their order.

    Args:
        sides: by name.
        budget: seconds that the rounds may take, by `wall`; at least three are run.
        clock: tells CPU seconds.
        wall: tells the seconds of the budget.

    Raises:
        UsageError: `budget` is negative, infinite or not a number.
    """
    if not 0 <= budget < float("inf"):
        raise UsageError(f"budget: expected a finite number of seconds, 0 or more, got {budget}")
    calls = {name: _calls(side, clock) for name, side in sides.items()}
    times: dict[str, list[float]] = {name: [] for name in sides}
    gc.collect()
    end, rounds = wall() + budget, 0
    while rounds < ROUNDS or wall() < end:
        for name, side in sides.items():
            times[name].append(_leg(side, calls[name], clock))
        rounds += 1
    return times


def _calls(side: Side, clock: Callable[[], float]) -> int:
    """Return how many calls a leg has; the first call warms up, the second is timed."""
    _leg(side, 1, clock)
    seconds = _leg(side, 1, clock)
    return max(1, min(_MOST, int(LEG / max(seconds, 1e-9))))


def _leg(side: Side, calls: int, clock: Callable[[], float]) -> float:
    """Return the seconds per call of some calls in a row."""
    step = side.step
    with side.around():
        start = clock()
        for _ in range(calls):
            step()
        return (clock() - start) / calls


def ratio(subject: Sequence[float], reference: Sequence[float]) -> Ratio:
    """Return the ratio of times that were taken in turn.

    Args:
        subject: seconds per call in each round.
        reference: the other's, in the same rounds.

    Raises:
        ValueError: the rounds differ in number, there are fewer than two, or the clock has not moved in one.

    Example:
        >>> from conformance.bench.timing import ratio
        >>> ratio([1.0, 2.0, 3.0], [2.0, 2.0, 2.0])
        Ratio(median=1.0, low=0.75, high=1.25, rounds=3)
    """
    if min(*subject, *reference) <= 0:
        raise ValueError("times: expected seconds above 0 in every round, got none: the clock is too coarse")
    each = [ours / theirs for ours, theirs in zip(subject, reference, strict=True)]
    low, median, high = statistics.quantiles(each, n=4, method="inclusive")
    return Ratio(median, low, high, len(each))


def overhead(subject: Sequence[float], reference: Sequence[float], calls: int) -> float:
    """Return by how many microseconds an operation takes longer than the reference's, by the median.

    Args:
        subject: seconds per step in each round.
        reference: the other's, in the same rounds.
        calls: the number of operations in a step.
    """
    each = [ours - theirs for ours, theirs in zip(subject, reference, strict=True)]
    return 1e6 * statistics.median(each) / calls
