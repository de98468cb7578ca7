"""Draws of a program's inputs, each measured: its right numbers, and how far rounding moves them.

Called by reference.tolerance and reference.closeness.
"""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from conformance.arithmetic.constants import constants
from conformance.arithmetic.tolerance import scale
from conformance.errors import DegenerateError, UsageError
from conformance.judging.sight import noticed
from conformance.reference.program import Program, as_input
from conformance.reference.sources import measured, sources
from conformance.subjects.modes import quietly_on_one_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.arithmetic.tolerance import Scale
    from conformance.reference.sources import Source
    from conformance.sampling.values import Array

BRANCH = (
    "rounding decides which branch is taken: the program is too near a tie or a kink, or leaves the range of "
    "the dtype"
)


@dataclass(frozen=True)
class Draw:
    """A program on one draw of its inputs.

    Attributes:
        program: the program.
        key: the text from which the noise follows.
        oracle: its right numbers by observable, computed in float64.
        scales: by observable, what its tolerances are multiples of.
        terms: operation that rounds → the most numbers that it adds up to one.
    """

    program: Program
    key: str
    oracle: Mapping[str, Array]
    scales: Mapping[str, Scale]
    terms: Mapping[str, int]

    def allowed(self, name: str) -> Array:
        """Return what each element of an observable may differ by."""
        return self.scales[name].allowed()

    def notices(self, name: str) -> dict[str, bool]:
        """Return whether each of some cheap wrong answers is beyond the tolerance of an observable."""
        oracle = self.oracle[name]
        given = (array for array in self.program.given if array.dtype.kind == oracle.dtype.kind)
        return noticed(oracle, self.allowed(name), given, lane=self.program.dtype)

    def sources(self) -> dict[str, tuple[Source, ...]]:
        """Return the operations that the tolerance of each observable comes from."""
        with quietly_on_one_thread():
            return sources(self.program.observables, self.key, self.terms, self.program.precision)


def draw(program: Program, key: str) -> Draw | None:
    """Measure a program on its inputs; None where noise changed a branch.

    Raises:
        NoiseError: an operation has no rule, or rounding cannot be followed through the program.
        UsageError: see `Program.observables`.
    """
    precision = program.precision
    most = math.inf if program.dtype == "float64" else precision.values.largest
    with quietly_on_one_thread():
        oracle = {name: value.numpy() for name, value in program.observables().items()}
        found = measured(program.observables, key, most, precision)
    if found is None:
        return None
    scales = {name: scale(found.deviations[name], program.dtype) for name in oracle}
    return Draw(program, key, oracle, scales, found.terms)


def measure(
    fn: Callable[..., Any],
    inputs: tuple[Any, ...],
    dtype: str,
    count: int,
    seed: int,
    *,
    backward: bool,
    compute: str | None = None,
    accumulate: str | None = None,
) -> list[Draw]:
    """Measure a program on some draws: of its inputs, if a function draws them, and of cotangents.

    Raises:
        DegenerateError: noise changed a branch in too many draws.
        NoiseError: see `draw`.
        UsageError: see `Program.observables`.
    """
    made = _drawing(inputs)
    left = constants().redraws if made else 0
    found: list[Draw] = []
    number = 0
    while len(found) < count:
        given = made(seed + number) if made else as_input(inputs)
        program = Program(fn, given, dtype, backward, seed + number, compute=compute, accumulate=accumulate)
        each = draw(program, f"tolerance|{seed}|{number}")
        number += 1
        if each is not None:
            found.append(each)
        elif left:
            left -= 1
        else:
            tried = f"in {number - len(found)} of {number} draws" if made else "on these inputs"
            raise DegenerateError(f"fn: {tried} {BRANCH}; give other inputs, or fewer numbers")
    return found


def _drawing(inputs: tuple[Any, ...]) -> Callable[[int], tuple[Any, ...]] | None:
    """Return what draws the inputs from a seed, if that is what was given."""
    if len(inputs) != 1 or not inspect.isroutine(inputs[0]):
        return None
    function = inputs[0]

    def drawn(seed: int) -> tuple[Any, ...]:
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            made = function()
        inputs: tuple[Any, ...] = as_input(made if isinstance(made, tuple) else (made,))
        return inputs

    return drawn


def checked(fn: object, inputs: tuple[Any, ...]) -> None:
    """Refuse what is not a program with its inputs.

    Raises:
        UsageError: fn cannot be called or is a class of modules, or there are no inputs.
    """
    if not callable(fn):
        raise UsageError(f"fn: expected a function of tensors or a module, got {type(fn).__name__}")
    if isinstance(fn, type) and issubclass(fn, torch.nn.Module):
        raise UsageError(f"fn: expected a module, got the class {fn.__name__}: call it with its arguments")
    if not inputs:
        raise UsageError("inputs: expected the arguments of fn, or a function that draws them; got none")
