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
from conformance.judging.verdict import Status, Verdict
from conformance.report.record import Report
from conformance.running.bundle import write_bundles
from conformance.running.patience import Patience
from conformance.running.plan import plan
from conformance.running.shrink import shrink_failures
from conformance.running.subject import close, find_subject, opened_here
from conformance.running.work import Outcome, do
from conformance.subjects.modes import quietly_on_one_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from conformance.running.subject import Subject
    from conformance.running.work import Work
    from conformance.subjects.protocol import Implementation

    Progress = Callable[[str, int, int, list[Verdict]], None]


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
    in_process: bool = False,
    time_limit: float = 60.0,
    host_command: str = "",
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
        in_process: run the subject in this process instead of one of its own.
        time_limit: how many seconds one answer of the subject's process may take.
        host_command: a program with its arguments that starts that process.
        progress: called after each piece of work with the case, how many are done and how many there are, and
            its verdicts.

    Raises:
        UsageError: an unknown case, dtype or implementation, one that cannot be imported, or a negative
            count.
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

    began, clock = datetime.now(UTC), time.perf_counter()
    planned = plan(cases, samples, seed, dtypes)
    how = find_subject(
        implementation, in_process=in_process, time_limit=time_limit, host_command=host_command
    )
    with quietly_on_one_thread():
        how, subject = opened_here(how)
    # Where it cannot be sent to one process, it cannot be sent to several.
    jobs = jobs if how.pickled or how.spec or in_process else 1
    verdicts: list[Verdict] = []
    judged: list[Verdict] = []
    patience, ended = Patience(), set[str]()
    for done, (work, found) in enumerate(_outcomes(planned.work, how, jobs, patience.lost), start=1):
        outcome = patience.seen(work, found)
        verdicts += outcome.verdicts
        judged += outcome.verdicts if outcome.prepared else []
        ended |= {verdict.sample for verdict in outcome.verdicts if outcome.ended}
        if progress:
            progress(work.case, done, len(planned.work), outcome.verdicts)
    failures = first_failures(judged)
    # Each attempt at a sample that ends the subject's process may take as long as a sample may take.
    shrinkable = [verdict for verdict in failures if verdict.sample not in ended]
    with quietly_on_one_thread():
        shrunk = shrink_failures(shrinkable, subject) if shrink else {}
    report = Report(
        seed=seed,
        implementation=how.name,
        reference="torch",
        verdicts=tuple(verdicts),
        minimums=planned.minimums,
        shrunk=shrunk,
        environment=environment(threads=1) | ({"subject": how.note} if how.note else {}),
        timing={
            "began": began.isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - clock, 3),
        },
    )
    if out is not None:
        write(report, Path(out))
        with quietly_on_one_thread():
            write_bundles(failures, report, subject, Path(out) / "failures")
    close()
    return report


def _outcomes(
    work: Sequence[Work], subject: Subject, jobs: int, lost: Collection[str]
) -> Iterator[tuple[Work, Outcome]]:
    """Do the work in some processes, and yield the outcomes in the order planned; none for a lost case."""
    from joblib import Parallel, delayed

    tasks = (delayed(_nothing if piece.case in lost else do)(piece, subject) for piece in work)
    parallel = Parallel(n_jobs=jobs, return_as="generator", batch_size=1)
    return zip(work, parallel(tasks), strict=True)


def _nothing(work: Work, subject: Subject) -> Outcome:
    del work, subject
    return Outcome([], prepared=False)


def first_failures(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Return the first failing verdict about a sample of each case that has one; bad calls have no sample."""
    first: dict[str, Verdict] = {}
    for verdict in verdicts:
        if verdict.status in {Status.FAIL, Status.ERROR} and verdict.check != "errors":
            first.setdefault(verdict.case, verdict)
    return list(first.values())
