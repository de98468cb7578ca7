"""The suite's own test: which faults it catches, where, and which observable showed each first.

Called by `conformance selftest`; a kill matrix comes out. A sample is prepared once and every fault is judged
on it, so that the matrix costs little more than a run.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.cases import CASES, find_cases
from conformance.errors import DegenerateError, UsageError
from conformance.faults import FAULTS, faulty, find_faults
from conformance.faults.equivalents import EQUIVALENTS
from conformance.judging.chosen_uses import by_use
from conformance.judging.criteria import CRITERIA, passed
from conformance.judging.judge import judge
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import run_subject
from conformance.judging.verdict import Status
from conformance.processes import in_processes, worthwhile
from conformance.running.kill_matrix import CONTROL, Cell, KillMatrix, OtherSeed, Trial
from conformance.running.plan import samples_of
from conformance.running.work import SampleWork
from conformance.subjects.protocol import LANES
from conformance.subjects.torchlike import TorchLike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from conformance.cases.case import Case
    from conformance.faults.fault import Fault
    from conformance.judging.prepared import Prepared
    from conformance.sampling.sample import Sample

    Progress = Callable[[str, int, int], None]


class Tried(NamedTuple):
    """The results of one sample.

    Attributes:
        trials: the trials, the correct program's first.
        degenerate: why the sample, or it in a use, could not be prepared.
    """

    trials: list[Trial]
    degenerate: list[str]


def selftest(
    names: Sequence[str] = (),
    *,
    cases: Sequence[str] = (),
    whole: bool = False,
    seed: int = 1,
    seeds: int = 1,
    jobs: int = 1,
    progress: Progress | None = None,
) -> KillMatrix:
    """Judge every fault on every default sample of the cases that it applies to.

    Args:
        names: names of faults; by default all.
        cases: names of cases, on which alone the faults are judged; by default all.
        whole: whether only faults around the layer that a case runs are judged, and none in a step of its
            program: such a program is written out, and runs nothing of the layer.
        seed: the seed of the samples.
        seeds: at how many seeds, from `seed` on. At all but the first a fault is judged until a sample shows
            it, and only what was missed is kept.
        jobs: the number of processes; -1 for one per core where there is enough work for them.
        progress: called after each sample with its case, how many are done and how many there are; at further
            seeds after each case.

    Raises:
        UsageError: an unknown fault or case; the message names those like it; or no seed.
        NoiseError: a sample cannot be prepared, so that no fault can be judged by it.
    """
    if seeds < 1:
        raise UsageError(f"seeds: expected a number of at least 1, got {seeds}")
    only = {case.name for case in find_cases(cases)}
    found = [fault for fault in find_faults(names) if not only.isdisjoint(fault.cases)]
    faults = [fault for fault in found if not (whole and fault.seams)]
    chosen = [fault.name for fault in faults]
    cases = list(dict.fromkeys(case for fault in faults for case in fault.cases if case in only))
    work = [w for name in cases for w in _asked(CASES[name], seed, chosen)]
    steps, done = len(work) + (seeds - 1) * len(cases), count(1)

    def told(case: str) -> None:
        if progress:
            progress(case, next(done), steps)

    tried = Tried([], [])
    shown: dict[str, dict[int, set[str]]] = {case: {} for case in cases}
    jobs = worthwhile(jobs, steps)
    results = in_processes(try_sample, [(each.sample, chosen, each.uses) for each in work], jobs)
    for each, found in zip(work, results, strict=True):
        tried.trials.extend(found.trials)
        tried.degenerate.extend(found.degenerate)
        shown[each.case][each.sample.draw] = {t.cell.fault for t in found.trials if t.seen_by is not None}
        told(each.case)
    others = {other: OtherSeed(other) for other in range(seed + 1, seed + seeds)}
    order = {case: telling_first(shown[case]) for case in cases}
    further = [(case, other, chosen, order[case]) for other in others for case in cases]
    for (case, other, *_), more in zip(further, in_processes(try_case, further, jobs), strict=True):
        others[other] = others[other].joined(more)
        told(case)
    asked = [(fault.name, case) for fault in faults for case in fault.cases if case in only]
    return KillMatrix(tried.trials, seed, asked, tried.degenerate, list(others.values()))


def _asked(case: Case, seed: int, names: Sequence[str]) -> list[SampleWork]:
    """Return a case's default samples, or where all faults are of uses, those judged in these."""
    applied = [FAULTS[name] for name in names if case.name in FAULTS[name].cases]
    uses = {use for fault in applied for use in fault.uses}
    plainly = any(not fault.uses for fault in applied)
    found = []
    for work in samples_of(case, seed, case.default_samples, LANES):
        asked = tuple(pair for pair in work.uses if pair[0] in uses)
        if plainly or asked:
            found.append(SampleWork(work.sample, work.lanes, asked))
    return found


