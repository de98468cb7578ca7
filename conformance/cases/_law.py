"""The law of an observable that is drawn at random: what is known of it before it is drawn.

A case of draws declares one law for each random output, and judging.distributions tests the draws by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import ClassVar

# How many numbers a program draws for one observable. It follows from the two differences that must be
# noticed, 5 % in a standard deviation and 0.02 in a distribution function; a test derives the least number
# from the share of false alarms, and compares.
DRAWS = 90_000
# Of the normal distribution, so that the kurtosis of a sum of twelve uniform numbers, 2.9, is noticed.
NORMAL_DRAWS = 400_000
# Orders of eight places, so that swapping each with any other, which prefers some orders, is noticed.
ORDERS, PLACES = 2000, 8


@dataclass(frozen=True)
class Continuous:
    """Real numbers that are drawn independently from one distribution without atoms.

    Attributes:
        low: no draw lies below.
        high: no draw lies above.
        uniform: the density is the same everywhere between the two, so that draws come near both.
        open: `high` itself is not drawn.
        axes: the axes along which neighbours are independent.
    """

    low: float = -inf
    high: float = inf
    uniform: bool = False
    open: bool = False
    axes: tuple[int, ...] = (0,)

    @property
    def tests(self) -> tuple[str, ...]:
        """The names of the tests that have a share of the false alarms."""
        moments = ("distribution function", "mean", "standard deviation", "kurtosis", "equal numbers")
        ends = ("gap below", "gap above") if self.uniform else ()
        return (*moments, *ends, *_neighbours(self.axes))


@dataclass(frozen=True)
class Discrete:
    """Numbers that are drawn independently from a list.

    Attributes:
        values: the numbers, in ascending order. Draws are compared with them to five digits, as what a layer
            makes of a draw is rounded.
        axes: the axes along which neighbours are independent.
    """

    values: tuple[float, ...]
    axes: tuple[int, ...] = (0,)

    @property
    def tests(self) -> tuple[str, ...]:
        """The names of the tests that have a share of the false alarms."""
        return ("counts", *_neighbours(self.axes))


@dataclass(frozen=True)
class Permutations:
    """Orders of the numbers from 0, one in each row, drawn independently and evenly."""

    tests: ClassVar[tuple[str, ...]] = ("places", "first two", "neighbouring orders")


Law = Continuous | Discrete | Permutations


def _neighbours(axes: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(f"neighbours on axis {axis}" for axis in axes)
