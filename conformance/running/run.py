"""Runs the suite: all samples drawn first, judged in parallel, reported in the order drawn."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from conformance.cases import CASES, find_cases
from conformance.errors import UsageError
from conformance.judging.verdict import Status, Verdict
from conformance.registry import find_implementation
from conformance.report.record import Report
from conformance.sampling.space import MINIMUMS, draw
from conformance.subjects.modes import quietly_on_one_thread
from conformance.subjects.protocol import LANES, Implementation, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conformance.cases.case import Case
    from conformance.sampling.sample import Sample

    Progress = Callable[[str, int, int, list[Verdict]], None]


# A subject that is wrong everywhere would be shrunk for minutes; the command line shows no more than these.
_SHRUNK = 3


class Unit(NamedTuple):
    """One piece of work: a sample of a case, or all of its bad calls where there is no sample."""

    case: str
    sample: Sample | None


def run(
    implementation: str | Implementation = "mytorch",
    cases: Sequence[str] = (),
    samples: int | None = None,
    seed: int = 1,
    *,
    dtypes: Sequence[str] = ("float64", "float32"),
    jobs: int = 1,
    out: str | Path | None = None,
    shrink: bool = True,
    progress: Progress | None = None,
) -> Report:
    """Judge an implementation and return the report.

    Args:
        implementation: a name, `fault:NAME`, `module:attribute`, or an `Implementation`.
        cases: names of cases; by default all.
        samples: how many of each case; by default what the case declares.
        seed: of the samples.
        dtypes: `float64` for the semantic lane, `float32` for the precision lane.
        jobs: how many processes; -1 for one a core.
        out: a folder for the reports and a bundle for each failing case; by default nothing is written.
        shrink: look for a smaller sample that fails, for the first failure of the first three that fail.
        progress: called after each piece of work with the case, how many are done and how many there are, and
            its verdicts.

    Raises:
        UsageError: an unknown case, dtype or implementation, or a negative count.
    """
    lanes = find_lanes(dtypes)
    if samples is not None and samples < 0:
        raise UsageError(f"samples: expected a number of at least 0, got {samples}")
    if seed < 0:
        raise UsageError(f"seed: expected a number of at least 0, got {seed}")
    subject = find_implementation(implementation) if isinstance(implementation, str) else implementation
    chosen = find_cases(cases)
    began, clock = datetime.now(UTC), time.perf_counter()
    units: list[Unit] = []
    for case in chosen:
        count = case.default_samples if samples is None else samples
        drawn = draw(case.name, case.space, seed, count)
        units += [Unit(case.name, sample) for sample in drawn]
        if case.bad_calls and drawn:
            units.append(Unit(case.name, None))
    verdicts: list[Verdict] = []
    for done, (unit, found) in enumerate(_work(units, implementation, lanes, seed, jobs), start=1):
        verdicts += found
        if progress:
            progress(unit.case, done, len(units), found)
    first = _first_failures(verdicts)
    failed = [verdict for verdict in first if verdict.check != "errors"]
    shrunk = {v.sample: shrink_sample(v, subject) for v in failed[:_SHRUNK] if shrink}
    from conformance.environment import environment
    from conformance.report.files import write

    report = Report(
        seed=seed,
        implementation=implementation if isinstance(implementation, str) else subject.name,
        reference="torch",
        verdicts=tuple(verdicts),
        minimums=minimums(chosen, samples),
        shrunk=shrunk,
        environment=environment(threads=1),
        timing={
            "began": began.isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - clock, 3),
        },
    )
    if out is not None:
        write(report, Path(out))
        _write_bundles(report, failed, subject, Path(out) / "failures")
    return report


def minimums(chosen: Sequence[Case], samples: int | None) -> dict[str, int]:
    """Return how many samples of each shape class and regime are needed: none but in a run of all cases.

    Args:
        chosen: the cases that are run.
        samples: how many of each; None for what each declares.
    """
    whole = {case.name for case in chosen} >= set(CASES)
    enough = samples is None or all(samples >= case.default_samples for case in chosen)
    return dict(MINIMUMS) if whole and enough else {}


def find_lanes(dtypes: Sequence[str]) -> tuple[str, ...]:
    """Return the lanes of some dtypes.

    Raises:
        UsageError: an unknown dtype.
    """
    by_dtype = {dtype: lane for lane, dtype in LANES.items()}
    for dtype in dtypes:
        if dtype not in by_dtype:
            raise UsageError(f"unknown dtype {dtype!r}. There are: {', '.join(by_dtype)}")
    return tuple(lane for lane, dtype in LANES.items() if dtype in dtypes)


def judge_unit(
    unit: Unit, implementation: str | Implementation, lanes: Sequence[str], seed: int
) -> list[Verdict]:
    """Judge one piece of work."""
    from conformance.judging.sample_judge import judge_errors, judge_sample, prepare

    subject = find_implementation(implementation) if isinstance(implementation, str) else implementation
    with quietly_on_one_thread():
        if unit.sample is None:
            return judge_errors(CASES[unit.case], subject, seed)
        return judge_sample(prepare(CASES[unit.case], unit.sample, lanes), subject)


def _work(
    units: Sequence[Unit], implementation: str | Implementation, lanes: Sequence[str], seed: int, jobs: int
) -> Iterator[tuple[Unit, list[Verdict]]]:
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=jobs, return_as="generator", batch_size=1)
    found = parallel(delayed(judge_unit)(unit, implementation, lanes, seed) for unit in units)
    return zip(units, found, strict=True)


def _first_failures(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return each case's first failing verdict, a compared one before a bad call."""
    first: dict[str, Verdict] = {}
    for verdict in verdicts:
        if verdict.status in {Status.FAIL, Status.ERROR}:
            held = first.get(verdict.case)
            if held is None or (held.check == "errors" and verdict.check != "errors"):
                first[verdict.case] = verdict
    return list(first.values())


def shrink_sample(verdict: Verdict, subject: Implementation, attempts: int = 60) -> str:
    """Return the text of the smallest sample found that fails in the same class and regime.

    Args:
        verdict: the failure.
        subject: what failed.
        attempts: how many samples Hypothesis may try.
    """
    from hypothesis import HealthCheck, Phase, find, settings
    from hypothesis.errors import NoSuchExample

    from conformance.judging.sample_judge import judge_sample, prepare, raises
    from conformance.sampling.sample import Sample
    from conformance.sampling.space import strategy

    sample = Sample.parse(verdict.sample)
    case = CASES[sample.case]
    smaller = strategy(
        case.name, case.space, seed=sample.seed, shape_class=sample.shape_class, regime=sample.regime
    )

    def fails(candidate: Sample) -> bool:
        lanes = [verdict.lane] if verdict.lane else list(LANES)
        if verdict.status is Status.ERROR:
            # Whether it raises needs no oracle.
            return any(raises(Task(case, candidate, LANES[lane]), subject) for lane in lanes)
        found = judge_sample(prepare(case, candidate, lanes), subject)
        return any(v.status is Status.FAIL for v in found)

    how = settings(
        max_examples=attempts,
        database=None,
        deadline=None,
        derandomize=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    try:
        return find(smaller, fails, settings=how).text
    except NoSuchExample:
        return sample.text


def _write_bundles(report: Report, failed: Sequence[Verdict], subject: Implementation, folder: Path) -> None:
    from conformance.running.replay import write_bundle

    # Those of an earlier run into the same folder would pass for this one's.
    shutil.rmtree(folder, ignore_errors=True)
    for verdict in failed:
        write_bundle(
            folder / verdict.case, report.shrunk.get(verdict.sample, verdict.sample), report, subject
        )
