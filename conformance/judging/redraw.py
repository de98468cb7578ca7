"""Draws a sample again where noise changes a branch of its program, or where an array is constant.

Called by judging.prepared, once per sample; the draw that is judged and its deviations come out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from conformance.arithmetic.constants import constants
from conformance.errors import DegenerateError, NoiseError
from conformance.judging.scales import base, measured

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.arithmetic.deviation import Deviation
    from conformance.cases.case import Case
    from conformance.sampling.sample import Sample
    from conformance.sampling.values import Array
    from conformance.subjects.protocol import Task


def first_steady(
    case: Case, sample: Sample, stored: Mapping[str, Array]
) -> tuple[Sample, Mapping[str, Deviation]]:
    """Return the first repetition of a draw that can be judged, and its observables' deviations.

    Args:
        case: the sample's case.
        sample: the draw.
        stored: arrays that replace drawn ones; they are taken as they are.

    Raises:
        DegenerateError: none of the repetitions that the constants allow can be judged; it says why.
        NoiseError: an operation of the case's program has no rule, or takes noisy numbers out of tensors.
    """
    for _ in range(constants().redraws + 1):
        task = base(case, sample, stored)
        why = "" if stored else _degenerate(task)
        try:
            deviations = None if why else measured(task)
        except NoiseError as error:
            error.add_note(f"in {sample.text}")
            raise
        if deviations is not None:
            return sample, deviations
        why = why or (
            "noise took another branch: it draws too near a tie, compares what rounding decides, or leaves "
            "the range of float32"
        )
        sample = sample.redrawn()
    raise DegenerateError(f"{sample.text}: degenerate in {constants().redraws + 1} draws; {why}")


def _degenerate(task: Task) -> str | None:
    """Return why a draw cannot tell right from wrong: with constant weights any order of gates is right."""
    for name, array in task.inputs().items():
        if _constant(array):
            return f"{name} is constant"
    # The sum as the loss is a constant cotangent.
    if task.differentiable and _constant(task.cotangent("output", (8,))):
        return "the cotangents are constant"
    return None


def _constant(array: Array) -> bool:
    return array.size > 2 and np.issubdtype(array.dtype, np.floating) and bool((array == array.flat[0]).all())
