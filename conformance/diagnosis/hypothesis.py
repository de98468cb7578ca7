"""Whether a fault explains what a subject returned: the reference is made wrong in that way and compared.

Called by diagnosis.nearest and diagnosis.less_accurate, for one observation of the subject at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conformance.arithmetic.tolerance import UNIT
from conformance.errors import NoiseError
from conformance.judging.expectation import is_gradient
from conformance.judging.judge import errors
from conformance.judging.scales import allowed, base, measured, measured_in_half, scales
from conformance.subjects.answers import NotNumbersError, numbers
from conformance.subjects.protocol import HALF_LANES, Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.judging.expectation import Expectation
    from conformance.judging.sample_judge import Prepared
    from conformance.sampling.values import Array
    from conformance.subjects.protocol import Trace
    from conformance.subjects.torchlike import TorchLike

# A fault that is so many roundings of its largest number away may itself amplify rounding, and its own
# deviation decides; one that is further away is another function. Of half types that would be everything.
_NEAR, _NEAREST = 1e5, 1e-2

# Of the tolerance: so large an error of the fault's own is more than that of another order of roundings.
_SHOWN = 0.5


@dataclass(frozen=True)
class Observation:
    """What a subject returned on one sample in one lane.

    Attributes:
        prepared: the sample.
        lane: the lane.
        trace: what the subject returned.
    """

    prepared: Prepared
    lane: str
    trace: Trace

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
    def task(self) -> Task:
        """The same values for a program in float64."""
        task = self.prepared.tasks[self.lane]
        return replace(task, dtype="float64", carrier=self.lane)


class Compared(NamedTuple):
    """How far a subject is from an expectation.

    Attributes:
        ratio: the largest error in tolerances; inf where something is not comparable, or a whole number
            differs.
        size: the largest error of an observable, relative to the observable's largest number.
    """

    ratio: float
    size: float


def compared(expected: Expectation, seen: Observation) -> Compared:
    """Compare what a subject returned with an expectation, which may be of a fault."""
    ratio = size = 0.0
    for name in seen.names:
        found = _compared(expected, name, seen.trace.get(name))
        ratio, size = max(ratio, found.ratio), max(size, found.size)
        if size == np.inf:
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
    largest, worst = (float(a.max(initial=0.0)) for a in (np.abs(oracle[finite]), error))
    with np.errstate(all="ignore"):
        tolerance = np.where(finite, expected.tolerance[name], 0.0)
        ratio = float(np.where(error == 0, 0.0, error / tolerance).max(initial=0.0))
    return Compared(ratio, worst if worst in {0.0, np.inf} or not largest else worst / largest)


def explains(program: TorchLike, seen: Observation) -> bool:
    """Whether a program of torch's that is wrong in some way returns what the subject returned.

    Two tolerances are asked, the cheap one first: that of the sample, and where the program is near but not
    within it, the program's own, because a fault may amplify rounding.

    Args:
        program: the program.
        seen: what the subject returned.
    """
    faulty = expectation(program, seen)
    if faulty is None:
        return False
    found = compared(faulty, seen)
    if found.ratio <= 1:
        return True
    if found.size > min(_NEAR * UNIT[seen.lane], _NEAREST):
        return False
    if not _shows(program, seen):
        return False
    own = _own_tolerance(program, seen, faulty)
    return own is not None and compared(replace(faulty, tolerance=own), seen).ratio <= 1


def _shows(program: TorchLike, seen: Observation) -> bool:
    """Whether a fault shows in the lane; a program that only rounds more often explains nothing."""
    own = _run(program, seen.prepared.tasks[seen.lane])
    if own is None:
        return False
    trace = {name: own[name] for name in seen.names if name in own}
    return compared(seen.expected, replace(seen, trace=trace)).ratio > _SHOWN


def expectation(program: TorchLike, seen: Observation) -> Expectation | None:
    """Return what a program would be expected to return; None where it cannot run the sample."""
    oracle = _run(program, seen.task)
    if oracle is None:
        return None
    clean = seen.expected
    oracle = {name: oracle.get(name, np.zeros(clean.oracle[name].shape)) for name in seen.names}
    reference: Trace = oracle
    if not all(np.isfinite(array).all() for array in oracle.values()) or not _finite(seen.trace):
        # What is inf or NaN is decided in the range of the lane.
        found = _run(program, seen.prepared.tasks[seen.lane])
        if found is None:
            return None
        reference = {name: found.get(name, oracle[name]) for name in oracle}
        if any(reference[name].shape != oracle[name].shape for name in oracle):
            return None
    tolerance = {name: _fitting(clean.tolerance[name], oracle[name]) for name in oracle}
    return replace(clean, oracle=oracle, reference=reference, tolerance=tolerance)


def _run(program: TorchLike, task: Task) -> Trace | None:
    try:
        with np.errstate(all="ignore"):
            return program.run(task)
    except Exception:  # noqa: BLE001 - a fault does not fit every configuration, and then explains nothing
        return None


def _finite(trace: Mapping[str, object]) -> bool:
    arrays = [each for each in trace.values() if isinstance(each, np.ndarray) and each.dtype.kind == "f"]
    return all(np.isfinite(array).all() for array in arrays)


def _fitting(tolerance: Array, oracle: Array) -> Array:
    """Return the tolerance of each element; of another shape, the least for all."""
    if tolerance.shape == oracle.shape:
        return tolerance
    return np.full(oracle.shape, tolerance.min(initial=np.inf) if tolerance.size else 0.0)


def _own_tolerance(program: TorchLike, seen: Observation, faulty: Expectation) -> Mapping[str, Array] | None:
    """Return the tolerances that follow from a program's own deviation; None where it has none."""
    prepared, lane = seen.prepared, seen.lane
    half = lane in HALF_LANES
    task = base(prepared.case, prepared.sample, prepared.stored, lane if half else "float32")
    try:
        found = measured_in_half(task, by=program) if half else measured(task, by=program)
    except (NoiseError, RuntimeError):
        # The text of a fault may compute by what has no rule.
        return None
    if found is None or isinstance(found, str) or not all(name in found for name in faulty.oracle):
        return None
    names = {name: array for name, array in faulty.oracle.items() if found[name].rms.shape == array.shape}
    if len(names) < len(faulty.oracle):
        return None
    return allowed(scales(task, lane, names, found))
