"""The scales of a sample's tolerances, from the noise that is measured on the oracle.

Called by judging.sample_judge, once per sample, and once more where the other accuracy class is asked for.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from conformance.subjects.protocol import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.arithmetic.deviation import Deviation
    from conformance.arithmetic.tolerance import Scale
    from conformance.cases.case import Case
    from conformance.sampling.sample import Sample
    from conformance.sampling.values import Array
    from conformance.subjects.protocol import Trace

# The regimes with zeros of zeros, which no rounding moves: columns of whole numbers can be zeros too.
_EXACT_ZEROS = frozenset({"zeros", "ties", "integer"})

# The regimes whose results may leave the range of float32. In the others a draw that does is not stable, such
# as a long sequence through a relu layer that doubles its state: where it is infinite, gradients are others.
_OUT_OF_RANGE = frozenset({"huge", "steep", "saturated", "nonfinite"})


def base(case: Case, sample: Sample, stored: Mapping[str, Array]) -> Task:
    """Return the task that is measured, on float32 values.

    Both lanes can hold those, or differ from them by less than a rounding.
    """
    return Task(case, sample, "float64", carrier="float32", stored=stored)


def measured(task: Task, accuracy: str = "relative") -> Mapping[str, Deviation] | None:
    """Return the deviations of a task's observables in an accuracy class; None where noise changed a branch.

    Raises:
        NoiseError: an operation has no rule, or the program takes noisy numbers out of tensors.
    """
    from conformance.arithmetic.deviation import deviations
    from conformance.arithmetic.rules import ACCURACIES
    from conformance.subjects import pytorch

    run, sample = partial(pytorch.make().observables, task), task.sample
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

    exact = task.case.exact_on_integers and task.sample.regime == "integer"
    return {name: scale(deviations[name], lane, exact=exact) for name in names}


def allowed(scales: Mapping[str, Scale]) -> dict[str, Array]:
    """Return the tolerances of each observable."""
    return {name: each.allowed() for name, each in scales.items()}
