"""Whether a fault explains what a subject returned: the reference is made wrong in that way and compared.

Called by diagnosis.nearest and diagnosis.less_accurate, for one observation of the subject at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conformance.arithmetic.rules import ACCURACIES
from conformance.arithmetic.tolerance import UNIT, scale
from conformance.errors import NoiseError
from conformance.faults import faulty
from conformance.judging.expectation import is_gradient
from conformance.judging.judge import errors
from conformance.judging.scales import allowed, base, measured, measured_in_half
from conformance.subjects.answers import NotNumbersError, numbers
from conformance.subjects.protocol import HALF_LANES, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.faults.fault import Fault
    from conformance.judging.expectation import Expectation
    from conformance.judging.sample_judge import Prepared
    from conformance.sampling.sample import Scalar
    from conformance.sampling.values import Array
    from conformance.subjects.protocol import Trace

# A fault that is so many roundings of its largest number away may itself amplify rounding, and its own
# deviation decides; one that is further away is another function. Of half types that would be everything.
_NEAR, _NEAREST = 1e5, 1e-2

_NOTHING = np.zeros(0)

# Of the tolerance: so large an error of the fault's own is more than that of another order of roundings.
_SHOWN = 0.5

# Of the largest number: the same program rounds so often in another library.
_ROUNDINGS = 64


@dataclass(frozen=True)
class Observation:
    """What a subject returned on one sample in one lane.

    Attributes:
        prepared: the sample.
        lane: the lane.
        trace: what the subject returned.
        again: asks it once more.
    """

    prepared: Prepared
    lane: str
    trace: Trace
    again: Callable[[], Trace] | None = None

    @property
    def expected(self) -> Expectation:
        """What was expected of it."""
        return self.prepared.expectations[self.lane]

    @property
    def names(self) -> list[str]:
        """The observables that are compared: without gradients, where the subject returned none."""
        forward_only = not any(is_gradient(name) for name in self.trace)
        return [name for name in self.expected.oracle if not (forward_only and is_gradient(name))]

    @property
    def outputs(self) -> Observation:
        """The same without gradients."""
        return replace(self, trace={name: a for name, a in self.trace.items() if not is_gradient(name)})

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


@dataclass(frozen=True)
class _Reseeded(Task):
    """A task whose program seeds its generator otherwise, if it does.

    Attributes:
        seed: the seed.
    """

    seed: int = 0

    @property
    def config(self) -> dict[str, Scalar]:
        config = super().config
        return {**config, "generator": self.seed} if "generator" in config else config


class Hypothesis:
    """That a subject is wrong in one way: the reference is made wrong in that way, and compared.

    What it returns is kept by sample and lane, for other subjects.

    Args:
        fault: the way to be wrong.
        seed: the seed of what it draws at random; by default that of the sample, if it has one.

    Attributes:
        certain: what it explains is explained to the last digit.
    """

    certain = True

    def __init__(self, fault: Fault, seed: int = 0) -> None:
        self.fault = fault
        self._seed = seed
        self._program = faulty(fault, "torch")
        self._traces: dict[tuple[str, str, str], Trace | None] = {}
        self._tolerances: dict[tuple[str, str, str], Mapping[str, Array]] = {}

    def explains(self, seen: Observation) -> bool:
        """Whether a subject returned what the wrong reference returns.

        Two tolerances are asked, the cheap one first: that of the sample, and where the subject is near but
        not within it, that of the wrong program, because a fault may amplify rounding.

        Args:
            seen: what the subject returned.
        """
        expected = self.expected(seen)
        if expected is None or (seen.formal and not self._lacks(seen)):
            return False
        near = min(_NEAR * UNIT[seen.lane], _NEAREST)
        found = compared(expected, seen, near)
        if found.ratio <= 1 or not self._shows(seen):
            return found.ratio <= 1
        if found.size <= near and any(self._within(expected, seen, accuracy) for accuracy in ACCURACIES):
            return True
        return self._rounds_alike(expected, seen)

    def contradicts(self, seen: Observation) -> bool:
        """Whether a subject that passes would have failed, and in another way than it may."""
        return self._shows(seen) and not self.explains(seen)

    def _within(self, expected: Expectation, seen: Observation, accuracy: str) -> bool:
        """Whether a subject is within the tolerance of the wrong program, in an accuracy class.

        What is also less accurate where tanh or sigmoid are tiny still has its fault named.
        """
        own = self._tolerance(seen, accuracy)
        if any(own.get(name, _NOTHING).shape != array.shape for name, array in expected.oracle.items()):
            return False
        return compared(replace(expected, tolerance=own), seen).ratio <= 1

    def _rounds_alike(self, expected: Expectation, seen: Observation) -> bool:
        """Whether a subject is some roundings away from the wrong program in its lane.

        Two programs that add a large number lose the same digits by it. The tolerances are those of the right
        numbers, which may be smaller.
        """
        own = self._run(seen.prepared.tasks[seen.lane]) or {}
        if any(own.get(name, _NOTHING).shape != array.shape for name, array in expected.oracle.items()):
            return False
        oracle = {name: own[name].astype(array.dtype) for name, array in expected.oracle.items()}
        rounding = {name: _ROUNDINGS * UNIT[seen.lane] * _largest(own[name]) for name in oracle}
        tolerance = {name: array + rounding[name] for name, array in expected.tolerance.items()}
        alike = replace(expected, oracle=oracle, reference=own, tolerance=tolerance)
        return compared(alike, seen).ratio <= 1

    def _lacks(self, seen: Observation) -> bool:
        """Whether it lacks the gradients that the subject lacks, which are all that is wrong."""
        returned = self._run(seen.prepared.tasks[seen.lane]) or {}
        return bool(seen.lacking) and seen.lacking == {name for name in seen.names if name not in returned}

    def _shows(self, seen: Observation) -> bool:
        """Whether it shows in the lane; a program that only rounds more often explains nothing."""
        own = self._run(seen.prepared.tasks[seen.lane])
        if own is None:
            return False
        trace = {name: own[name] for name in seen.names if name in own}
        return compared(seen.expected, replace(seen, trace=trace)).ratio > _SHOWN

    def expected(self, seen: Observation) -> Expectation | None:
        """Return what the wrong program is expected to return; None where it cannot run the sample."""
        returned = self._run(seen.task)
        if returned is None:
            return None
        clean = seen.expected
        # A gradient that is not there is zero; an output that is not there has to be missing on both sides.
        if any((name in returned) != (name in seen.trace) for name in seen.names if not is_gradient(name)):
            return None
        oracle = {
            name: returned.get(name, np.zeros(clean.oracle[name].shape))
            for name in seen.names
            if name in returned or is_gradient(name)
        }
        reference: Trace = oracle
        if not (_finite(oracle) and _finite(seen.trace)):
            # What is inf or NaN is decided in the range of the lane.
            found = self._run(seen.prepared.tasks[seen.lane])
            reference = {} if found is None else {name: found.get(name, oracle[name]) for name in oracle}
            if any(name not in reference or reference[name].shape != oracle[name].shape for name in oracle):
                return None
        tolerance = {name: _fitting(clean.tolerance[name], oracle[name]) for name in oracle}
        return replace(clean, oracle=oracle, reference=reference, tolerance=tolerance)

    def _run(self, task: Task) -> Trace | None:
        key = (task.sample.text, task.dtype, task.carrier)
        if key not in self._traces:
            try:
                with np.errstate(all="ignore"):
                    self._traces[key] = self._program.run(self._seeded(task))
            except Exception:  # noqa: BLE001 - a fault does not fit every configuration, and explains nothing there
                self._traces[key] = None
        return self._traces[key]

    def _seeded(self, task: Task) -> Task:
        """Return a task with the same values, and draws by another seed."""
        if not self._seed:
            return task
        import torch

        torch.manual_seed(self._seed)
        return _Reseeded(**{each.name: getattr(task, each.name) for each in fields(task)}, seed=self._seed)

    def _tolerance(self, seen: Observation, accuracy: str) -> Mapping[str, Array]:
        """Return the tolerances that follow from the wrong program's deviation; none where it has none."""
        key = (seen.prepared.sample.text, seen.lane, accuracy)
        if key not in self._tolerances:
            prepared, half = seen.prepared, seen.lane in HALF_LANES
            task = base(prepared.case, prepared.sample, prepared.stored, seen.lane if half else "float32")
            of_half = partial(measured_in_half, inside=prepared.inside)
            measure = of_half if half else partial(measured, accuracy=accuracy)
            try:
                found = measure(task, by=self._program)
            except (NoiseError, RuntimeError):
                # The text of a fault may compute by what has no rule.
                found = None
            known = {} if found is None or isinstance(found, str) else found
            # Of whole numbers, something wrong need not make whole numbers.
            self._tolerances[key] = allowed({name: scale(each, seen.lane) for name, each in known.items()})
        return self._tolerances[key]


def _finite(trace: Mapping[str, object]) -> bool:
    arrays = [each for each in trace.values() if isinstance(each, np.ndarray) and each.dtype.kind == "f"]
    return all(np.isfinite(array).all() for array in arrays)


def _largest(array: Array) -> float:
    return float(np.abs(array[np.isfinite(array)]).max(initial=0))


def _fitting(tolerance: Array, oracle: Array) -> Array:
    """Return the tolerance of each element; of another shape, the least for all."""
    if tolerance.shape == oracle.shape:
        return tolerance
    return np.full(oracle.shape, tolerance.min(initial=np.inf) if tolerance.size else 0.0)
