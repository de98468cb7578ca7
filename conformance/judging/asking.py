"""Asks a subject: why it cannot run a task, what it raises, and what it says of it.

Called by judging.sample_judge, judging.bad_calls and the calibration, around each run of a subject.
"""

from __future__ import annotations

import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.judging.verdict import Status, Verdict
from conformance.subjects.protocol import NoAnswer
from conformance.subjects.supports import supports_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.subjects.protocol import Implementation, Task


def why_unsupported(subject: Implementation, task: Task) -> str | None:
    """Return why a subject cannot run a task, or None.

    Raises:
        TypeError: the answer is neither.
        UsageError: `supports` is not a `Supports`.
    """
    outside = why_outside(subject, task)
    if outside is not None:
        return outside
    reason: object = subject.unsupported(task)
    # False and "" would be a skip for which nobody gave a reason.
    if reason is not None and not (isinstance(reason, str) and reason.strip()):
        raise TypeError(f"unsupported: expected None or the reason, got {reason!r}")
    return reason


def why_outside(subject: Implementation, task: Task) -> str | None:
    """Return why a task is outside what a subject declares, or None; nothing of the subject's is called.

    Raises:
        UsageError: `supports` is not a `Supports`.
    """
    supports, use = supports_of(subject), task.sample.use
    config = task.config | dict(task.bad_call.options if task.bad_call else {})
    outside = supports.why_outside(task.case, config, task.dtype, use)
    if outside is None and task.bad_call and not supports.judges_bad_calls:
        outside = "no bad calls"
    if outside is not None:
        return f"outside what it declares: {outside}"
    if use and use not in (getattr(subject, "uses", None) or supports.uses or ()):
        return f"it declares no use {use}: `uses` names those in which it can be called"
    return None


def told(error: Exception) -> str:
    """Return the reason of an ERROR: the traceback if the subject raised, or why it did not answer."""
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


def raises(task: Task, implementation: Implementation) -> Exception | None:
    """Return the exception that an implementation raises on a task, or None."""
    try:
        implementation.run(task)
    except Exception as error:  # noqa: BLE001 - its class is judged
        return error
    return None
