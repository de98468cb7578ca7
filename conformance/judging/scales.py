"""The scales of a sample's tolerances, from the noise that is measured on the oracle.

Called by judging.prepared, once per sample, and once more where the other accuracy class is asked for.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from conformance.arithmetic.formats import TORCHS
from conformance.subjects.protocol import HALF_LANES, Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.arithmetic.deviation import Deviation
    from conformance.arithmetic.formats import Inside
    from conformance.arithmetic.tolerance import Scale
    from conformance.cases.case import Case
    from conformance.sampling.sample import Sample
    from conformance.sampling.values import Array
    from conformance.subjects.protocol import Trace
    from conformance.subjects.torchlike import TorchLike

# The regimes with zeros of zeros, which no rounding moves: columns of whole numbers can be zeros too.
_EXACT_ZEROS = frozenset({"zeros", "ties", "integer"})

# The regimes whose results may leave the range of float32. In the others a draw that does is not stable, such
# as a long sequence through a relu layer that doubles its state: where it is infinite, gradients are others.
_OUT_OF_RANGE = frozenset({"huge", "steep", "saturated", "nonfinite"})


# The regimes whose values half types lack: beyond or below the range of float16, or equal where both round.
_NOT_IN_HALF = frozenset({"tiny", "huge", "steep", "offset"})


def base(case: Case, sample: Sample, stored: Mapping[str, Array], lane: str = "float32") -> Task:
    """Return the task that is measured, on float32 values, or on those of a half type.

    Both other lanes can hold those of float32, or differ from them by less than a rounding.
    """
    return Task(case, sample, "float64", carrier=lane, stored=stored)


def measured_in_half(
    task: Task, inside: Inside = TORCHS, by: TorchLike | None = None
) -> Mapping[str, Deviation] | str:
    """Return the deviations of a task on values of a half type, or why it is not judged in that.

    Args:
        task: the task, on values of that type.
        inside: what its operations compute and add up in.
        by: what runs it on torch; by default the reference.

    Raises:
        NoiseError: see `measured`.
        UsageError: the type has no such arithmetic; see `formats.precision`.
    """
    from conformance.arithmetic.deviation import deviations
    from conformance.arithmetic.formats import precision
    from conformance.arithmetic.storing import Stores
    from conformance.subjects import pytorch

    regime, of, by = task.sample.regime, precision(task.carrier, *inside), by or pytorch.make()
    if regime in _NOT_IN_HALF:
        return f"values of the regime {regime} are not in {task.carrier}"
    found = deviations(
        partial(by.observables, task),
        task.sample.text,
        zeros=regime in _EXACT_ZEROS,
        most=of.values.largest,
        stores=Stores(of),
    )
    return found or f"rounding to {task.carrier} decides which branch is taken, or leaves its range"


def measured(
    task: Task, accuracy: str = "relative", by: TorchLike | None = None
) -> Mapping[str, Deviation] | None:
    """Return the deviations of a task's observables in an accuracy class; None where noise changed a branch.

    Args:
        task: the task.
        accuracy: `relative` or `absolute`, of tanh and sigmoid.
        by: what runs it on torch; by default the reference.

    Raises:
        NoiseError: an operation has no rule, or the program takes noisy numbers out of tensors.
    """
    from conformance.arithmetic.deviation import deviations
    from conformance.arithmetic.rules import ACCURACIES
    from conformance.subjects import pytorch

    run, sample = partial((by or pytorch.make()).observables, task), task.sample
    return deviations(
        run,
        sample.text,
        zeros=sample.regime in _EXACT_ZEROS,
        rules=ACCURACIES[accuracy],
        most=math.inf if sample.regime in _OUT_OF_RANGE else float(np.finfo(np.float32).max),
    )


def scales(task: Task, lane: str, names: Trace, deviations: Mapping[str, Deviation]) -> dict[str, Scale]:
    """Return the scale of each named observable of a task in a lane."""
    from conformance.arithmetic.tolerance import scale

    # Half types do not hold the sums of as many whole numbers.
    exact = task.case.exact_on_integers and task.sample.regime == "integer" and lane not in HALF_LANES
    return {name: scale(deviations[name], lane, exact=exact) for name in names}


def allowed(scales: Mapping[str, Scale]) -> dict[str, Array]:
    """Return the tolerances of each observable."""
    return {name: each.allowed() for name, each in scales.items()}
