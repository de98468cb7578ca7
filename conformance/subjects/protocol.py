"""The protocol of implementations: a task, and the trace that running it returns.

Tasks are made by judging.sample_judge and judging.bad_calls, and given to the reference and to every subject.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from conformance.sampling.sample import Sample
from conformance.sampling.values import Array, fill, make, strided

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases.case import BadCall, Case
    from conformance.sampling.sample import Scalar

# The named arrays of one run: outputs by their names, gradients as `grad.` and the input's name.
Trace = dict[str, Array]

# A lane is the dtype in which the subject computes, and is named by it.
LANES = ("float64", "float32")


@dataclass(frozen=True)
class Task:
    """One run of a case: which arrays, in which dtype, and the cotangents of its outputs.

    Attributes:
        case: the case to run.
        sample: the drawn configuration.
        dtype: `float32` or `float64`, of every array.
        carrier: the dtype in which the values were made; the oracle runs float32 values in float64.
        stored: arrays to use instead of the drawn ones (a bundle's).
    """

    case: Case
    sample: Sample
    dtype: str
    carrier: str = ""
    stored: Mapping[str, Array] = field(default_factory=dict)

    @property
    def bad_call(self) -> BadCall | None:
        """The bad call; None in a good call."""
        return None

    @property
    def config(self) -> dict[str, Scalar]:
        """Sizes and flags by name."""
        return dict(self.sample.settings)

    @cached_property
    def _arrays(self) -> dict[str, Array]:
        return self._made()

    def _made(self) -> dict[str, Array]:
        drawn = make(self.sample, dict(self.case.inputs(self.sample.settings)), self.carrier or self.dtype)
        return {name: self.stored.get(name, array).astype(self.dtype) for name, array in drawn.items()}

    def inputs(self) -> Trace:
        """Return copies of the arrays, by the reference's names; callers may modify them."""
        copy = strided if self.sample.shape_class == "strided" else np.copy
        return {name: copy(array) for name, array in self._arrays.items()}

    @cached_property
    def differentiable(self) -> frozenset[str]:
        """The names of the inputs whose gradients are observables."""
        if self.case.training:
            return frozenset()
        return frozenset(name for name, spec in self.case.inputs(self.sample.settings).items() if spec.grad)

    def cotangent(self, output: str, shape: tuple[int, ...]) -> Array:
        """Return the random cotangent of an output; it depends on the sample, the name and the shape only."""
        # Cached, because the replicates of the oracle and a hundred faults use the same.
        if (output, shape) not in self._cotangents:
            self._cotangents[output, shape] = self._cotangent(output, shape)
        return self._cotangents[output, shape].copy()

    @cached_property
    def _cotangents(self) -> dict[tuple[str, tuple[int, ...]], Array]:
        return {}

    def _cotangent(self, output: str, shape: tuple[int, ...]) -> Array:
        name = f"cotangent.{output}"
        if name in self.stored and self.stored[name].shape == shape:
            return self.stored[name].astype(self.dtype)
        return fill(self.sample, name, shape).astype(self.carrier or self.dtype).astype(self.dtype)


@dataclass(frozen=True, kw_only=True)
class BadCallTask(Task):
    """The task of a bad call: a good configuration with something wrong on purpose.

    Attributes:
        wrong: the bad call.
    """

    wrong: BadCall

    @classmethod
    def of(cls, case: Case, wrong: BadCall, seed: int) -> BadCallTask:
        """Return the task of a case's bad call, which starts from the case's one good configuration."""
        sample = Sample(case.name, seed, 0, "small", "normal", tuple(case.base.items()))
        return cls(case, sample, "float32", wrong=wrong)

    @property
    def bad_call(self) -> BadCall:
        """The bad call."""
        return self.wrong

    @property
    def config(self) -> dict[str, Scalar]:
        """Sizes and flags by name, with those that are wrong."""
        return super().config | dict(self.wrong.config)

    def _made(self) -> dict[str, Array]:
        arrays = super()._made()
        for name, shape in self.wrong.shapes.items():
            arrays[name] = fill(self.sample, name, shape).astype(self.dtype)
        for name, dtype in self.wrong.dtypes.items():
            arrays[name] = arrays[name].astype(dtype)
        return arrays


@runtime_checkable
class Implementation(Protocol):
    """Runs cases: the reference, or a subject."""

    @property
    def name(self) -> str:
        """The name that reports use."""

    def unsupported(self, task: Task) -> str | None:
        """Return why this task cannot be run, or None; the reason becomes that of a SKIP verdict."""

    def run(self, task: Task) -> Trace:
        """Run forward and, for every differentiable input, backward under the task's cotangents.

        Returns:
            Outputs by name and gradients as `grad.NAME`, in the reference's names and layout.

        Raises:
            Exception: of any class; it becomes an ERROR verdict, or the verdict of a bad call.
        """
