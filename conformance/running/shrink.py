"""Looks for a smaller sample that fails, for the first failure of a case.

A step of `conformance.run`, after the work; the report's `shrunk` comes out, which names the samples to
replay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.cases import CASES
from conformance.cases._uses import USES
from conformance.errors import UnpreparedError
from conformance.judging.verdict import Status
from conformance.sampling.sample import Sample
from conformance.sampling.space import strategy
from conformance.subjects.protocol import LANES, Ended, Task
from conformance.subjects.supports import supports_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.judging.verdict import Verdict
    from conformance.subjects.protocol import Implementation

# A subject that is wrong everywhere would be shrunk for minutes; the command line shows no more than these.
SHRUNK = 3


def shrink_failures(failures: Sequence[Verdict], subject: Implementation) -> dict[str, str]:
    """Return the smallest failing sample found, by the text of the sample that failed."""
    return {verdict.sample: shrink_sample(verdict, subject) for verdict in failures[:SHRUNK]}


def shrink_sample(verdict: Verdict, subject: Implementation, attempts: int = 60) -> str:
    """Return the text of the smallest sample found that fails in the same class and regime.

    Args:
        verdict: the failure.
        subject: the subject that failed.
        attempts: how many samples Hypothesis may try.
    """
    # A sample that fails by chance is not smaller for it.
    if verdict.repeatable is False:
        return verdict.sample
    from hypothesis import HealthCheck, Phase, find, settings
    from hypothesis.errors import Flaky, NoSuchExample

    sample = Sample.parse(verdict.sample)
    case = CASES[sample.case]
    ended = False

    def fails(each: Sample) -> bool:
        nonlocal ended
        # Each time may take as long as a sample may take.
        try:
            return not ended and _fails(each.used(sample.use), verdict, subject)
        except Ended:
            ended = True
            return False

    smaller = strategy(
        case.name, case.space, seed=sample.seed, shape_class=sample.shape_class, regime=sample.regime
    )
    how = settings(
        max_examples=attempts,
        database=None,
        deadline=None,
        derandomize=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    try:
        found = find(smaller, fails, settings=how)
        return found.used(sample.use).text
    except (NoSuchExample, Flaky):
        # Flaky: a sample failed once and passed when Hypothesis tried it again.
        return sample.text


def _fails(candidate: Sample, verdict: Verdict, subject: Implementation) -> bool:
    """Whether a subject fails on a sample in the lane of a verdict, and in the same way.

    Raises:
        Ended: the subject's process ended.
    """
    from conformance.judging.asking import raises
    from conformance.judging.prepared import prepare
    from conformance.judging.sample_judge import judge_sample
    from conformance.subjects import pytorch

    case = CASES[candidate.case]
    supports = supports_of(subject)
    if supports.why_outside(case, candidate.settings) is not None:
        return False
    if candidate.use and USES[candidate.use].why_unused(case, candidate.settings) is not None:
        return False
    lanes = [verdict.lane] if verdict.lane else list(LANES)
    if verdict.status is Status.ERROR:
        # Whether the subject raises is seen without an oracle. Where the reference raises too, that is right.
        tasks = [Task(case, candidate, lane) for lane in lanes]
        return any(_raised(raises(task, subject)) and not raises(task, pytorch.make()) for task in tasks)
    try:
        prepared = prepare(case, candidate, lanes, inside=supports.inside)
        return any(found.status is Status.FAIL for found in judge_sample(prepared, subject))
    except UnpreparedError:
        # A sample that cannot be prepared shows nothing about a subject.
        return False


def _raised(error: Exception | None) -> bool:
    if isinstance(error, Ended):
        raise error
    return error is not None
