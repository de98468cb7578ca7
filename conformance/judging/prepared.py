"""Prepares a sample: runs the oracle on it, measures its noise, and derives what each lane allows.

Called by the steps of a run (running.work, shrink, bundle, replay), by the self-test and by the calibration,
once per sample, before any subject runs; sample_judge.py judges subjects by the result.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from conformance.arithmetic.formats import TORCHS
from conformance.cases._uses import USES
from conformance.judging.expectation import Expectation, nan_inputs
from conformance.judging.redraw import first_steady
from conformance.judging.scales import allowed, base, measured, measured_in_half
from conformance.judging.scales import scales as scales_of
from conformance.judging.unprepared import told_of
from conformance.judging.uses import of_use
from conformance.subjects.protocol import HALF_LANES, LANES, Task, Trace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.arithmetic.deviation import Deviation
    from conformance.arithmetic.formats import Inside
    from conformance.arithmetic.tolerance import Scale
    from conformance.cases._law import Law
    from conformance.cases.case import Case
    from conformance.sampling.sample import Sample
    from conformance.sampling.values import Array


_NO_DRAWS = "random draws are not judged in half types"


@dataclass(frozen=True)
class Prepared:
    """A sample that is ready to judge any subject by.

    Attributes:
        case: its case.
        sample: the sample, drawn again where noise changed a branch.
        expectations: the expectations by lane.
        stored: arrays that replace the drawn ones (a bundle's).
        scales: by lane and observable, the scales that the tolerances are multiples of.
        plain: the plain sample, of a use whose tolerances follow from it.
        left_out: lane → why nothing is judged there.
        inside: what the operations of half types compute and add up in.
    """

    case: Case
    sample: Sample
    expectations: Mapping[str, Expectation]
    stored: Mapping[str, Array]
    scales: Mapping[str, Mapping[str, Scale]]
    plain: Prepared | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    inside: Inside = TORCHS

    @cached_property
    def tasks(self) -> Mapping[str, Task]:
        """The task of each lane, the same for any subject; the arrays are drawn once."""
        return {lane: Task(self.case, self.sample, lane, stored=self.stored) for lane in self.expectations}

    def used(self, use: str, lanes: Sequence[str]) -> Prepared:
        """Return the same sample, ready to judge any subject in a use, by tolerances of the plain call.

        Raises:
            DegenerateError: the use is measured, and noise changed a branch in every repetition of the draw.
            NoiseError: likewise, and an operation has no rule.
            ReferenceRaisedError: the reference cannot be called in that use.
        """
        sample = self.sample.used(use)
        with told_of(sample):
            return self._used(sample, lanes)

    def _used(self, sample: Sample, lanes: Sequence[str]) -> Prepared:
        use = sample.use
        if USES[use].measured:
            return prepare(self.case, sample, lanes, self.stored, self.inside)
        expectations, scales = {}, {}
        for lane in lanes:
            oracle, own = _runs(self.case, sample, lane, self.stored)
            # Flags are those of the lane: a conversion to float64 makes a copy, or none.
            plain = self.scales[lane]
            oracle |= {name: own[name] for name in own if name.rpartition("/")[2] not in plain}
            scales[lane] = of_use(USES[use], oracle, plain)
            expectations[lane] = _expectation(
                Task(self.case, sample, lane, stored=self.stored), oracle, own, scales[lane]
            )
        return Prepared(self.case, sample, expectations, self.stored, scales, plain=self, inside=self.inside)

    @cached_property
    def absolute(self) -> Prepared:
        """The same sample with the tolerances of the accuracy class `absolute`, measured on first use."""
        scales: dict[str, Mapping[str, Scale]] = {}
        if self.plain is not None:
            use = USES[self.sample.use]
            for lane, expected in self.expectations.items():
                scales[lane] = of_use(use, expected.oracle, self.plain.absolute.scales[lane])
        else:
            task = base(self.case, self.sample, self.stored)
            with told_of(self.sample):
                deviations = None if self.case.distribution else measured(task, "absolute")
            if deviations is None:
                # Draws have no tolerances. Where more noise takes another branch, those of the class
                # `relative` are kept: another draw would be another sample.
                return self
            for lane, expected in self.expectations.items():
                # Half types are too coarse for the difference of the two classes.
                half = lane in HALF_LANES
                scales[lane] = (
                    self.scales[lane] if half else scales_of(task, lane, expected.oracle, deviations)
                )
        expectations = {
            lane: replace(expected, tolerance=allowed(scales[lane]))
            for lane, expected in self.expectations.items()
        }
        return replace(self, expectations=expectations, scales=scales)


def prepare(
    case: Case,
    sample: Sample,
    lanes: Sequence[str] = LANES,
    stored: Mapping[str, Array] | None = None,
    inside: Inside = TORCHS,
) -> Prepared:
    """Run the oracle on a sample and derive what each lane allows.

    Args:
        case: the sample's case.
        sample: the sample.
        lanes: the lanes.
        stored: arrays that replace drawn ones.
        inside: what the operations of half types compute and add up in, as the subject declares it
            (`Supports.inside`). The other lanes do not depend on it.

    Raises:
        DegenerateError: noise changed a branch in every repetition of the draw, or an array is constant.
        NoiseError: an operation of the case's program has no rule, or takes noisy numbers out of tensors.
        ReferenceRaisedError: the reference raised an exception.
        UsageError: a half type among the lanes has no such arithmetic; see `formats.precision`.
    """
    with told_of(sample):
        return _prepare(case, sample, lanes, stored or {}, inside)


def _prepare(
    case: Case, sample: Sample, lanes: Sequence[str], stored: Mapping[str, Array], inside: Inside
) -> Prepared:
    # A sample goes one of seven ways from here:
    # - it draws at random: there is nothing to measure (`_drawn`);
    # - its use has the values of the plain call: the plain sample is prepared, and gives the tolerances;
    # - it is prepared as it was drawn, as nearly all are;
    # - noise changed a branch of the program, or an array was constant: the draw is repeated (`redraw`),
    #   and the prepared sample has the text of the repetition;
    # - DegenerateError: the same happened to every repetition;
    # - NoiseError: the arithmetic cannot follow the program, in this sample or in any;
    # - ReferenceRaisedError: the reference does not run it.
    # A run makes verdicts of the last three (`unprepared`); the self-test and the calibration end there.
    if case.distribution:
        return _drawn(case, sample, lanes, stored, case.distribution(sample.settings))
    if sample.use and not USES[sample.use].measured:
        return prepare(case, sample.plain, lanes, stored, inside).used(sample.use, lanes)
    sample, deviations = first_steady(case, sample, stored)
    expectations, scales, left_out = {}, {}, {}
    for lane in lanes:
        found: Mapping[str, Deviation] | str = deviations
        if lane in HALF_LANES:
            task = base(case, sample, stored, lane)
            found = _why_unjudged(case, sample) or measured_in_half(task, inside)
        if isinstance(found, str):
            left_out[lane] = found
            continue
        # The measured run is the oracle's on the values of float32.
        known = {name: each.clean for name, each in deviations.items() if each.clean is not None}
        try:
            oracle, own = _runs(case, sample, lane, stored, known if lane == "float32" else {})
        except NotImplementedError as error:
            if lane not in HALF_LANES:
                raise
            # It was measured in float64. Of some operations torch has no kernel for half types.
            left_out[lane] = f"torch does not run it in {lane}: {error}"
            continue
        task = Task(case, sample, lane, stored=stored)
        scales[lane] = scales_of(task, lane, oracle, found)
        expectations[lane] = _expectation(task, oracle, own, scales[lane])
    return Prepared(case, sample, expectations, stored, scales, left_out=left_out, inside=inside)


def _why_unjudged(case: Case, sample: Sample) -> str:
    """Return why a sample is not judged in half types; empty where it is."""
    if case.training:
        return "optimiser steps are not judged in half types"
    # torch draws other masks in half types, so that the oracle drops other elements.
    return _NO_DRAWS if "generator" in sample.settings else case.not_in_half(sample.settings) or ""


def _drawn(
    case: Case, sample: Sample, lanes: Sequence[str], stored: Mapping[str, Array], laws: Mapping[str, Law]
) -> Prepared:
    """Return a sample of random draws, with the reference's of the next repetition, which has another seed.

    So the reference itself can be judged, and its draws do not depend on stored arrays. One lane is enough of
    a sample, as nothing rounds: the samples of a case take turns.
    """
    from conformance.subjects import pytorch

    whole = [lane for lane in lanes if lane not in HALF_LANES]
    left_out = {lane: _NO_DRAWS for lane in lanes if lane not in whole}
    if not whole:
        return Prepared(case, sample, {}, stored, {}, left_out=left_out)
    lane = whole[(sample.seed + sample.draw) % len(whole)]
    oracle = pytorch.make().run(Task(case, sample.redrawn(), lane))
    exact = {name: np.zeros(array.shape) for name, array in oracle.items() if name not in laws}
    constant = case.constant_in(sample)
    expected = Expectation(sample, case.training, lane, oracle, exact, oracle, laws, constant=constant)
    return Prepared(case, sample, {lane: expected}, stored, {lane: {}}, left_out=left_out)


def _runs(
    case: Case, sample: Sample, lane: str, stored: Mapping[str, Array], known: Trace | None = None
) -> tuple[Trace, Trace]:
    """Return the reference's traces on a lane's values: in float64, the oracle, and in the lane's dtype.

    The oracle is not run where it is known.
    """
    from conformance.subjects import pytorch

    reference = pytorch.make()
    oracle = known or reference.run(Task(case, sample, "float64", carrier=lane, stored=stored))
    own = oracle if lane == "float64" else reference.run(Task(case, sample, lane, stored=stored))
    return oracle, own


def _one_side(task: Task) -> Trace:
    """Return the numbers of one side, in float64 on a lane's values, of a case of differences."""
    from conformance.subjects import pytorch

    program = task.case.one_side or task.case.program
    case = replace(task.case, program=program)
    with told_of(task.sample):
        return pytorch.make().run(Task(case, task.sample, "float64", carrier=task.dtype, stored=task.stored))


def _expectation(task: Task, oracle: Trace, own: Trace, scales: Mapping[str, Scale]) -> Expectation:
    at_nan = nan_inputs(task.sample, task.inputs, task.differentiable)
    return Expectation(
        task.sample,
        task.case.training,
        task.dtype,
        oracle,
        allowed(scales),
        own,
        at_nan=at_nan,
        axes=task.case.axes(task.sample.settings),
        inputs=task.inputs,
        one_side=partial(_one_side, task) if task.case.one_side else None,
        constant=task.case.constant_in(task.sample),
    )
