"""Asks a subject to run a task, and returns which elements of which observables are out of tolerance.

Called by diagnosis.localise for the failing sample and for each smaller task; oracle, tolerance and verdict
are those of a run (judging.sample_judge).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.errors import UnpreparedError
from conformance.judging.expectation import is_gradient
from conformance.judging.judge import errors
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status
from conformance.subjects.answers import NotNumbersError, numbers
from conformance.subjects.declarations import declared
from conformance.subjects.protocol import Ended
from conformance.subjects.supports import supports_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.diagnosis.refeeding import Problem
    from conformance.judging.expectation import Expectation
    from conformance.judging.prepared import Prepared
    from conformance.sampling.values import Array
    from conformance.subjects.protocol import Implementation, Task, Trace

# The most tasks that a subject is given: a search that needs more says that it ended.
MOST = 40


@dataclass(frozen=True)
class Asked:
    """The result of asking a subject once.

    Attributes:
        wrong: by observable that fails, which of its elements are out of tolerance; None where its form is
            wrong, so that no elements can be compared.
        trace: what the subject returned.
        expected: the expectation; None where there is none.
        why: why nothing was compared; empty where something was.
    """

    wrong: Mapping[str, Array | None] = field(default_factory=dict)
    trace: Mapping[str, Any] = field(default_factory=dict)
    expected: Expectation | None = None
    why: str = ""

    def of(self, *, backward: bool) -> dict[str, Array | None]:
        """Return what is wrong among the gradients, or among the outputs."""
        return {name: mask for name, mask in self.wrong.items() if is_gradient(name) == backward}

    def agrees_if(self, name: str, change: Any) -> bool:
        """Whether the answer agrees with the expected array put in another order.

        Args:
            name: the observable.
            change: from an array to the same elements in another order.
        """
        if self.expected is None or self.wrong.get(name) is None:
            return False
        got = numbers(self.trace[name]).astype(np.float64)
        right, allowed = (change(of[name]) for of in (self.expected.oracle, self.expected.tolerance))
        return bool((np.abs(got - right) <= allowed).all())


class _Kept:
    """A subject whose last answer is kept."""

    def __init__(self, subject: Implementation) -> None:
        self._subject = subject
        self.trace: Trace = {}
        self.ended = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._subject, name)

    def run(self, task: Task) -> Trace:
        self.trace = {}
        try:
            self.trace = self._subject.run(task)
        except Ended:
            self.ended = True
            raise
        return self.trace


class Asker:
    """Asks one subject, and counts.

    Args:
        subject: the subject.
        most: the most tasks that it is given.

    Attributes:
        calls: how many tasks it was given.
    """

    def __init__(self, subject: Implementation, most: int = MOST) -> None:
        self._subject = subject
        self._most = most
        self._ended = False
        self.calls = 0

    @property
    def spent(self) -> bool:
        """Whether no further task is given."""
        return self._ended or self.calls >= self._most

    def ask(self, problem: Problem) -> Asked:
        """Let the subject run a task that `refeeding` made; a task that torch cannot run says so."""
        if self.spent:
            # Each further task may take as long as a sample may take.
            after = "a task that ended the subject's process" if self._ended else f"{self._most} tasks"
            return Asked(why=f"the search ended after {after}")
        try:
            inside = supports_of(self._subject).inside
            prepared = prepare(problem.case, problem.sample, [problem.lane], problem.arrays, inside)
        except UnpreparedError as error:
            return Asked(why=str(error))
        return self.judged(prepared, problem.lane)

    def judged(self, prepared: Prepared, lane: str) -> Asked:
        """Let the subject run a prepared sample in one lane."""
        self.calls += 1
        kept = _Kept(self._subject)
        verdicts = judge_sample(prepared, kept)
        self._ended = kept.ended
        by = prepared.absolute if declared(self._subject).accuracy == "absolute" else prepared
        expected = by.expectations.get(lane)
        whole = [each for each in verdicts if each.observable is None]
        for each in whole:
            reason = each.reason or "no reason"
            if each.status is Status.ERROR:
                # The end of a traceback, without what the subject printed.
                return Asked(why=f"it fails: {reason.partition('; it printed:')[0].strip().splitlines()[-1]}")
            if each.status is Status.SKIP:
                return Asked(why=reason)
        failed = [each.observable for each in verdicts if each.status is Status.FAIL and each.observable]
        wrong = {name: _mask(expected, name, kept.trace.get(name)) for name in failed}
        return Asked(wrong, kept.trace, expected)


def _mask(expected: Expectation | None, name: str, answer: object) -> Array | None:
    """Return which elements are out of tolerance; None where none can be compared."""
    if expected is None or name not in expected.oracle or name in expected.laws:
        return None
    oracle = expected.oracle[name]
    try:
        got = numbers(answer)
    except NotNumbersError:
        return None
    if got.shape != oracle.shape or got.dtype.kind == "c":
        return None
    if not np.issubdtype(oracle.dtype, np.floating):
        return np.asarray(got != oracle)
    finite, error = errors(expected, name, got)
    return np.asarray(~(error <= np.where(finite, expected.tolerance[name], 0.0)))
