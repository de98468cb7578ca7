"""Draws of a program's inputs, each measured: its right numbers, and how far rounding moves them.

Called by reference.tolerance and reference.closeness.
"""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from conformance.arithmetic.constants import constants
from conformance.arithmetic.deviation import Deviation
from conformance.arithmetic.formats import HALF
from conformance.arithmetic.tolerance import UNIT, scale
from conformance.errors import DegenerateError, UsageError
from conformance.judging.sight import noticed, wrong_answers
from conformance.reference.decompositions import is_zero
from conformance.reference.factors import rules_for
from conformance.reference.program import Program, as_input
from conformance.reference.sources import measured, sources
from conformance.subjects.modes import quietly_on_one_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.arithmetic.tolerance import Scale
    from conformance.reference.sources import Measured, Source
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
        returned: the names of the outputs that it returns.
        reported: those of them that are not judged as they are, because their signs or their order are free,
            with right numbers. The oracle has the invariants instead (reference.decompositions).
    """

    program: Program
    key: str
    oracle: Mapping[str, Array]
    scales: Mapping[str, Scale]
    terms: Mapping[str, int]
    returned: tuple[str, ...] = ()
    reported: Mapping[str, Array] = field(default_factory=dict)

    def judged(self, got: Mapping[str, Array]) -> tuple[dict[str, Array], list[str]]:
        """Return what is compared of some results, by observable, and what is wrong with factors among them.

        Where factors are missing or have another form, there are no invariants of them.
        """
        found = {name: array for name, array in got.items() if name not in self.reported}
        wrong = []
        for each in self.program.factored:
            parts = [part for name in each.places for part in each.parts(name)]
            told = [
                unlike(part, got[part], self.reported[part])
                for part in parts
                if part in got and part in self.reported
            ]
            wrong += [each for each in told if each]
            expected = {**self.oracle, **self.reported}
            if all(part in got and not unlike(part, got[part], expected[part]) for part in parts):
                made = each.invariants({part: _tensor(got[part]) for part in parts})
                found |= {name: value.numpy() for name, value in made.items()}
        return found, wrong

    @property
    def told(self) -> str:
        """What is said of the outputs that are reported; empty where all are judged."""
        return "\n".join(
            f"{', '.join(each.outputs)}: reported, not judged: {each.decomposition.free} free"
            for each in self.program.factored
        )

    def allowed(self, name: str) -> Array:
        """Return what each element of an observable may differ by."""
        return self.scales[name].allowed()

    def notices(self, name: str) -> dict[str, bool]:
        """Return whether each of some cheap wrong answers is beyond the tolerance of an observable."""
        oracle = self.oracle[name]
        if name.startswith("output") and name not in self.returned:
            return self._noticed_of_factors(name)
        given = (array for array in self.program.given if array.dtype.kind == oracle.dtype.kind)
        return noticed(oracle, self.allowed(name), given, lane=self.program.dtype)

    def _noticed_of_factors(self, name: str) -> dict[str, bool]:
        """Return the same of an invariant, which is made of wrong factors: all of them zero, say."""
        found = {}
        for wrong, answer in wrong_answers(self.program.dtype).items():
            factors = {
                part: np.asarray(answer(right) + np.zeros_like(right))
                for part, right in self.reported.items()
            }
            made, _ = self.judged({**self.oracle, **factors})
            found[wrong] = not (np.abs(made[name] - self.oracle[name]) <= self.allowed(name)).all()
        return found

    def sources(self) -> dict[str, tuple[Source, ...]]:
        """Return the operations that the tolerance of each observable comes from."""
        with quietly_on_one_thread():
            return sources(
                self.program.observables,
                self.key,
                self.terms,
                self.program.precision,
                rules=rules_for(self.program.factored, alone=not self.program.backward),
                further=self.program.invariants,
            )


def draw(program: Program, key: str, replicates: int | None = None) -> Draw | None:
    """Measure a program on its inputs; None where noise changed a branch.

    Args:
        program: the program.
        key: the text from which the noise follows.
        replicates: how many noisy values each number has; by default as many as the constants say.

    Raises:
        NoiseError: an operation has no rule, or rounding cannot be followed through the program.
        UsageError: see `Program.observables`.
    """
    precision = program.precision
    most = math.inf if program.dtype == "float64" else precision.values.largest
    with quietly_on_one_thread():
        right = program.observables()
        numbers = {name: value.numpy() for name, value in right.items()}
        instead = program.invariants(right)
        rules = rules_for(program.factored, alone=not program.backward)
        found = measured(
            program.observables,
            key,
            most,
            precision,
            rules=rules,
            further=program.invariants,
            count=replicates,
        )
    if found is None:
        return None
    free = {name for each in program.factored for name in each.outputs}
    # A residual of the right factors is zero, and not what float64 leaves of it.
    invariants = {
        name: np.zeros(value.shape) if is_zero(name) else value.numpy() for name, value in instead.items()
    }
    outputs = {name: value for name, value in numbers.items() if name.startswith("output")}
    ordered = outputs | invariants | numbers
    oracle = {name: value for name, value in ordered.items() if name not in free}
    return Draw(
        program,
        key,
        oracle,
        {name: scale(_departed(name, found, instead, program), program.dtype) for name in oracle},
        found.terms,
        tuple(outputs),
        {name: value for name, value in outputs.items() if name in free},
    )


def _departed(name: str, found: Measured, instead: Mapping[str, torch.Tensor], program: Program) -> Deviation:
    """Return a deviation, of products of vectors with what the rotations do that made them."""
    own = found.deviations[name]
    unit = program.precision.compute.unit if program.dtype in HALF else UNIT["float32"]
    for each in program.factored:
        stated = each.departures({name: instead[name]} if name in instead else {})
        if name in stated:
            rms = np.hypot(own.rms, unit * stated[name].numpy())
            c = constants()
            # As large as the other constant allows: that of the elements decides.
            return Deviation(max(own.largest, c.element / c.tensor * float(rms.max(initial=0.0))), rms)
    return own


def unlike(name: str, array: Array, expected: Array) -> str | None:
    """Return how an array differs from another one in form; None if it does not."""
    if array.shape != expected.shape:
        return f"{name}: expected the shape {expected.shape}, got {array.shape}"
    if array.dtype.kind != expected.dtype.kind:
        return f"{name}: expected numbers like {expected.dtype}, got {array.dtype}"
    return None


def _tensor(array: Array) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.float64))


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
