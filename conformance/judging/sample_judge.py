"""Judges subjects on a sample: the expectations of its lanes are prepared once, for all subjects.

Called by the steps of a run (running.work, shrink, bundle, replay), by the self-test and by the calibration;
one verdict per observable comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from conformance.arithmetic.constants import constants
from conformance.arithmetic.formats import TORCHS
from conformance.cases._call import Unused
from conformance.cases._uses import USES
from conformance.errors import DegenerateError, NoiseError, UnpreparedError
from conformance.judging.accuracy import needing, told_apart
from conformance.judging.asking import told, why_unsupported, with_printed
from conformance.judging.excuses import excused
from conformance.judging.expectation import Expectation, is_gradient, nan_inputs
from conformance.judging.judge import judge
from conformance.judging.scales import allowed, base, measured, measured_in_half
from conformance.judging.scales import scales as scales_of
from conformance.judging.unprepared import told_of
from conformance.judging.uses import of_use
from conformance.judging.verdict import Status, Verdict
from conformance.subjects.declarations import declared
from conformance.subjects.protocol import HALF_LANES, LANES, Ended, Implementation, Task, Trace
from conformance.subjects.supports import supports_of

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    # - noise changed a branch of the program, or an array was constant: the draw is repeated (`_measured`),
    #   and the prepared sample has the text of the repetition;
    # - DegenerateError: the same happened to every repetition;
    # - NoiseError: the arithmetic cannot follow the program, in this sample or in any;
    # - ReferenceRaisedError: the reference does not run it.
    # A run makes verdicts of the last three (`unprepared`); the self-test and the calibration end there.
    if case.distribution:
        return _drawn(case, sample, lanes, stored, case.distribution(sample.settings))
    if sample.use and not USES[sample.use].measured:
        return prepare(case, sample.plain, lanes, stored, inside).used(sample.use, lanes)
    sample, deviations = _measured(case, sample, stored)
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


def _measured(
    case: Case, sample: Sample, stored: Mapping[str, Array]
) -> tuple[Sample, Mapping[str, Deviation]]:
    """Return the first repetition of a draw that can be judged, and its observables' deviations."""
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


def run_subject(prepared: Prepared, lane: str, subject: Implementation) -> Trace:
    """Run a subject on a prepared sample, silencing the warnings of NumPy that the regimes provoke.

    Raises:
        TypeError: the result is not a mapping from names.
    """
    with np.errstate(all="ignore"):
        trace: object = subject.run(prepared.tasks[lane])
    if not isinstance(trace, Mapping) or not all(isinstance(name, str) for name in trace):
        names = f" with the keys {list(trace)}" if isinstance(trace, Mapping) else ""
        raise TypeError(f"run: expected a mapping of arrays by name, got {type(trace).__name__}{names}")
    return dict(trace)


def judge_sample(prepared: Prepared, subject: Implementation, *, tell: bool = False) -> list[Verdict]:
    """Judge a subject on a prepared sample; any exception that it raises is an ERROR with its traceback.

    Args:
        prepared: the sample.
        subject: the subject, judged in the accuracy class that it declares; what it excuses is EXCUSED.
        tell: a failure says whether the other accuracy class would accept it, which takes longer.
    """
    stated = declared(subject)
    sample, training = prepared.sample, prepared.case.training
    verdicts = [
        Verdict.on(sample, lane, None, Status.SKIP, training=training, reason=reason)
        for lane, reason in prepared.left_out.items()
    ]
    ended: Ended | None = None
    for lane, expected in prepared.expectations.items():
        if ended is not None:
            # Once is enough: each time may take as long as a sample may take.
            verdicts.append(expected.verdict(None, Status.ERROR, reason=f"not run again after this: {ended}"))
            continue
        try:
            reason = why_unsupported(subject, prepared.tasks[lane])
            trace = run_subject(prepared, lane, subject) if reason is None else {}
        except Unused as unused:
            reason = str(unused)
        except Exception as error:  # noqa: BLE001 - a subject may raise anything, and the run goes on
            ended = error if isinstance(error, Ended) else None
            failed = expected.verdict(None, Status.ERROR, reason=told(error))
            verdicts += [failed] if ended else with_printed([failed], subject)
            continue
        if reason is not None:
            verdicts.append(expected.verdict(None, Status.SKIP, reason=reason))
            continue
        absolute = stated.accuracy == "absolute"
        by = prepared.absolute.expectations[lane] if absolute else expected
        backward = supports_of(subject).backward
        found = excused(judge_supported(by, trace, backward), stated)
        found = needing(found, judge_supported(expected, trace, backward)) if absolute else found
        found = told_apart(found, prepared, lane, trace) if tell and not absolute else found
        verdicts += with_printed(found, subject)
    return verdicts


def judge_supported(expected: Expectation, trace: Trace, backward: bool | None) -> list[Verdict]:
    """Compare what a subject supports: everything, or outputs without gradients; see `Supports.backward`."""
    if backward or (backward is None and any(is_gradient(name) for name in trace)):
        return judge(expected, trace)
    outputs = {name: array for name, array in trace.items() if not is_gradient(name)}
    verdicts = judge(expected.without_gradients(), outputs)
    # Where it was declared that there are none, none is missing.
    missing = filter(is_gradient, expected.oracle) if backward is None else ()
    reason = "it returns outputs only, and no gradients"
    return verdicts + [expected.verdict(name, Status.SKIP, reason=reason) for name in missing]


def unprepared(case: Case, sample: Sample, lanes: Sequence[str], error: UnpreparedError) -> list[Verdict]:
    """Return an ERROR verdict per lane for a sample that could not be prepared; the reason says why."""
    return [
        Verdict.on(sample, lane, None, Status.ERROR, training=case.training, reason=error.reason)
        for lane in lanes
    ]
