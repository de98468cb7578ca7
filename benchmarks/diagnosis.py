"""Which faults a diagnosis names: each is put into mytorch, and named from one sample in which it shows.

    python benchmarks/diagnosis.py --seeds 2 --each 4 --jobs -1 --out reports/diagnosis.md

For every fault that changes a function and every case that it applies to, the first samples are taken in
which it shows, in float64 and in float32; of a fault of a use, samples in that use. The diagnosis knows what
mytorch returned for one of them. The table says how often the fault was among those named first; where two
return the same numbers, both are. Each fault has to be named in 95 % of its samples; those that are not are
listed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from contextlib import suppress
from functools import partial
from math import prod
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tabulate import tabulate

from conformance.arithmetic.tolerance import UNIT
from conformance.cases import CASES
from conformance.diagnosis.nearest import candidates, hypothesis, in_use
from conformance.diagnosis.observation import Observation, compared
from conformance.diagnosis.reading import read
from conformance.errors import DegenerateError
from conformance.faults import FAULTS, faulty
from conformance.faults.equivalents import EQUIVALENTS
from conformance.judging.chosen_uses import by_use
from conformance.judging.judge import judge
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import run_subject
from conformance.judging.verdict import Status
from conformance.processes import in_processes
from conformance.running.plan import samples_of
from conformance.subjects import mytorch
from conformance.subjects.modes import quietly_on_one_thread
from conformance.subjects.protocol import LANES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.judging.prepared import Prepared
    from conformance.running.work import SampleWork

# A fault of accuracy leaves the function as it is, and how wrong it is depends on the order of roundings. So
# are others on samples in which, computed in float64, they stay within the tolerance of float32.
OF_ACCURACY = frozenset({"precision"})

# A sample with more numbers takes seconds per fault, and tells no more.
_MOST = 4_000

# Of each fault's samples, in so many it has to be named first.
_ENOUGH = 0.95

# The correct program.
CONTROL = "(none)"


class Trial(NamedTuple):
    """One diagnosis.

    Attributes:
        fault: the fault of the subject, or CONTROL.
        case: the case.
        lane: the lane.
        sample: the text of the sample.
        named: those named first.
    """

    fault: str
    case: str
    lane: str
    sample: str
    named: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether the fault is among those named first."""
        return self.fault in self.named


def structural(case: str) -> list[str]:
    """Return the faults that change the function of a case or its gradients, plainly or in a use."""
    return [
        fault.name
        for fault in FAULTS.values()
        if case in fault.cases and fault.family not in OF_ACCURACY and (fault.name, case) not in EQUIVALENTS
    ]


def diagnosed(
    case: str, seeds: int, each: int, lanes: tuple[str, ...] = LANES, only: Sequence[str] = ()
) -> list[Trial]:
    """Return the diagnoses of a case: of each fault, in each lane, in the first samples that show it.

    Args:
        case: the case's name.
        seeds: at how many seeds samples are drawn.
        each: how many samples of each fault, lane and seed.
        lanes: the lanes.
        only: names of faults; by default all of the case.
    """
    trials: list[Trial] = []
    names = [name for name in structural(case) if not only or name in only]
    with quietly_on_one_thread():
        for seed in range(1, seeds + 1):
            left = Counter({(name, lane): each for name in names for lane in lanes})
            for work in samples_of(CASES[case], seed, CASES[case].default_samples, lanes):
                if not +left:
                    break
                for prepared in _prepared(work, left):
                    trials += _on(prepared, left)
    return trials


def _prepared(work: SampleWork, left: Counter[tuple[str, str]]) -> Iterator[Prepared]:
    """Prepare a sample in the plain call, and in each use, for which faults are left."""
    case = CASES[work.case]
    if sum(prod(given.shape) for given in case.inputs(work.sample.settings).values()) > _MOST:
        return
    used = [(use, lanes) for use, lanes in by_use(work.uses).items() if _of_use(left, use)]
    if not used and not _of_use(left, ""):
        return
    try:
        plain = prepare(case, work.sample, work.lanes)
    except DegenerateError:
        return
    yield plain
    for use, lanes in used:
        with suppress(DegenerateError):
            yield plain.used(use, lanes)


def _of_use(left: Counter[tuple[str, str]], use: str) -> list[str]:
    """Return the faults that are left of a use; of the plain call, if it is empty."""
    names = dict.fromkeys(name for name, _ in +left)
    return [name for name in names if in_use(FAULTS[name], use)]


def _on(prepared: Prepared, left: Counter[tuple[str, str]]) -> list[Trial]:
    """Diagnose the faults that are left on one sample, and count them off."""
    sample = prepared.sample
    names = _of_use(left, sample.use)
    if not names:
        return []
    hypotheses = [hypothesis(fault) for fault in candidates([sample])]
    trials = []
    for name in (CONTROL, *names):
        subject = mytorch.make() if name == CONTROL else faulty(FAULTS[name])
        for lane, expected in prepared.expectations.items():
            if name != CONTROL and not left[name, lane]:
                continue
            trace = run_subject(prepared, lane, subject)
            if not any(verdict.status is Status.FAIL for verdict in judge(expected, trace)):
                continue
            again = partial(run_subject, prepared, lane, subject)
            seen = Observation(prepared, lane, trace, again, backward=True)
            if name != CONTROL and not _changes(name, seen):
                continue
            left[name, lane] -= name != CONTROL
            named = tuple(fault.name for fault in read([seen], hypotheses=hypotheses).named)
            trials.append(Trial(name, sample.case, lane, sample.text, named))
    return trials


