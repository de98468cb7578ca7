"""Judges a subject on a sample that prepared.py has prepared.

Called by the steps of a run (running.work, shrink, bundle, replay), by the self-test and by the calibration;
one verdict per observable comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from conformance.cases._call import Unused
from conformance.judging.accuracy import needing, told_apart
from conformance.judging.asking import told, why_unsupported, with_printed
from conformance.judging.excuses import excused
from conformance.judging.expectation import Expectation, is_gradient
from conformance.judging.judge import judge
from conformance.judging.verdict import Status, Verdict
from conformance.subjects.declarations import declared
from conformance.subjects.protocol import Ended, Implementation, Trace
from conformance.subjects.supports import supports_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.cases.case import Case
    from conformance.errors import UnpreparedError
    from conformance.judging.prepared import Prepared
    from conformance.sampling.sample import Sample


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
