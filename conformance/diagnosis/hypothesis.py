"""Whether a fault explains what a subject returned: the reference is made wrong in that way and compared.

Called by diagnosis.nearest and diagnosis.less_accurate, for one observation of the subject at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from conformance.arithmetic.rules import ACCURACIES
from conformance.arithmetic.tolerance import UNIT, scale
from conformance.diagnosis.observation import compared
from conformance.errors import NoiseError
from conformance.faults import faulty
from conformance.judging.expectation import is_gradient
from conformance.judging.scales import allowed, base, measured, measured_in_half
from conformance.subjects.protocol import HALF_LANES, Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.diagnosis.observation import Observation
    from conformance.faults.fault import Fault
    from conformance.judging.expectation import Expectation
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
    """

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

    def certain(self, seen: Observation) -> bool:
        """Whether what it explains is explained to the last digit."""
        del seen
        return True

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
