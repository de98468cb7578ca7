"""The form of an entry: what a `Rule` states about one aten operation, and short ways to write one.

Each family's file lists its rules; rules/__init__.py puts them together. mode.py takes from a rule how its
operation rounds, vectorized.py how it runs on all replicates at once, and the calibration how to measure it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from conformance.arithmetic.rounding import UNDERFLOW, UNIT, converted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from conformance.arithmetic.rules.measuring import MeasuringCall
    from conformance.arithmetic.scratch import Scratch
    from conformance.sampling.values import Array

# The error of a result too small to be rounded relatively, in units of u.
_LEAST = UNDERFLOW / UNIT
# As arrays, which NumPy adds in less time than numbers.
_LEAST_ALONE, _UNDERFLOW_ALONE = np.array(_LEAST), np.array(UNDERFLOW)

# Sources that several rules share.
IEEE = "IEEE 754-2019, 5.4.1: correctly rounded"
MEASURED = "measured: python -m conformance calibrate, reports/calibration.md"
SLEEF = "SLEEF's documentation: 1.0 ULP, 2 roundings; twice that for other libraries, as measured"
HIGHAM = "Higham & Mary 2019, A new approach to probabilistic rounding error analysis: √n, not n, errors"


@dataclass(frozen=True)
class Relative:
    """The operation errs by at most `roundings` roundings of its result.

    Attributes:
        roundings: the number of roundings.
        scalars: Python scalars among the operands are rounded to float32 as well.
    """

    roundings: float
    scalars: bool = False

    def before(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> float:
        """Return how many roundings the result loses, given the operands."""
        del kwargs
        if not self.scalars:
            return self.roundings
        given = (value for value in args if isinstance(value, float) and value)
        return self.roundings + sum(converted(value) / abs(value) for value in given)

    def size(self, before: Any, out: Tensor) -> Any:
        """Return the size of the error of each element of the result, in units of u."""
        # Each of the roundings may be one of a number too small to be rounded relatively.
        size = out.abs().add_(_LEAST)
        return size if before == 1 else size.mul_(before)

    def error(self, before: float, out: Array, unit: float, into: Scratch) -> None:
        """Write the same in units of 1, with that of an underflow; 0 where the result is not finite.

        In NumPy, which takes half of torch's time for the few numbers that most results have.

        Args:
            before: how many roundings the result loses.
            out: the result.
            unit: the size of one rounding.
            into: where it is written, of the shape of the result.
        """
        error = into.array
        np.abs(out, error)
        np.add(error, _LEAST_ALONE, error)
        if before != 1:
            np.multiply(error, before, error)
        np.multiply(error, unit, error)
        np.add(error, _UNDERFLOW_ALONE, error)
        # The sum of the squares is not finite where one of them is not, and seldom else.
        if not into.flat.dot(into.flat) < math.inf:
            error[~np.isfinite(error)] = 0.0

    def __str__(self) -> str:
        noun = "rounding" if self.roundings == 1 else "roundings"
        scalars = ", and of Python scalars" if self.scalars else ""
        return f"{self.roundings:g} {noun} of the result{scalars}"


@dataclass(frozen=True)
class Operands:
    """The operation errs by a function of its operands; its result does not show that, where a sum cancels.

    Attributes:
        function: takes the operation's own arguments; returns the size of the error in units of u, or None
            if nothing is rounded.
        says: the function in words, for the table.
    """

    function: Callable[..., Any]
    says: str

    def before(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Return the size of the error from the operands, which an operation in place will overwrite."""
        if not kwargs:
            return self.function(*args)
        return self.function(*args, **{key: value for key, value in kwargs.items() if key != "out"})

    def size(self, before: Any, out: Tensor) -> Any:
        """Return the size as it is."""
        del out
        return before

    def __str__(self) -> str:
        return self.says


@dataclass(frozen=True)
class Given(Operands):
    """The operation computes nothing, and puts a Python scalar that float32 may not hold.

    What a narrower dtype makes of it follows from the scalar alone (storing.py).
    """

    says: str = "the rounding of a Python scalar that the dtype does not hold, where it is put"


@dataclass(frozen=True)
class Rule:
    """The facts about one aten operation.

    Attributes:
        name: its base name, as `overloads.base_name` makes it.
        source: where its rounding is stated: a standard, a documentation, a paper, or a measurement's
            command.
        rounds: how it rounds; None if it is exact.
        elementwise: each element of the result depends on one element of each operand, and the operands
            broadcast. "in place" means only the form that writes into its first operand.
        together: runs it on all replicates at once where it is not elementwise: takes the replicates and the
            clean arguments, and returns the replicates of its result, or a tuple of them for each. An
            operation with neither runs once per replicate, which is slower.
        decides: "step" if its floating result gives the step of a staircase that each element is on, "answer"
            if that result is zeros and ones; or a function from the operands to the piece of a piecewise
            function that each element is on. Integer and boolean results always decide.
        complexes: it rounds complex operands as it says too; otherwise the operation on them has a rule of
            its own, whose name ends in `_complex`. What is exact is so for complex operands, unless it has
            one.
        view: its results share the storage of its operand, and so its replicates; in place it changes the
            shape.
        valueless: its result does not depend on the values of its operands.
        draws: it writes random numbers into its first operand; the others are parameters of the distribution.
        nearby: how far its operands are moved before it runs on the replicates: takes the operation's own
            arguments; returns for each of the first ones a size in units of u, or None for what is not
            moved. For operations whose results are those of a problem nearby (backward errors): what the
            problem makes of them, its conditioning, is then in the replicates.
        measured: the calls that measure it, unless it is exact.
        file: the file that holds the entry.
    """

    name: str
    source: str
    rounds: Relative | Operands | None = None
    elementwise: bool | Literal["in place"] = False
    together: Callable[..., Any] | None = None
    decides: Literal["step", "answer"] | Callable[..., Tensor] | None = None
    complexes: bool = False
    view: bool = False
    valueless: bool = False
    draws: bool = False
    nearby: Callable[..., tuple[Tensor | None, ...]] | None = None
    measured: tuple[MeasuringCall, ...] = ()
    file: str = ""

    @property
    def holds(self) -> bool:
        """Whether it holds for complex operands, if no other rule does."""
        return self.rounds is None or self.complexes or self.name.endswith("_complex")

    def __post_init__(self) -> None:
        """Refuse an entry that contradicts itself."""
        if self.nearby and not self.rounds:
            raise ValueError(f"{self.name}: expected an operation on moved operands to round its result")
        if self.elementwise and self.together:
            raise ValueError(f"{self.name}: expected elementwise or together, got both")
        if self.view and (self.rounds or self.decides or self.elementwise or self.together):
            raise ValueError(f"{self.name}: expected a view to compute nothing")
        if self.rounds is None and self.measured:
            raise ValueError(f"{self.name}: expected no measuring call, because it is exact")


def exact(*names: str, source: str, **fields: Any) -> tuple[Rule, ...]:
    """Return rules of operations that compute nothing, or whose results float32 holds exactly."""
    return tuple(Rule(name, source, **fields) for name in names)


def rounded(
    name: str, rounds: Relative | Operands, *measured: MeasuringCall, source: str, **fields: Any
) -> Rule:
    """Return the rule of an operation that rounds."""
    return Rule(name, source, rounds, measured=measured, **fields)
