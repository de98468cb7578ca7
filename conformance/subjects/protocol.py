"""The protocol of implementations: a task, and the trace that running it returns.

Tasks are made by judging.prepared and judging.bad_calls, and given to the reference and to every subject.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from conformance.sampling.lanes import EVERY_LANE, HALF_LANES, LANES, carried, rounded
from conformance.sampling.values import Array, Input, fill, make, strided

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases.case import BadCall, Case
    from conformance.sampling.sample import Sample, Scalar

# The named arrays of one run: outputs by their names, gradients as `grad.` and the input's name.
Trace = dict[str, Array]

__all__ = ["EVERY_LANE", "HALF_LANES", "LANES"]  # the names of lanes, which most find here


class _Drawn:
    """The values of one sample, in float64 and as lanes round them; nobody may modify them."""

    def __init__(self, case: Case, sample: Sample) -> None:
        self.case, self.sample = case, sample
        self._cotangents: dict[tuple[str, tuple[int, ...]], Array] = {}
        self._rounded: dict[tuple[str, str], dict[str, Array]] = {}
        self._rounded_cotangents: dict[tuple[str, tuple[int, ...], str, str], Array] = {}

    @cached_property
    def inputs(self) -> Mapping[str, Input]:
        return self.case.inputs(self.sample.settings)

    @cached_property
    def differentiable(self) -> frozenset[str]:
        return frozenset(name for name, spec in self.inputs.items() if spec.grad)

    @cached_property
    def arrays(self) -> dict[str, Array]:
        return make(self.sample, dict(self.inputs), "float64")

    def rounded(self, carrier: str, dtype: str) -> dict[str, Array]:
        """Return the arrays as the tasks of a carrier and a dtype have them."""
        if (carrier, dtype) not in self._rounded:
            found = {name: _rounded(array, carrier, dtype) for name, array in self.arrays.items()}
            self._rounded[carrier, dtype] = found
        return self._rounded[carrier, dtype]

    def cotangent(self, name: str, shape: tuple[int, ...], carrier: str, dtype: str) -> Array:
        """Return a cotangent, likewise."""
        key = name, shape, carrier, dtype
        if key not in self._rounded_cotangents:
            if key[:2] not in self._cotangents:
                self._cotangents[key[:2]] = fill(self.sample, name, shape)
            self._rounded_cotangents[key] = _rounded(self._cotangents[key[:2]], carrier, dtype)
        return self._rounded_cotangents[key]


def _rounded(values: Array, carrier: str, dtype: str) -> Array:
    """Return a copy of values, rounded to the carrier and converted to the dtype."""
    if dtype in {carrier, "float64"}:
        # It holds the numbers of the carrier, so that NumPy has nothing to warn of.
        return rounded(values, carrier).astype(carried(dtype))
    with np.errstate(under="ignore"):
        return rounded(values, carrier).astype(carried(dtype))


# The sample that was drawn last: its lanes, sides and uses follow each other, and take the same values.
_latest: list[_Drawn] = []


def _drawn(case: Case, sample: Sample) -> _Drawn:
    # A case of the same name may be another one.
    plain = sample.plain
    if _latest and _latest[0].case is case:
        latest = _latest[0].sample
        if latest is plain or latest == plain:
            return _latest[0]
    _latest[:] = [_Drawn(case, plain)]
    return _latest[0]


@dataclass(frozen=True)
class Task:
    """One run of a case: which arrays, in which dtype, and the cotangents of its outputs.

    Attributes:
        case: the case to run.
        sample: the drawn configuration.
        dtype: the lane, which is the dtype of every array. NumPy lacks `bfloat16`: its arrays are of float32,
            and of numbers that bfloat16 has.
        carrier: the dtype in which the values were made; the oracle runs float32 values in float64.
        stored: arrays to use instead of the drawn ones (a bundle's).
        bad_call: the mistakes in it, if it is a call that must raise an exception; None in a good call.
    """

    case: Case
    sample: Sample
    dtype: str
    carrier: str = ""
    stored: Mapping[str, Array] = field(default_factory=dict)
    bad_call: BadCall | None = None

    @property
    def config(self) -> dict[str, Scalar]:
        """Sizes and flags by name, with those that are wrong in a bad call."""
        return {**self.sample.settings, **(self.bad_call.config if self.bad_call else {})}

    @cached_property
    def _arrays(self) -> dict[str, Array]:
        drawn = _drawn(self.case, self.sample)
        if not self.stored and not self.bad_call:
            return drawn.rounded(self.carrier or self.dtype, self.dtype)
        arrays = {name: self._rounded(self.stored.get(name, array)) for name, array in drawn.arrays.items()}
        if self.bad_call:
            for name, shape in self.bad_call.shapes.items():
                arrays[name] = fill(self.sample, name, shape).astype(self.dtype)
            for name, dtype in self.bad_call.dtypes.items():
                arrays[name] = arrays[name].astype(dtype)
        return arrays

    def inputs(self) -> Trace:
        """Return copies of the arrays, by the reference's names; callers may modify them."""
        if self.sample.shape_class == "strided":
            return {name: strided(array) for name, array in self._arrays.items()}
        # Of single numbers some are NumPy's scalars.
        return {name: np.array(array) for name, array in self._arrays.items()}

    @cached_property
    def differentiable(self) -> frozenset[str]:
        """The names of the inputs whose gradients are observables."""
        if self.case.training:
            return frozenset()
        return _drawn(self.case, self.sample).differentiable

    def cotangent(self, output: str, shape: tuple[int, ...]) -> Array:
        """Return the random cotangent of an output; it depends on the sample, the name and the shape only."""
        # Kept, because a hundred faults use the same.
        if (output, shape) not in self._cotangents:
            self._cotangents[output, shape] = self._cotangent(f"cotangent.{output}", shape)
        return self._cotangents[output, shape].copy()

    @cached_property
    def _cotangents(self) -> dict[tuple[str, tuple[int, ...]], Array]:
        return {}

    def _cotangent(self, name: str, shape: tuple[int, ...]) -> Array:
        if name in self.stored and self.stored[name].shape == shape:
            return self._rounded(self.stored[name])
        drawn = _drawn(self.case, self.sample)
        return drawn.cotangent(name, shape, self.carrier or self.dtype, self.dtype)

    def _rounded(self, values: Array) -> Array:
        return _rounded(values, self.carrier or self.dtype, self.dtype)


@runtime_checkable
class Implementation(Protocol):
    """Runs cases: the reference, or a subject.

    An attribute `uses` names the uses (`cases._uses`) in which it can be called: a task whose sample has one
    asks for the trace of that use. Without the attribute, it is judged in plain calls only. An attribute
    `supports` declares its limits (`subjects.supports.Supports`); without it, there are none. The attributes
    `excuses`, `accuracy` and `nan_conventions` declare how it differs from torch (`subjects.declarations`).
    """

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


class NoAnswer(Exception):  # noqa: N818 - not an error of the judge: it becomes an ERROR verdict
    """A subject was asked and its answer does not count; the message says why, and becomes that of an ERROR.

    Raised by subjects.in_process, where the subject altered a mode of the reference.
    """


class Ended(NoAnswer):
    """The process of a subject ended, hung or sent garbage; raised by subjects.host.

    It has been started anew where it is asked again. The sample that it ended on is not run again.
    """


def deaths(implementation: Implementation) -> int:
    """Return how often the process of an implementation has ended instead of answering; 0 without one."""
    return int(getattr(implementation, "deaths", 0))
