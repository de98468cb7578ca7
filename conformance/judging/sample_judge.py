"""Judges subjects on a sample: the expectations of its lanes are prepared once, for all subjects.

Called by the steps of a run (running.work, shrink, bundle, replay), by the self-test and by the calibration;
one verdict per observable comes out.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from conformance.arithmetic.constants import constants
from conformance.cases._call import Unused
from conformance.cases._uses import USES
from conformance.errors import DegenerateError, NoiseError
from conformance.judging.expectation import Expectation
from conformance.judging.judge import judge
from conformance.judging.uses import of_use
from conformance.judging.verdict import Status, Verdict
from conformance.subjects.protocol import LANES, Ended, Implementation, NoAnswer, Task, Trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.arithmetic.deviation import Deviation
    from conformance.arithmetic.tolerance import Scale
    from conformance.cases._law import Law
    from conformance.cases.case import Case
    from conformance.sampling.sample import Sample
    from conformance.sampling.values import Array


# The regimes with zeros of zeros, which no rounding moves: columns of whole numbers can be zeros too.
_EXACT_ZEROS = frozenset({"zeros", "ties", "integer"})


@dataclass(frozen=True)
class Prepared:
    """A sample that is ready to judge any subject by.

    Attributes:
        case: its case.
        sample: the sample, drawn again where noise changed a branch.
        expectations: the expectations by lane.
        stored: arrays that replace the drawn ones (a bundle's).
        scales: by lane and observable, the scales that the tolerances are multiples of.
    """

    case: Case
    sample: Sample
    expectations: Mapping[str, Expectation]
    stored: Mapping[str, Array]
    scales: Mapping[str, Mapping[str, Scale]]

    @cached_property
    def tasks(self) -> Mapping[str, Task]:
        """The task of each lane, the same for any subject; the arrays are drawn once."""
        return {lane: Task(self.case, self.sample, lane, stored=self.stored) for lane in self.expectations}

    def used(self, use: str, lanes: Sequence[str]) -> Prepared:
        """Return the same sample, ready to judge any subject in a use, by tolerances of the plain call.

        Raises:
            DegenerateError: the use is measured, and noise changed a branch in every repetition of the draw.
            NoiseError: likewise, and an operation has no rule.
        """
        sample = self.sample.used(use)
        if USES[use].measured:
            return prepare(self.case, sample, lanes, self.stored)
        expectations, scales = {}, {}
        for lane in lanes:
            oracle, own = _runs(self.case, sample, lane, self.stored)
            # Flags are those of the lane: a conversion to float64 makes a copy, or none.
            plain = self.scales[lane]
            oracle |= {name: own[name] for name in own if name.rpartition("/")[2] not in plain}
            scales[lane] = of_use(USES[use], oracle, plain)
            expectations[lane] = _expectation(self.case, sample, lane, oracle, own, scales[lane])
        return Prepared(self.case, sample, expectations, self.stored, scales)


def prepare(
    case: Case, sample: Sample, lanes: Sequence[str] = LANES, stored: Mapping[str, Array] | None = None
) -> Prepared:
    """Run the oracle on a sample and derive what each lane allows; `stored` arrays replace drawn ones.

    Raises:
        DegenerateError: noise changed a branch in every repetition of the draw, or an array is constant.
        NoiseError: an operation of the case's program has no rule, or takes noisy numbers out of tensors.
    """
    # A sample goes one of six ways from here:
    # - it draws at random: there is nothing to measure (`_drawn`);
    # - its use has the values of the plain call: the plain sample is prepared, and gives the tolerances;
    # - it is prepared as it was drawn, as nearly all are;
    # - noise changed a branch of the program, or an array was constant: the draw is repeated (`_measured`),
    #   and the prepared sample has the text of the repetition;
    # - DegenerateError: the same happened to every repetition;
    # - NoiseError: the arithmetic cannot follow the program, in this sample or in any.
    # A run makes verdicts of the last two (`unprepared`); the self-test and the calibration end there.
    from conformance.arithmetic.tolerance import scale

    if case.distribution:
        return _drawn(case, sample, lanes, stored or {}, case.distribution(sample.settings))
    if sample.use and not USES[sample.use].measured:
        return prepare(case, sample.plain, lanes, stored).used(sample.use, lanes)
    stored = stored or {}
    sample, deviations = _measured(case, sample, stored)
    exact = case.exact_on_integers and sample.regime == "integer"
    expectations, scales = {}, {}
    for lane in lanes:
        oracle, own = _runs(case, sample, lane, stored)
        scales[lane] = {name: scale(deviations[name], lane, exact=exact) for name in oracle}
        expectations[lane] = _expectation(case, sample, lane, oracle, own, scales[lane])
    return Prepared(case, sample, expectations, stored, scales)


def _drawn(
    case: Case, sample: Sample, lanes: Sequence[str], stored: Mapping[str, Array], laws: Mapping[str, Law]
) -> Prepared:
    """Return a sample of random draws, with the reference's of the next repetition, which has another seed.

    So the reference itself can be judged, and its draws do not depend on stored arrays. One lane is enough of
    a sample, as nothing rounds: the samples of a case take turns.
    """
    from conformance.subjects import pytorch

    lane = lanes[(sample.seed + sample.draw) % len(lanes)]
    oracle = pytorch.make().run(Task(case, sample.redrawn(), lane))
    exact = {name: np.zeros(array.shape) for name, array in oracle.items() if name not in laws}
    expected = Expectation(sample, case.training, lane, oracle, exact, oracle, laws)
    return Prepared(case, sample, {lane: expected}, stored, {lane: {}})


def _runs(case: Case, sample: Sample, lane: str, stored: Mapping[str, Array]) -> tuple[Trace, Trace]:
    """Return the reference's traces on a lane's values: in float64, the oracle, and in the lane's dtype."""
    from conformance.subjects import pytorch

    reference = pytorch.make()
    oracle = reference.run(Task(case, sample, "float64", carrier=lane, stored=stored))
    own = oracle if lane == "float64" else reference.run(Task(case, sample, lane, stored=stored))
    return oracle, own


def _expectation(
    case: Case, sample: Sample, lane: str, oracle: Trace, own: Trace, scales: Mapping[str, Scale]
) -> Expectation:
    allowed = {name: each.allowed() for name, each in scales.items()}
    return Expectation(sample, case.training, lane, oracle, allowed, own)


def _measured(
    case: Case, sample: Sample, stored: Mapping[str, Array]
) -> tuple[Sample, Mapping[str, Deviation]]:
    """Return the first repetition of a draw that can be judged, and its observables' deviations."""
    from conformance.arithmetic.deviation import deviations
    from conformance.subjects import pytorch

    reference = pytorch.make()
    for _ in range(constants().redraws + 1):
        # Measured on float32 values: those that both lanes can hold, or differ from by less than a rounding.
        base = Task(case, sample, "float64", carrier="float32", stored=stored)
        why = "" if stored else _degenerate(base)
        try:
            run = partial(reference.observables, base)
            zeros = sample.regime in _EXACT_ZEROS
            measured = None if why else deviations(run, sample.text, zeros=zeros)
        except NoiseError as error:
            error.add_note(f"in {sample.text}")
            raise
        if measured is not None:
            return sample, measured
        why = why or "noise took another branch: it draws too near a tie, or compares what rounding decides"
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


def why_unsupported(subject: Implementation, task: Task) -> str | None:
    """Return why a subject cannot run a task, or None.

    Raises:
        TypeError: the answer is neither.
    """
    if task.sample.use and task.sample.use not in getattr(subject, "uses", ()):
        return f"it declares no use {task.sample.use}: `uses` names those in which it can be called"
    reason: object = subject.unsupported(task)
    if reason is not None and not isinstance(reason, str):
        raise TypeError(f"unsupported: expected None or the reason, got {reason!r}")
    return reason


def judge_sample(prepared: Prepared, subject: Implementation) -> list[Verdict]:
    """Judge a subject on a prepared sample; any exception that it raises is an ERROR with its traceback."""
    verdicts: list[Verdict] = []
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
        else:
            verdicts += with_printed(judge(expected, trace), subject)
    return verdicts


def told(error: Exception) -> str:
    """Return the reason of an ERROR: the traceback where the subject ran, or why there is no answer."""
    if isinstance(error, NoAnswer):
        return str(error)
    elsewhere: str | None = getattr(error, "formatted", None)
    return elsewhere or "".join(traceback.format_exception(error, limit=-8)).strip()


def with_printed(verdicts: Sequence[Verdict], subject: Implementation) -> list[Verdict]:
    """Return verdicts; the first that is wrong says what the subject printed, where that is known."""
    printed = getattr(subject, "printed", "")
    found = list(verdicts)
    wrong = (n for n, each in enumerate(found) if each.status in {Status.FAIL, Status.ERROR})
    if printed and (first := next(wrong, None)) is not None:
        found[first] = replace(found[first], reason=f"{found[first].reason}; it printed:\n{printed}")
    return found


def unprepared(
    case: Case, sample: Sample, lanes: Sequence[str], error: DegenerateError | NoiseError
) -> list[Verdict]:
    """Return an ERROR verdict per lane for a sample that could not be prepared; the reason names the rule."""
    reason = f"{type(error).__name__}: {error}"
    return [
        Verdict.on(sample, lane, None, Status.ERROR, training=case.training, reason=reason) for lane in lanes
    ]


def raises(task: Task, implementation: Implementation) -> Exception | None:
    """Return the exception that an implementation raises on a task, or None."""
    try:
        implementation.run(task)
    except Exception as error:  # noqa: BLE001 - its class is judged
        return error
    return None
