"""The two kinds of work that a run is made of, each judged on its own, in any process.

Listed by running.plan and by the pytest plugin, done by running.run; verdicts come out.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from conformance.cases import CASES
from conformance.errors import UnpreparedError
from conformance.judging.chosen_uses import by_use
from conformance.running.subject import Subject, find_subject, opened_again, opened_here
from conformance.sampling.sample import Sample
from conformance.subjects.hosted import Hosted
from conformance.subjects.modes import quietly_on_one_thread
from conformance.subjects.protocol import Task, deaths
from conformance.subjects.supports import supports_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.arithmetic.formats import Inside
    from conformance.judging.prepared import Prepared
    from conformance.judging.verdict import Verdict
    from conformance.subjects.protocol import Implementation

# Stands in the name of the work of a case's bad calls.
_BAD_CALLS = "bad-calls"

# What was prepared so far, by sample, lanes and what half types compute in; there is a dictionary while
# `prepared_once` holds.
_kept: list[dict[tuple[Sample, tuple[str, ...], Inside], Prepared]] = []


@contextmanager
def prepared_once() -> Iterator[None]:
    """Keep what is prepared: of several runs in this process, each sample is prepared once."""
    _kept.append({})
    try:
        yield
    finally:
        _kept.pop()


class Outcome(NamedTuple):
    """The result of one piece of work.

    Attributes:
        verdicts: the verdicts, in the order of lanes and observables.
        prepared: whether the subject was judged at all. A sample that could not be prepared
            is neither shrunk nor stored.
        ended: whether the subject's process ended instead of answering.
    """

    verdicts: list[Verdict]
    prepared: bool
    ended: bool = False


@dataclass(frozen=True)
class SampleWork:
    """One sample of a case: in the plain call in some lanes, and in some uses, each in one lane.

    Attributes:
        sample: the sample, without a use.
        lanes: the lanes of the plain call.
        uses: the uses, each with its lane.
    """

    sample: Sample
    lanes: tuple[str, ...]
    uses: tuple[tuple[str, str], ...] = ()

    @property
    def case(self) -> str:
        """The case's name."""
        return self.sample.case

    @property
    def name(self) -> str:
        """What it is, in one word: the sample's text."""
        return self.sample.text

    def judge(self, subject: Implementation) -> Outcome:
        """Judge a subject on the sample, plainly and then in each use; again where it fails.

        Of the samples that pass plainly, a share is run twice.
        """
        from conformance.judging.repeat import judge_repeatedly, run_twice
        from conformance.judging.sample_judge import judge_sample, unprepared

        case = CASES[self.case]
        try:
            prepared = self._prepared(supports_of(subject).inside)
        except UnpreparedError as error:
            return Outcome(unprepared(case, self.sample, self.lanes, error), prepared=False)
        judge, runs = partial(judge_sample, prepared, tell=True), 2 if run_twice(prepared.sample) else 1
        if isinstance(subject, Hosted):
            subject.announce(self._tasks(prepared, subject, runs))
        before = deaths(subject)
        try:
            verdicts = judge_repeatedly(judge, subject, runs)
        except UnpreparedError as error:
            # The other accuracy class and one side of differences are asked for only where needed.
            found = unprepared(case, prepared.sample, self.lanes, error)
            return Outcome(found, prepared=False, ended=deaths(subject) > before)
        for use, lanes in by_use(self.uses).items():
            if deaths(subject) > before:
                break
            try:
                verdicts += judge_repeatedly(
                    partial(judge_sample, prepared.used(use, lanes), tell=True), subject
                )
            except UnpreparedError as error:
                verdicts += unprepared(case, prepared.sample.used(use), lanes, error)
        return Outcome(verdicts, prepared=True, ended=deaths(subject) > before)

    def _prepared(self, inside: Inside) -> Prepared:
        from conformance.judging.prepared import prepare

        kept, key = _kept[-1] if _kept else {}, (self.sample, self.lanes, inside)
        if key not in kept:
            kept[key] = prepare(CASES[self.case], self.sample, self.lanes, inside=inside)
        return kept[key]

    def _tasks(self, prepared: Prepared, subject: Implementation, runs: int) -> list[Task]:
        """Return the tasks that the subject will be asked for, if nothing fails."""
        from conformance.judging.asking import why_outside

        tasks = list(prepared.tasks.values()) * runs
        for use, lanes in by_use(self.uses).items():
            tasks += [Task(prepared.case, prepared.sample.used(use), lane) for lane in lanes]
        return [task for task in tasks if why_outside(subject, task) is None]


@dataclass(frozen=True)
class BadCallWork:
    """All bad calls of a case, with the seed of their arrays."""

    case: str
    seed: int

    @property
    def name(self) -> str:
        """What it is, in one word, as `work_of` reads it."""
        return f"{self.case}:seed={self.seed},{_BAD_CALLS}"

    def judge(self, subject: Implementation) -> Outcome:
        """Judge the exceptions that a subject raises; again where one is wrong."""
        from conformance.judging.bad_calls import judge_bad_calls
        from conformance.judging.repeat import judge_repeatedly

        judge = partial(judge_bad_calls, CASES[self.case], seed=self.seed)
        return Outcome(judge_repeatedly(judge, subject), prepared=True)


Work = SampleWork | BadCallWork


def work_of(name: str, lanes: tuple[str, ...]) -> Work:
    """Return the piece of work of a name, without uses.

    Args:
        name: its `name`.
        lanes: those of a sample.

    Raises:
        UsageError: it is not the name of one.
    """
    case, _, rest = name.partition(":")
    seed = rest.removeprefix("seed=").removesuffix(f",{_BAD_CALLS}")
    if name == f"{case}:seed={seed},{_BAD_CALLS}" and seed.isdecimal():
        return BadCallWork(case, int(seed))
    return SampleWork(Sample.parse(name), lanes)


def readied() -> None:
    """Import in this process, a worker, what judging needs, before there is work."""
    with quietly_on_one_thread():
        import torch

        for name in ("arithmetic.deviation", "judging.repeat", "judging.prepared", "judging.sample_judge"):
            import_module(f"conformance.{name}")
        # The first backward from a given gradient imports sympy.
        one = torch.ones((), requires_grad=True)
        torch.autograd.backward([one * one], [torch.ones(())])


def do(work: Work, implementation: str | Implementation | Subject) -> Outcome:
    """Judge a subject on one piece of work in this process; the subject runs in its own, if it has one.

    Args:
        work: the piece of work.
        implementation: a `Subject` that was opened before, or what is looked up here.

    Raises:
        UsageError: what is looked up cannot be found or imported.
    """
    with quietly_on_one_thread():
        if isinstance(implementation, Subject):
            return work.judge(opened_again(implementation))
        _, subject = opened_here(find_subject(implementation))
        return work.judge(subject)
