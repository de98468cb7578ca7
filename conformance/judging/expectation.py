"""The expectation of a sample in one lane, for any subject: the oracle's arrays and the tolerances.

Made by judging.prepared, read by judging.judge and judging.criteria, and by the calibration.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.judging.sight import noticed
from conformance.judging.target import Target
from conformance.judging.verdict import Verdict
from conformance.sampling.lanes import carried
from conformance.sampling.space import HOLLOW

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
        inputs: returns the arrays that the program is given.
        one_side: of differences of two sides, returns the numbers of one, before the other is subtracted.
        constant: by pattern of observable, why it is constant by definition.
        known: by observable, which wrong answers would pass, where that was found out before.
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
    inputs: Callable[[], Trace] = dict
    one_side: Callable[[], Trace] | None = None
    constant: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, list[str] | None] = field(default_factory=dict)
    _blind: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _targets: dict[str, Target] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of every floating observable's array."""
        return np.dtype(carried(self.lane))

    def without_gradients(self) -> Expectation:
        """Return the expectation of the outputs alone, for a subject that has no backward."""
        return replace(self, oracle={name: a for name, a in self.oracle.items() if not is_gradient(name)})

    def target(self, name: str) -> Target:
        """Return what the numbers of a floating observable are compared with; it is kept."""
        if name not in self._targets:
            arrays = self.oracle[name], self.reference[name], self.tolerance[name]
            self._targets[name] = Target.of(*arrays, self.lane)
        return self._targets[name]

    def would_pass(self, name: str) -> list[str] | None:
        """Return the cheap wrong answers (`judging.sight`) that would pass as an observable.

        They follow from the reference alone, so that they are the same for any subject. Of random draws and
        of what has no elements, None; and of a flag, a count or an index, which is a single whole number, so
        that any other would be noticed.
        """
        if name in self.known:
            return self.known[name]
        oracle = self.oracle[name]
        fact = oracle.size == 1 and oracle.dtype.kind != "f"
        if name in self.laws or fact or not oracle.size:
            return None
        if name not in self._blind:
            self._blind[name] = [wrong for wrong, seen in self._noticed(name).items() if not seen]
        return self._blind[name]

    def _noticed(self, name: str) -> dict[str, bool]:
        oracle = self.oracle[name]
        # An input that must be left as it is has to be itself.
        own, kind = name.rpartition("/")[2].removesuffix(".values"), oracle.dtype.kind
        alike = {n: a for n, a in self._inputs.items() if a.shape == oracle.shape and a.dtype.kind == kind}
        given = [a for n, a in alike.items() if n != own]
        if kind != "f":
            return noticed(oracle, np.zeros(oracle.shape), given, lane=None)
        # Two equal sides give zeros; whether a wrong side would show is seen before they are subtracted.
        right, tolerance = oracle if self.one_side is None else self._side[name], self.tolerance[name]
        finite = self.target(name).finite
        if finite is not None:
            # As the judge does it: there the reference decides, and nothing may differ.
            finite = finite.reshape(oracle.shape)
            right, tolerance = np.where(finite, right, self.reference[name]), np.where(finite, tolerance, 0.0)
        return noticed(right, tolerance, given, lane=self.lane)

    @cached_property
    def _inputs(self) -> Trace:
        return self.inputs()

    @cached_property
    def _side(self) -> Trace:
        return self.one_side() if self.one_side is not None else self.oracle

    def why_constant(self, name: str) -> str | None:
        """Return why an observable is constant by definition, if its case declares that or its class is."""
        if self.sample.shape_class in HOLLOW:
            return f"in shape class {self.sample.shape_class} it is a sum over an axis without elements"
        # Behind the slash stands the name that the plain call has for it.
        names = (name, name.rpartition("/")[2])
        return next(
            (why for pattern, why in self.constant.items() if any(fnmatchcase(n, pattern) for n in names)),
            None,
        )

    def verdict(self, observable: str | None, status: Status, **fields: Any) -> Verdict:
        """Return a verdict about this lane of this sample."""
        return Verdict.on(self.sample, self.lane, observable, status, training=self.training, **fields)
