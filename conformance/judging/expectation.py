"""The expectation of a sample in one lane, for any subject: the oracle's arrays and the tolerances.

Made by judging.sample_judge, read by judging.judge and judging.criteria, and by the calibration.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.judging.verdict import Verdict
from conformance.sampling.lanes import carried

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from conformance.cases._axes import Axis
    from conformance.cases._law import Law
    from conformance.judging.verdict import Status
    from conformance.sampling.sample import Sample
    from conformance.sampling.values import Array
    from conformance.subjects.protocol import Trace


def is_gradient(observable: str) -> bool:
    """Whether an observable is a gradient; in a use, its name has a label before the last slash."""
    return observable.rpartition("/")[2].startswith("grad.")


def nan_inputs(
    sample: Sample, inputs: Callable[[], Mapping[str, Array]], differentiable: Iterable[str]
) -> dict[str, Array]:
    """Return by gradient where its own input is NaN; nothing where no regime draws NaN."""
    if sample.regime != "nonfinite":
        return {}
    given = inputs()
    return {f"grad.{name}": np.isnan(given[name]) for name in differentiable}


@dataclass(frozen=True)
class Expectation:
    """The expectation of one sample in one lane.

    Attributes:
        sample: the sample.
        training: its case's outputs are parameters after optimizer steps.
        lane: `float64`, `float32`, `bfloat16` or `float16`.
        oracle: the reference in float64 on the lane's values.
        tolerance: by observable, the tolerance of each element.
        reference: the reference in the lane's dtype: the masks of inf and NaN, and its own error.
        laws: by observable, the laws of those that are random draws: they have no tolerance, and torch's own
            draws are the oracle and the reference.
        at_nan: by gradient, where its own input is NaN; in the regime `nonfinite` only.
        axes: by pattern of observable, the axis along which a failure has a profile.
    """

    sample: Sample
    training: bool
    lane: str
    oracle: Trace
    tolerance: Mapping[str, Array]
    reference: Trace
    laws: Mapping[str, Law] = field(default_factory=dict)
    at_nan: Mapping[str, Array] = field(default_factory=dict)
    axes: Mapping[str, Axis] = field(default_factory=dict)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of every floating observable's array."""
        return np.dtype(carried(self.lane))

    def without_gradients(self) -> Expectation:
        """Return the expectation of the outputs alone, for a subject that has no backward."""
        return replace(self, oracle={name: a for name, a in self.oracle.items() if not is_gradient(name)})

    def verdict(self, observable: str | None, status: Status, **fields: Any) -> Verdict:
        """Return a verdict about this lane of this sample."""
        return Verdict.on(self.sample, self.lane, observable, status, training=self.training, **fields)
