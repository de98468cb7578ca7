"""The suite's own test: which faults it catches, where, and which observable showed each first.

Called by `conformance selftest`; a kill matrix comes out. A sample is prepared once and every fault is judged
on it, so that the matrix costs little more than a run.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.arithmetic.constants import constants_sha256
from conformance.cases import CASES
from conformance.faults import FAULTS, faulty, find_faults
from conformance.faults.equivalents import EQUIVALENTS
from conformance.judging.criteria import CRITERIA, passed
from conformance.judging.judge import judge
from conformance.judging.sample_judge import prepare, run_subject
from conformance.judging.verdict import Status
from conformance.running.plan import samples_of
from conformance.running.work import SampleWork, by_use
from conformance.subjects.protocol import LANES
from conformance.subjects.torchlike import TorchLike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from conformance.cases.case import Case
    from conformance.faults.fault import Fault
    from conformance.judging.sample_judge import Prepared
    from conformance.sampling.sample import Sample

    Progress = Callable[[str, int, int], None]

# Of kill_matrix.json; 2 names the lanes by their dtype.
SCHEMA_VERSION = 2

# The correct program, judged next to the faults: where it fails is a false alarm, and no fault is caught.
CONTROL = "(none)"


class Cell(NamedTuple):
    """One cell of the matrix."""

    fault: str
    case: str
    shape_class: str
    regime: str
    lane: str


@dataclass(frozen=True)
class Trial:
    """The result of one fault on one sample in one lane.

    Attributes:
        cell: where.
        sample: the sample's text.
        seen_by: the first observable that failed, or None if none did.
        missed_by: the other criteria that pass it.
    """

    cell: Cell
    sample: str
    seen_by: str | None
    missed_by: tuple[str, ...]


@dataclass
class KillMatrix:
    """Every trial of every fault.

    Attributes:
        trials: the trials, in the order drawn.
        seed: the seed of the samples.
    """

    trials: list[Trial]
    seed: int
    _tried: dict[str, Counter[Cell]] = field(init=False)
    _kills: dict[str, list[Trial]] = field(init=False)

    def __post_init__(self) -> None:
        self._tried, self._kills = defaultdict(Counter), defaultdict(list)
        for trial in self.trials:
            self._tried[trial.cell.fault][trial.cell] += 1
            if trial.seen_by is not None:
                self._kills[trial.cell.fault].append(trial)

    @property
    def faults(self) -> list[str]:
        """The names of the faults that were tried, in the order of their list."""
        return [name for name in FAULTS if name in self._tried]

    @property
    def survivors(self) -> list[tuple[str, str]]:
        """The pairs of fault and case that no sample caught and that no proof excuses."""
        pairs = dict.fromkeys((t.cell.fault, t.cell.case) for t in self.trials if t.cell.fault != CONTROL)
        killed = {(t.cell.fault, t.cell.case) for trials in self._kills.values() for t in trials}
        return [pair for pair in pairs if pair not in killed and pair not in EQUIVALENTS]

    @property
    def false_alarms(self) -> list[Trial]:
        """The trials in which the correct program was judged wrong."""
        return self._kills.get(CONTROL, [])

    @property
    def exit_code(self) -> int:
        """0 if every fault was caught and nothing else; 3 if nothing was tried."""
        if not self.faults:
            return 3
        return 1 if self.survivors or self.false_alarms else 0

    def cells(self, fault: str) -> dict[Cell, tuple[int, int]]:
        """Return kills and trials of a fault in each cell of the matrix."""
        killed = Counter(t.cell for t in self._kills.get(fault, []))
        return {cell: (killed[cell], count) for cell, count in self._tried[fault].items()}

    def criteria(self) -> dict[str, dict[str, int]]:
        """Return for this suite and each other criterion the faults caught and the false alarms.

        A false alarm is a sample and lane on which the correct program is judged wrong; no fault is caught
        there. The faults caught in float32 are counted apart, for suites that compare with torch in float32
        only. The other criteria do not judge residuals, which are zero but for rounding: a relative criterion
        finds any rounding of zero wrong, and suites that use one do not compare zeros.
        """
        rows = {}
        for name in ("this suite", *CRITERIA):
            ours = name == "this suite"
            asked = [t for t in self.trials if ours or not CASES[t.cell.case].residuals]
            red = [t for t in asked if (t.seen_by if ours else name not in t.missed_by)]
            # Where the correct program is judged wrong too, no fault was caught.
            alarms = {(t.sample, t.cell.lane) for t in red if t.cell.fault == CONTROL}
            caught = [t.cell for t in red if (t.sample, t.cell.lane) not in alarms]
            rows[name] = {
                "caught": len({cell.fault for cell in caught}),
                "caught_in_float32": len({cell.fault for cell in caught if cell.lane == "float32"}),
                "faults": len({t.cell.fault for t in asked} - {CONTROL}),
                "false_alarms": len(alarms),
                "clean": sum(t.cell.fault == CONTROL for t in asked),
            }
        return rows

    def to_json(self) -> dict[str, Any]:
        """Return the record that `kill_matrix.json` holds."""
        survivors = {fault for fault, _ in self.survivors}
        return {
            "schema_version": SCHEMA_VERSION,
            "constants_sha256": constants_sha256(),
            "seed": self.seed,
            "criteria": self.criteria(),
            "faults": [self._fault_to_json(name, survivors) for name in self.faults],
        }

    def _fault_to_json(self, name: str, survivors: set[str]) -> dict[str, Any]:
        kills = self._kills.get(name, [])
        first = kills[0] if kills else None
        where: dict[str, dict[str, str]] = defaultdict(dict)
        for cell, (killed, count) in self.cells(name).items():
            where[cell.case][f"{cell.shape_class}/{cell.regime}/{cell.lane}"] = f"{killed}/{count}"
        by = {"sample": first.sample, "lane": first.cell.lane, "observable": first.seen_by} if first else None
        cases = FAULTS[name].cases
        return {
            "name": name,
            "family": FAULTS[name].family,
            "story": FAULTS[name].story,
            "killed": name not in survivors,
            "killed_by": by,
            "equivalent": {case: EQUIVALENTS[name, case] for case in cases if (name, case) in EQUIVALENTS},
            "where": where,
        }


def selftest(
    names: Sequence[str] = (), *, seed: int = 1, jobs: int = 1, progress: Progress | None = None
) -> KillMatrix:
    """Judge every fault on every default sample of the cases that it applies to.

    Args:
        names: names of faults; by default all.
        seed: the seed of the samples.
        jobs: the number of processes.
        progress: called after each sample with its case, how many are done and how many there are.

    Raises:
        UsageError: an unknown fault; the message names those like it.
        DegenerateError: a sample cannot be prepared, so that no fault can be judged by it.
        NoiseError: likewise.
    """
    faults = find_faults(names)
    chosen = [fault.name for fault in faults]
    cases = dict.fromkeys(case for fault in faults for case in fault.cases)
    work = [w for name in cases for w in _asked(CASES[name], seed, chosen)]
    trials: list[Trial] = []
    for done, (each, found) in enumerate(_work(work, chosen, jobs), start=1):
        trials += found
        if progress:
            progress(each.case, done, len(work))
    return KillMatrix(trials, seed)


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


def _work(
    work: Sequence[SampleWork], names: Sequence[str], jobs: int
) -> Iterator[tuple[SampleWork, list[Trial]]]:
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=jobs, return_as="generator", batch_size=1)
    tried = parallel(delayed(try_sample)(each.sample, names, each.uses) for each in work)
    return zip(work, tried, strict=True)


def try_sample(sample: Sample, names: Sequence[str], uses: Sequence[tuple[str, str]] = ()) -> list[Trial]:
    """Judge the correct program and each fault that applies on one sample.

    Args:
        sample: the sample, without a use.
        names: names of faults.
        uses: the uses that the sample is judged in, each with its lane; faults of uses are judged there, and
            no others.
    """
    from conformance.subjects.modes import quietly_on_one_thread

    with quietly_on_one_thread():
        prepared = prepare(CASES[sample.case], sample)
        applied = [FAULTS[name] for name in names if sample.case in FAULTS[name].cases]
        trials = _all_trials(prepared, [fault for fault in applied if not fault.uses])
        for use, lanes in by_use(uses).items():
            if named := [fault for fault in applied if use in fault.uses]:
                trials += _all_trials(prepared.used(use, lanes), named)
        return trials


def _all_trials(prepared: Prepared, faults: Sequence[Fault]) -> list[Trial]:
    """Judge the correct program and some faults; nothing where there are no faults."""
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
