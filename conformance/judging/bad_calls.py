"""Judges the exceptions of a subject for a case's bad calls by those of the reference: one verdict per call.

Called by running.work and running.replay. The exception's class must be torch's or one below it, and the
message must name what the bad call lists in `mentions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.judging.asking import raises, told, why_unsupported
from conformance.judging.excuses import excused
from conformance.judging.verdict import Status, Verdict
from conformance.sampling.sample import Sample
from conformance.subjects.declarations import declared
from conformance.subjects.protocol import NoAnswer, Task, deaths

if TYPE_CHECKING:
    from conformance.cases.case import BadCall, Case
    from conformance.subjects.protocol import Implementation


# After so many bad calls in a row that end the subject's process, the others of the case are left out.
_DEATHS = 3


def judge_bad_calls(case: Case, subject: Implementation, seed: int = 0) -> list[Verdict]:
    """Judge a subject by each bad call of a case; the arrays of the calls follow from the seed."""
    from conformance.subjects import pytorch

    reference = pytorch.make()
    # All start from the case's one good configuration.
    good = Sample(case.name, seed, 0, "small", "normal", tuple(case.base.items()))
    verdicts: list[Verdict] = []
    row = 0
    for bad_call in case.bad_calls:
        before = deaths(subject)
        if row == _DEATHS:
            reason = f"the rest is left out: {_DEATHS} bad calls in a row ended the subject's process"
            left = Verdict(case.name, good.text, "errors", None, bad_call.label, Status.ERROR, reason=reason)
            verdicts.append(left)
            break
        verdicts.append(_judge(case, good, bad_call, reference, subject))
        row = row + 1 if deaths(subject) > before else 0
    return excused(verdicts, declared(subject))


def _judge(
    case: Case, good: Sample, bad_call: BadCall, reference: Implementation, subject: Implementation
) -> Verdict:
    def verdict(status: Status, reason: str | None) -> Verdict:
        return Verdict(case.name, good.text, "errors", None, bad_call.label, status, reason=reason)

    task = Task(case, good, "float32", bad_call=bad_call)
    try:
        reason = why_unsupported(subject, task)
    except Exception as error:  # noqa: BLE001 - a subject may raise anything, and the run goes on
        return verdict(Status.ERROR, told(error))
    if reason is not None:
        return verdict(Status.SKIP, reason)
    expected, got = raises(task, reference), raises(task, subject)
    if isinstance(got, NoAnswer):
        return verdict(Status.ERROR, told(got))
    return verdict(*_compare(case, bad_call, expected, got))


def _compare(
    case: Case, bad_call: BadCall, expected: Exception | None, got: Exception | None
) -> tuple[Status, str | None]:
    """Compare a subject's exception with the reference's; return the status, and the reason if not PASS."""
    if expected is None:
        return Status.ERROR, f"DegenerateError: {case.name}: torch accepts the bad call {bad_call.label!r}"
    told = f"expected {type(expected).__name__} ({expected})"
    if got is None:
        return Status.FAIL, f"{told}, got no error"
    if not isinstance(got, type(expected)):
        return Status.FAIL, f"{told}, got {type(got).__name__} ({got})"
    message = str(got)
    unnamed = [word for word in bad_call.mentions if not any(name in message for name in word.split("|"))]
    if unnamed:
        return Status.FAIL, f"the message does not name {', '.join(unnamed)}: {got}"
    return Status.PASS, None
