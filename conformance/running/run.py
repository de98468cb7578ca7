"""`conformance.run`: judges an implementation and returns the report.

Called by the command line and by anyone who imports the package; a report comes out, and files where they are
asked for.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.environment import environment
from conformance.errors import UsageError, whole
from conformance.extras import extras
from conformance.judging.verdict import Status, Verdict
from conformance.registry import find_implementation
from conformance.report.record import Report
from conformance.running.bundle import write_bundles
from conformance.running.plan import plan
from conformance.running.shrink import shrink_failures
from conformance.running.work import do

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from conformance.running.work import Outcome, Work
    from conformance.subjects.protocol import Implementation

    Progress = Callable[[str, int, int, list[Verdict]], None]


@extras()
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
        implementation: a name, `fault:NAME`, `module:attribute`, `path.py:attribute`, or an
            `Implementation`.
        cases: names of cases; by default all.
        samples: the number of samples per case; by default as many as the case declares.
        seed: the seed of the samples.
        dtypes: the lanes: `float64`, `float32` or both.
        jobs: the number of processes; -1 for one per core.
        out: a folder for the reports and a bundle for each failing case; by default nothing is written.
        shrink: look for a smaller sample that fails, for the first failure of the first three cases that
            fail.
        progress: called after each piece of work with the case, how many are done and how many there are, and
            its verdicts.

    Raises:
        UsageError: an unknown case, dtype or implementation, or a number that
            is not whole, or too small.
    """
    # A run goes through six steps, each entered once and from here:
    # 1. plan: draw every sample, and list the work (plan.py);
    # 2. work: judge each piece, here or in other processes (work.py, judging/). A sample that cannot be
    #    prepared is an ERROR of its case, like a subject that raises, and the run goes on;
    # 3. shrink: look for smaller samples that fail (shrink.py);
    # 4. record: put verdicts, versions and times into one report (report/record.py);
    # 5. report: write it (report/files.py);
    # 6. bundle: store what replays each failing case (bundle.py), to be read by replay.py.
    from conformance.report.files import write

    subject = find_implementation(implementation)
    seed, jobs = whole("seed", seed, 0), _checked(jobs, out)
    began, clock = datetime.now(UTC), time.perf_counter()
    planned = plan(cases, samples, seed, dtypes)
    verdicts: list[Verdict] = []
    judged: list[Verdict] = []
    for done, (work, outcome) in enumerate(_outcomes(planned.work, implementation, jobs), start=1):
        verdicts += outcome.verdicts
        judged += outcome.verdicts if outcome.prepared else []
        if progress:
            progress(work.case, done, len(planned.work), outcome.verdicts)
    failures = first_failures(judged)
    report = Report(
        seed=seed,
        implementation=implementation if isinstance(implementation, str) else subject.name,
        reference="torch",
        verdicts=tuple(verdicts),
        minimums=planned.minimums,
        shrunk=shrink_failures(failures, subject) if shrink else {},
        environment=environment(threads=1),
        timing={
            "began": began.isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - clock, 3),
        },
    )
    if out is not None:
        write(report, Path(out))
        write_bundles(failures, report, subject, Path(out) / "failures")
    return report


def _checked(jobs: object, out: object) -> int:
    """Return the number of processes, if that and the folder for the reports can be what they are."""
    if out is not None and not isinstance(out, (str, Path)):
        raise UsageError(f"out: expected a folder's path or None, got {out!r}")
    return -1 if jobs == -1 else whole("jobs", jobs, 1)


def _outcomes(
    work: Sequence[Work], implementation: str | Implementation, jobs: int
) -> Iterator[tuple[Work, Outcome]]:
    """Do the work in some processes, and yield the outcomes in the order planned."""
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=jobs, return_as="generator", batch_size=1)
    return zip(work, parallel(delayed(do)(piece, implementation) for piece in work), strict=True)


def first_failures(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Return the first failing verdict about a sample of each case that has one; bad calls have no sample."""
    first: dict[str, Verdict] = {}
    for verdict in verdicts:
        if verdict.status in {Status.FAIL, Status.ERROR} and verdict.check != "errors":
            first.setdefault(verdict.case, verdict)
    return list(first.values())