def telling_first(shown: Mapping[int, set[str]]) -> list[int]:
    """Order the draws of a case: next comes that which showed most of the faults that none before it showed.

    Draws of one number have the same class and regime at every seed, and mostly show the same faults.

    Args:
        shown: by draw, the faults that it showed.

    Example:
        >>> from conformance.running.selftest import telling_first
        >>> telling_first({0: {"a"}, 1: {"a", "b"}, 2: {"c"}})
        [1, 2, 0]
    """
    left, order = dict(shown), []
    while left:
        best = max(left, key=lambda draw: len(left[draw]))
        order.append(best)
        seen = left.pop(best)
        left = {draw: faults - seen for draw, faults in left.items()}
    return order


def try_case(case: str, seed: int, names: Sequence[str], order: Sequence[int] = ()) -> OtherSeed:
    """Judge each fault that applies to a case on its default samples of a seed, until one shows it.

    Args:
        case: the case's name.
        seed: the seed of the samples.
        names: names of faults.
        order: numbers of draws in the order in which they are tried; the others follow.
    """
    left = [n for n in names if case in FAULTS[n].cases and (n, case) not in EQUIVALENTS]
    found, place = OtherSeed(seed), {draw: n for n, draw in enumerate(order)}
    for work in sorted(_asked(CASES[case], seed, left), key=lambda w: place.get(w.sample.draw, len(place))):
        plainly = any(not FAULTS[name].uses for name in left)
        uses = tuple(pair for pair in work.uses if any(pair[0] in FAULTS[name].uses for name in left))
        if not plainly and not uses:
            continue
        trials, degenerate = try_sample(work.sample, left, uses)
        seen = {trial.cell.fault for trial in trials if trial.seen_by is not None}
        alarms = [str(trial) for trial in trials if trial.cell.fault == CONTROL and trial.seen_by is not None]
        found = found.joined(OtherSeed(seed, (), tuple(alarms), tuple(degenerate)))
        left = [name for name in left if name not in seen]
    return found.joined(OtherSeed(seed, tuple((name, case) for name in left)))


def try_sample(sample: Sample, names: Sequence[str], uses: Sequence[tuple[str, str]] = ()) -> Tried:
    """Judge the correct program and each fault that applies on one sample.

    Args:
        sample: the sample, without a use.
        names: names of faults.
        uses: the uses that the sample is judged in, each with its lane; faults of uses are judged there, and
            no others.
    """
    from conformance.subjects.modes import quietly_on_one_thread

    applied = [FAULTS[name] for name in names if sample.case in FAULTS[name].cases]
    tried = Tried([], [])
    with quietly_on_one_thread():
        try:
            prepared = prepare(CASES[sample.case], sample)
        except DegenerateError as error:
            return Tried([], [str(error)])
        tried.trials.extend(_all_trials(prepared, [fault for fault in applied if not fault.uses]))
        for use, lanes in by_use(uses).items():
            if named := [fault for fault in applied if use in fault.uses]:
                try:
                    tried.trials.extend(_all_trials(prepared.used(use, lanes), named))
                except DegenerateError as error:
                    tried.degenerate.append(str(error))
        return tried


def _all_trials(prepared: Prepared, faults: Sequence[Fault]) -> list[Trial]:
    """Judge the correct program and some faults; without faults, return an empty list."""
    case = prepared.sample.case
    # In a use the correct program is that of the case: written out, it has no module.
    plainly: Mapping[str, Mapping[str, Any]] | None = {case: {}} if not prepared.sample.use else None
    subjects = {CONTROL: TorchLike(CONTROL, "mytorch", seams=plainly)} if faults else {}
    subjects |= {fault.name: faulty(fault) for fault in faults}
    return [trial for name, subject in subjects.items() for trial in _trials(prepared, name, subject)]


def _trials(prepared: Prepared, name: str, subject: TorchLike) -> Iterator[Trial]:
    sample = prepared.sample
    for lane, expected in prepared.expectations.items():
        # Only a FAIL is a kill. A fault that raises is a broken fault, and stops the self-test.
        try:
            trace = run_subject(prepared, lane, subject)
        except Exception as error:
            error.add_note(f"in fault {name} on {sample.text}")
            raise
        seen = [verdict for verdict in judge(expected, trace) if verdict.status is Status.FAIL]
        cell = Cell(name, sample.case, sample.shape_class, sample.regime, lane)
        missed = tuple(c for c, criterion in CRITERIA.items() if passed(criterion, expected, trace))
        yield Trial(cell, sample.text, seen[0].observable if seen else None, missed)
