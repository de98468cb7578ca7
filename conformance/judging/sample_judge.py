"""cases × samples × lanes → verdicts. What a sample expects is prepared once and serves every subject."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from conformance.arithmetic.constants import constants
from conformance.errors import DegenerateError
from conformance.judging.judge import Expectation, judge
from conformance.judging.verdict import Status, Verdict
from conformance.sampling.sample import Sample
from conformance.subjects.protocol import LANES, Implementation, Task, Trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.arithmetic.tolerance import Scale
    from conformance.cases.case import BadCall, Case
    from conformance.sampling.values import Array


@dataclass(frozen=True)
class Prepared:
    """A sample that is ready to judge any subject by.

    Attributes:
        case: its case.
        sample: the sample, drawn again where noise changed a branch.
        expectations: by lane.
        stored: arrays that replace the drawn ones (a bundle's).
        scales: by lane and observable, what the tolerances are multiples of.
    """

    case: Case
    sample: Sample
    expectations: Mapping[str, Expectation]
    stored: Mapping[str, Array]
    scales: Mapping[str, Mapping[str, Scale]]

    @cached_property
    def tasks(self) -> Mapping[str, Task]:
        """What each lane asks of any subject; the arrays are drawn once."""
        lanes = {lane: LANES[lane] for lane in self.expectations}
        return {
            lane: Task(self.case, self.sample, dtype, stored=self.stored) for lane, dtype in lanes.items()
        }


def prepare(
    case: Case, sample: Sample, lanes: Sequence[str] = tuple(LANES), stored: Mapping[str, Array] | None = None
) -> Prepared:
    """Run the oracle on a sample and derive what each lane allows.

    Raises:
        DegenerateError: noise changed a branch in every repetition of the draw.
    """
    from conformance.arithmetic.deviation import deviations
    from conformance.arithmetic.tolerance import scale
    from conformance.subjects import pytorch

    reference = pytorch.make()
    stored = stored or {}
    for _ in range(constants().redraws + 1):
        # Measured on float32 values: those that both lanes can hold, or differ from by less than a rounding.
        base = Task(case, sample, "float64", carrier="float32", stored=stored)
        why = "" if stored else _degenerate(base)
        largest = max((array.size for array in base.inputs().values()), default=1)
        measured = None if why else deviations(partial(reference.observables, base), sample.text, largest)
        if measured is not None:
            break
        why = why or "noise took another branch: it draws too near a tie, or compares what rounding decides"
        sample = sample.redrawn()
    else:
        raise DegenerateError(f"{sample.text}: degenerate in {constants().redraws + 1} draws; {why}")
    exact = case.exact_on_integers and sample.regime == "integer"
    expectations, scales = {}, {}
    for lane in lanes:
        dtype = LANES[lane]
        oracle = reference.run(Task(case, sample, "float64", carrier=dtype, stored=stored))
        own = oracle if dtype == "float64" else reference.run(Task(case, sample, dtype, stored=stored))
        scales[lane] = {name: scale(measured[name], dtype, exact=exact) for name in oracle}
        allowed = {name: each.allowed() for name, each in scales[lane].items()}
        expectations[lane] = Expectation(
            case.name,
            sample.text,
            sample.shape_class,
            sample.regime,
            lane,
            case.training,
            oracle,
            allowed,
            own,
        )
    return Prepared(case, sample, expectations, stored, scales)


def _degenerate(task: Task) -> str | None:
    """Say why a draw cannot tell right from wrong: constant weights, say, make any order of gates right."""
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
    """Run a subject on a prepared sample, silencing NumPy's warnings about what the regimes provoke."""
    with np.errstate(all="ignore"):
        return subject.run(prepared.tasks[lane])


def judge_sample(prepared: Prepared, subject: Implementation) -> list[Verdict]:
    """Judge a subject on a prepared sample; whatever it raises is an ERROR verdict with its traceback."""
    verdicts: list[Verdict] = []
    for lane, expected in prepared.expectations.items():
        try:
            reason = subject.unsupported(prepared.tasks[lane])
            trace = run_subject(prepared, lane, subject) if reason is None else {}
            if not isinstance(trace, Mapping):
                raise TypeError(f"run: expected a mapping of arrays by name, got {type(trace).__name__}")  # noqa: TRY301 - the subject's error, like any other
        except Exception:  # noqa: BLE001 - a subject may raise anything, and the run goes on
            verdicts.append(
                expected.verdict(None, Status.ERROR, reason=traceback.format_exc(limit=-8).strip())
            )
            continue
        if reason is not None:
            verdicts.append(expected.verdict(None, Status.SKIP, reason=reason))
        else:
            verdicts += judge(expected, trace)
    return verdicts


def judge_errors(case: Case, subject: Implementation, seed: int = 0) -> list[Verdict]:
    """Judge what a subject raises for the case's bad calls, by what the reference raises."""
    from conformance.subjects import pytorch

    reference = pytorch.make()
    return [_judge_bad_call(case, bad, reference, subject, seed) for bad in case.bad_calls]


def _judge_bad_call(
    case: Case, bad: BadCall, reference: Implementation, subject: Implementation, seed: int
) -> Verdict:
    sample = Sample(case.name, seed, 0, "small", "normal", tuple(case.base.items()))
    task = Task(case, sample, "float32", bad_call=bad)

    def verdict(status: Status, reason: str | None) -> Verdict:
        return Verdict(case.name, sample.text, "errors", None, bad.label, status, reason=reason)

    try:
        reason = subject.unsupported(task)
    except Exception:  # noqa: BLE001 - as for a sample
        return verdict(Status.ERROR, traceback.format_exc(limit=-8).strip())
    if reason is not None:
        return verdict(Status.SKIP, reason)
    expected, got = raises(task, reference), raises(task, subject)
    if expected is None:
        raise DegenerateError(f"{case.name}: torch accepts the bad call {bad.label!r}")
    if got is None:
        return verdict(Status.FAIL, f"expected {type(expected).__name__} ({expected}), got no error")
    if not isinstance(got, type(expected)):
        reason = f"expected {type(expected).__name__} ({expected}), got {type(got).__name__} ({got})"
        return verdict(Status.FAIL, reason)
    unnamed = [word for word in bad.mentions if not any(name in str(got) for name in word.split("|"))]
    if unnamed:
        return verdict(Status.FAIL, f"the message does not name {', '.join(unnamed)}: {got}")
    return verdict(Status.PASS, None)


def raises(task: Task, implementation: Implementation) -> Exception | None:
    """Return what an implementation raises on a task, or None."""
    try:
        implementation.run(task)
    except Exception as error:  # noqa: BLE001 - which one is what is judged
        return error
    return None
