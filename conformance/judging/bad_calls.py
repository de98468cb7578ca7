"""Judges the exceptions of a subject for a case's bad calls by those of the reference: one verdict per call.

Called by running.work and running.replay. The exception's class must be torch's or one below it, and the
message must name what the bad call lists in `mentions`.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from conformance.judging.sample_judge import raises
from conformance.judging.verdict import Status, Verdict
from conformance.subjects.protocol import BadCallTask

if TYPE_CHECKING:
    from conformance.cases.case import Case
    from conformance.subjects.protocol import Implementation


def judge_bad_calls(case: Case, subject: Implementation, seed: int = 0) -> list[Verdict]:
    """Judge a subject by each bad call of a case.

    Args:
        case: the case.
        subject: the subject.
        seed: the seed of the calls' arrays.
    """
    from conformance.subjects import pytorch

    reference = pytorch.make()
    return [_judge(BadCallTask.of(case, bad_call, seed), reference, subject) for bad_call in case.bad_calls]


def _judge(task: BadCallTask, reference: Implementation, subject: Implementation) -> Verdict:
    def verdict(status: Status, reason: str | None) -> Verdict:
        return Verdict(
            task.case.name, task.sample.text, "errors", None, task.wrong.label, status, reason=reason
        )

    try:
        reason = subject.unsupported(task)
    except Exception:  # noqa: BLE001 - a subject may raise anything, and the run goes on
        return verdict(Status.ERROR, traceback.format_exc(limit=-8).strip())
    if reason is not None:
        return verdict(Status.SKIP, reason)
    return verdict(*_compare(task, raises(task, reference), raises(task, subject)))


def _compare(
    task: BadCallTask, expected: Exception | None, got: Exception | None
) -> tuple[Status, str | None]:
    """Compare a subject's exception with the reference's; return the status, and the reason if not PASS."""
    if expected is None:
        label = task.wrong.label
        return Status.ERROR, f"DegenerateError: {task.case.name}: torch accepts the bad call {label!r}"
    told = f"expected {type(expected).__name__} ({expected})"
    if got is None:
        return Status.FAIL, f"{told}, got no error"
    if not isinstance(got, type(expected)):
        return Status.FAIL, f"{told}, got {type(got).__name__} ({got})"
    message = str(got)
    unnamed = [word for word in task.wrong.mentions if not any(name in message for name in word.split("|"))]
    if unnamed:
        return Status.FAIL, f"the message does not name {', '.join(unnamed)}: {got}"
    return Status.PASS, None