def _changes(name: str, seen: Observation) -> bool:
    """Whether a fault makes another function in a sample, and not only a less accurate one."""
    try:
        with np.errstate(all="ignore"):
            trace = faulty(FAULTS[name], "torch").run(seen.task)
    except Exception:  # noqa: BLE001 - then the diagnosis cannot name it either, which counts against it
        return True
    there = Observation(seen.prepared, seen.lane, trace, backward=True)
    return bool(there.lacking) or compared(seen.expected, there).ratio > UNIT["float32"] / UNIT[seen.lane]


def table(trials: list[Trial]) -> str:
    """Return the table by family, in markdown."""
    families: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        if trial.fault != CONTROL:
            families[FAULTS[trial.fault].family].append(trial)
    rows = [_row(family, found) for family, found in sorted(families.items())]
    rows.append(_row("all", [trial for found in families.values() for trial in found]))
    headers = ("family", "faults", "diagnoses", "named first", "share", "named at once, median")
    return tabulate(rows, headers, tablefmt="github")


def too_few(trials: list[Trial]) -> list[tuple[str, int, int]]:
    """Return the faults that are named too seldom, each with how often it was named, and how often sought."""
    sought = Counter(trial.fault for trial in trials if trial.fault != CONTROL)
    named = Counter(trial.fault for trial in trials if trial.right)
    found = [(fault, named[fault], count) for fault, count in sought.items()]
    return sorted((each for each in found if each[1] < _ENOUGH * each[2]), key=lambda each: each[1] / each[2])


def report(trials: list[Trial], seeds: int, each: int) -> str:
    """Return the page about all diagnoses, in markdown."""
    wrong = Counter(trial.fault for trial in trials if not trial.right)
    missed = ", ".join(f"{fault} ({count})" for fault, count in wrong.most_common()) or "none"
    few = too_few(trials)
    sought = len({trial.fault for trial in trials} - {CONTROL})
    share = f"{sought - len(few)} of {sought} are named first in {_ENOUGH:.0%} or more of their samples."
    below = ", ".join(f"{fault} ({named} of {count})" for fault, named, count in few) or "none"
    written = (
        f"Written by `python benchmarks/diagnosis.py --seeds {seeds} --each {each}`. Each fault is put into\n"
        "mytorch, and named from one sample in which it shows, in the plain call or in its use."
    )
    title = "# What a diagnosis names"
    lists = (f"Named less often: {below}.", f"Not named first: {missed}.", f"{never(trials)}\n")
    return "\n\n".join((title, written, table(trials), share, *lists))


def never(trials: list[Trial]) -> str:
    """Return the sentences that list the faults of the same cases that were not tried, and why."""
    shown, cases = {trial.fault for trial in trials}, {trial.case for trial in trials}
    left = [
        fault
        for fault in FAULTS.values()
        if fault.name not in shown and any(case in cases or CASES[case].distribution for case in fault.cases)
    ]
    inaccurate = [fault.name for fault in left if fault.family in OF_ACCURACY]
    drawn = [fault.name for fault in left if all(CASES[case].distribution for case in fault.cases)]
    others = [fault.name for fault in left if fault.name not in (*inaccurate, *drawn)]
    return (
        f"Not tried: {len(inaccurate)} faults of accuracy, and {len(drawn)} of random draws, whose results "
        "are not compared number by number. Faults that no sample showed: "
        f"{', '.join(others) or 'none'}."
    )


def _row(family: str, found: list[Trial]) -> tuple[object, ...]:
    right = [trial for trial in found if trial.right]
    ties = median(len(trial.named) for trial in right) if right else 0
    faults = len({trial.fault for trial in found})
    return family, faults, len(found), len(right), f"{len(right) / max(len(found), 1):.1%}", ties


def main() -> int:
    """Print the table, and the diagnoses that are wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", help="names of cases; by default all that have faults")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--each", type=int, default=1, help="samples of each fault, case, lane and seed")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--fault", action="append", default=[], help="only this one, and others so given")
    parser.add_argument("--out", type=Path, help="a file for the table")
    options = parser.parse_args()
    cases = [
        name
        for name in options.cases or CASES
        if {*structural(name)} & {*(options.fault or FAULTS)} and not CASES[name].distribution
    ]
    arguments = ((name, options.seeds, options.each, LANES, options.fault) for name in cases)
    trials: list[Trial] = []
    for name, found in zip(cases, in_processes(diagnosed, arguments, options.jobs), strict=True):
        trials += found
        wrong = [trial for trial in found if not trial.right]
        print(f"{name}: {len(found) - len(wrong)} of {len(found)}", file=sys.stderr, flush=True)
        for trial in wrong:
            print(f"  {trial.fault} {trial.lane} {trial.sample} {trial.named}", file=sys.stderr, flush=True)
    print(table(trials))
    if options.out:
        options.out.write_text(report(trials, options.seeds, options.each), encoding="utf-8")
    few = too_few(trials)
    for fault, named, count in few:
        print(f"{fault}: named in {named} of {count}, which is less than {_ENOUGH:.0%}")
    return 1 if few or any(trial.fault == CONTROL for trial in trials) else 0


if __name__ == "__main__":
    sys.exit(main())
