"""What calls of a candidate are compared with: inputs, cotangents, and right numbers with their tolerances.

Made by checking.check and asked by checking.judge; each trial is measured once (reference.draws), when it is
first needed.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from conformance.arithmetic.constants import constants
from conformance.arithmetic.tolerance import Scale
from conformance.errors import DegenerateError, UsageError
from conformance.reference.draws import BRANCH, draw
from conformance.reference.program import Program, leaves
from conformance.sampling.sample import raw_words
from conformance.subjects.modes import quietly_on_one_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from conformance.checking.inputs import Inputs, Shapes
    from conformance.checking.reference import Reference
    from conformance.reference.draws import Draw


class UnjudgedError(Exception):
    """A trial cannot be judged; the message says why."""


class Key(NamedTuple):
    """Which trial: draw, scale, place in the list of shapes, whose parameters, and whether after `eval()`."""

    draw: int = 0
    scale: float = 1
    shape: int = -1
    instance: int = 0
    evaluated: bool = False


@dataclass(frozen=True)
class Trial:
    """Inputs and what is right for them.

    Attributes:
        inputs: the arguments.
        cotangents: by output, of floating outputs; of those that are reported the weights of their squares.
        right: the right numbers and what each may differ by.
    """

    inputs: tuple[Any, ...]
    cotangents: Mapping[str, Tensor]
    right: Draw

    def under(self, factor: float) -> Trial:
        """Return the trial with cotangents multiplied by a power of two, to which gradients are linear."""
        if factor == 1:
            return self

        oracle, scales = dict(self.right.oracle), dict(self.right.scales)
        for name in self.gradients:
            oracle[name] = oracle[name] * factor
            scales[name] = Scale(scales[name].tensor * factor, scales[name].element * factor)
        cotangents = {name: each * factor for name, each in self.cotangents.items()}
        return Trial(self.inputs, cotangents, replace(self.right, oracle=oracle, scales=scales))

    @cached_property
    def outputs(self) -> list[str]:
        """The names of the outputs."""
        return [*self.right.returned]

    @cached_property
    def instead(self) -> list[str]:
        """The names of what is judged instead of outputs whose signs are free."""
        return [
            name
            for name in self.right.oracle
            if name not in self.right.returned and name not in self.gradients
        ]

    @cached_property
    def gradients(self) -> list[str]:
        """The names of what has a gradient, inputs first."""
        return [name for name in self.right.oracle if name.startswith("grad")]

    @cached_property
    def would_pass(self) -> dict[str, list[str]]:
        """For each output and gradient, which cheap wrong answers would pass."""
        return {name: self._would_pass(name) for name in self.right.oracle}

    def _would_pass(self, name: str) -> list[str]:
        oracle = self.right.oracle[name]
        # Whole numbers and truth values are compared bit by bit; a single number can equal its mean.
        if oracle.dtype.kind != "f" or not oracle.size:
            return []
        return [cheap for cheap, is_seen in self.right.notices(name).items() if not is_seen]


@dataclass
class Trials:
    """All trials of a check.

    Attributes:
        reference: the program.
        inputs: the declared inputs.
        dtype: what the candidate computes in.
        backward: whether gradients are measured.
        seed: of the check.
        shapes: other shapes of the inputs.
        compute: the dtype that its operations compute in; None for that of `formats.precision`.
        accumulate: likewise, the dtype of their partial sums.
        own: the parameters and buffers that the candidate has too, by the reference's names.
    """

    reference: Reference
    inputs: Inputs
    dtype: str
    backward: bool
    seed: int
    shapes: tuple[Shapes, ...] = ()
    compute: str | None = None
    accumulate: str | None = None
    own: set[str] = field(default_factory=set)
    _found: dict[Key, Trial | UnjudgedError] = field(default_factory=dict)

    def get(self, key: Key) -> Trial:
        """Return a trial.

        Raises:
            DegenerateError: rounding decides a branch in too many draws.
            NoiseError: rounding cannot be followed through the program.
            UnjudgedError: the program cannot be judged on inputs of that scale.
            UsageError: the program cannot be run on the declared inputs.
        """
        if key not in self._found:
            try:
                self._found[key] = self._measured(key)
            except (DegenerateError, UsageError) as error:
                if key.scale == 1:
                    raise
                self._found[key] = UnjudgedError(" ".join(str(error).split()))
        found = self._found[key]
        if isinstance(found, UnjudgedError):
            raise found
        return found

    @cached_property
    def states(self) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor]]:
        """The parameters and buffers of the two instances."""
        first = {name: self._rounded(value) for name, (_, value) in self.reference.state.items()}
        kinds = {name: kind for name, (kind, _) in self.reference.state.items()}
        generator = torch.Generator().manual_seed(self._word("parameters"))
        return first, {
            name: self._rounded(_other(value, generator)) if kinds[name] == "P" else value
            for name, value in first.items()
        }

    def state(self, instance: int) -> dict[str, Tensor]:
        """Return the parameters and buffers that an instance of the candidate is given."""
        return {name: value for name, value in self.states[instance].items() if name in self.own}

    @cached_property
    def shares(self) -> Mapping[str, list[str]]:
        """The inputs and parameters whose memory each output of the reference shares."""
        with quietly_on_one_thread():
            # In the dtype of the declared inputs, in which its parameters are.
            return self.reference.shares(self.inputs.drawn(self._word("draw 0, 0"), rounded=False))

    def program(self, instance: int, *, evaluated: bool = False) -> Callable[..., Any]:
        """Return the reference with the parameters of an instance."""
        program = self.reference.program
        if evaluated and isinstance(program, torch.nn.Module):
            program = copy.deepcopy(program).eval()
        if not instance or not isinstance(program, torch.nn.Module):
            return program
        # In the candidate's dtype, which these parameters are rounded to.
        other = copy.deepcopy(program).to(getattr(torch, self.dtype))
        with torch.no_grad():
            for name, value in other.named_parameters():
                value.copy_(self.states[1][name])
        return other

    def _measured(self, key: Key) -> Trial:
        for attempt in range(1 + constants().redraws):
            inputs = self._inputs(key, self._word(f"draw {key.draw}, {attempt}"))
            found = self._trial(key, inputs, self._word(f"cotangents {tuple(key[:-1])}, {attempt}"))
            if found is not None:
                return found
        raise DegenerateError(f"reference: in {1 + constants().redraws} draws {BRANCH}")

    def _inputs(self, key: Key, seed: int) -> tuple[Any, ...]:
        if key.shape >= 0:
            return self.inputs.shaped(self.shapes[key.shape], seed)
        return self.inputs.drawn(seed, key.draw, key.scale)

    def _trial(self, key: Key, inputs: tuple[Any, ...], seed: int) -> Trial | None:
        fn = self.program(key.instance, evaluated=key.evaluated)
        try:
            with quietly_on_one_thread():
                outputs = Program(fn, inputs, self.dtype, backward=False, random=False).observables()
            floating = {name: value for name, value in outputs.items() if value.is_floating_point()}
            generator = torch.Generator().manual_seed(seed)
            cotangents = {
                name: torch.randn(value.shape, generator=generator).to(getattr(torch, self.dtype))
                for name, value in floating.items()
            }
            program = Program(
                fn,
                inputs,
                self.dtype,
                self.backward,
                cotangents=tuple(cotangents.values()),
                random=False,
                compute=self.compute,
                accumulate=self.accumulate,
                weights=True,
            )
            right = draw(program, f"check|{self.seed}|{tuple(key[:-1])}|{seed}")
        except UsageError as error:
            raise UsageError(f"reference: {str(error).removeprefix('fn: ')}") from error
        if right is None:
            return None
        if key.scale != 1 and not all(np.isfinite(each).all() for each in right.oracle.values()):
            raise UsageError("the reference does not stay finite")
        return Trial(inputs, cotangents, right)

    def _rounded(self, value: Tensor) -> Tensor:
        kept = value.detach().cpu()
        return kept.to(getattr(torch, self.dtype)) if kept.is_floating_point() else kept

    def _word(self, what: str) -> int:
        return int(raw_words(f"check|{self.seed}|{what}", 1)[0] % 2**63)


def _other(value: Tensor, generator: torch.Generator) -> Tensor:
    """Return another parameter of the same size and signs; zeros become small numbers."""
    factor = 0.5 + 0.5 * torch.rand(value.shape, generator=generator)
    small = 0.1 * torch.randn(value.shape, generator=generator)
    return torch.where(value == 0, small, value * factor).to(value.dtype)


def tensors_of(inputs: tuple[Any, ...]) -> dict[str, Tensor]:
    """Return the tensors among some inputs, by the names of their gradients."""
    return {name: each for name, each in leaves("grad", list(inputs)) if isinstance(each, torch.Tensor)}
