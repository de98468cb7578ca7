"""`conformance.run`: judges an implementation and returns the report.

Called by the command line and by anyone who imports the package; a report comes out, and files where they are
asked for.
"""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.environment import environment, joined
from conformance.errors import UsageError, flag, whole
from conformance.extras import extras
from conformance.processes import MOST_JOBS, worthwhile
from conformance.registry import absolute
from conformance.report.bitwise import Bitwise
from conformance.report.record import Report
from conformance.report.shard import Pieces
from conformance.running.bitwise import Measures, checked, measuring
from conformance.running.bundle import write_bundles
from conformance.running.cluster import reached
from conformance.running.doing import outcomes_of
from conformance.running.journal import common, identity, kept
from conformance.running.outcomes import Done
from conformance.running.output import FAILURES
from conformance.running.plan import lanes_of, plan
from conformance.running.shards import BITS, part_of
from conformance.running.shrink import shrink_failures
from conformance.running.subject import close, find_subject, opened_here
from conformance.subjects.declarations import declared
from conformance.subjects.devices import on_device
from conformance.subjects.modes import quietly_on_one_thread
from conformance.subjects.supports import supports_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.judging.verdict import Verdict
    from conformance.report.baseline import Baseline
    from conformance.running.cluster import Cluster
    from conformance.running.outcomes import Progress
    from conformance.subjects.protocol import Implementation


@extras()
def run(
    implementation: str | Implementation = "mytorch",
    cases: Sequence[str] = (),
    samples: int | None = None,
    seed: int = 1,
    *,
    dtypes: Sequence[str] | None = None,
    jobs: int = 1,
    out: str | Path | None = None,
    baseline: str | Path | None = None,
    shrink: bool = True,
    diagnose: bool = True,
    resume: bool = False,
    exit_first: bool = False,
    require_bitwise: Sequence[str] = (),
    in_process: bool = False,
    time_limit: float = 60.0,
    host_command: str = "",
    device: str | None = None,
    shard: str | None = None,
    backend: str = "local",
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Report:
    """Judge an implementation and return the report.

    Args:
        implementation: a name, `fault:NAME`, `cmd:PROGRAM`, `module:attribute`, `path.py:attribute`, or an
            `Implementation`.
        cases: names of cases; by default all.
        samples: the number of samples per case; by default as many as the case declares.
        seed: the seed of the samples.
        dtypes: the lanes, of `float64`, `float32`, `bfloat16` and `float16`; by default those in which the
            implementation declares that it computes, and the first two where it declares nothing.
        jobs: the number of processes; -1 for one per core where there is enough work for them.
        out: a folder for the reports and a bundle for each failing case; by default nothing is written.
        baseline: a `baseline.json`; the page in `out` says what changed since it, or why the two cannot be
            compared.
        shrink: look for a smaller sample that fails, for the first failure of the first three cases that
            fail.
        diagnose: look for what is wrong, and where it begins, in the first three cases that fail.
        resume: go on from what an earlier run with the same arguments wrote into `out` before it was killed
            or interrupted; without such a run, start anew.
        exit_first: stop after the first piece of work that does not pass.
        require_bitwise: relations, names of `conformance.judging.relations.RELATIONS`, that must hold bit for
            bit in all programs of the judged cases. A run of all cases measures them and requires none.
        in_process: run the subject in this process instead of one of its own.
        time_limit: how many seconds one answer of the subject's process may take.
        host_command: a program with its arguments that starts that process.
        device: a device that torch computes on, `cpu` or `cuda`, where torch is the implementation; it runs
            in the judge's process.
        shard: which part of the run is done, as `2/8`, of which `conformance merge` puts all together; the
            report of one shows nothing alone.
        backend: `local`, or `dask`: the work is done by the workers of a Dask cluster.
        scheduler: the address of its scheduler.
        progress: called after each piece of work with the case, how many are done and how many there are, and
            its verdicts.

    Raises:
        UsageError: an unknown case, dtype, relation or implementation; a number that is not whole, or too
            small; an implementation that cannot be imported, or declares what cannot be declared; `out`
            cannot be written to, or another process writes to it; a scheduler does not answer, or a worker
            there has other versions; `resume` and what is there is of another
            run; or `baseline` cannot be read, or is given for a shard.
        KeyboardInterrupt: the run was interrupted. If `out` is given, the verdicts so far are written to it,
            and the message says so.
    """
    # A run goes through eight steps, each entered once and from here, and holds its folder from 2 to 8:
    # 1. plan: draw every sample, and count the work, of which none is kept (plan.py);
    # 2. work: judge each piece, here or in other processes (doing.py, work.py, judging/), and append its
    #    verdicts to a file (journal.py). A sample that cannot be prepared is an ERROR of its case, like a
    #    subject that raises, and the run goes on;
    # 3. shrink: look for smaller samples that fail (shrink.py);
    # 4. diagnose: look for what is wrong with the cases that fail (diagnose.py);
    # 5. bits: count those in which two calls differ that could be equal (bitwise.py); of several processes
    #    that judge, one does this before;
    # 6. record: put verdicts, versions and times into one report (report/record.py);
    # 7. report: write it (report/files.py);
    # 8. bundle: store what replays each failing case (bundle.py), to be read by replay.py.
    from conformance.report.files import write

    seed, jobs = whole("seed", seed, 0), _checked(jobs, out)
    part, required = part_of(shard), checked(require_bitwise)
    bits = Bitwise(required=required if part.takes(BITS) else ())
    _flags(progress, shrink=shrink, diagnose=diagnose, resume=resume, exit_first=exit_first)
    implementation, stated = on_device(implementation, device)
    # Before the subject is imported, which may change the directory.
    folder = _folder(out, resume=resume)
    spec = absolute(implementation) if isinstance(implementation, str) else ""
    since = None if baseline is None else _since(baseline, folder, shard)
    in_process = in_process or bool(stated)
    how = find_subject(
        implementation, in_process=in_process, time_limit=time_limit, host_command=host_command
    )
    with quietly_on_one_thread():
        how, subject = opened_here(how)
    declarations = declared(subject)
    began, clock, supports = datetime.now(UTC), time.perf_counter(), supports_of(subject)
    dtypes = lanes_of(supports) if dtypes is None else dtypes
    planned = plan(cases, samples, seed, dtypes, supports, part)
    done = Done(planned.own, Pieces() if part.divided else None)
    asked = {
        "implementation": how.name,
        "cases": cases,
        "samples": samples,
        "seed": seed,
        "dtypes": dtypes,
        "half types": supports.inside.words,
        # A run in the judge's process is marked as one, and may not go on unmarked.
        "in process": bool(how.note),
        "bits required": required,
    }
    interrupt, shrunk, diagnosed = None, dict[str, str](), dict[str, list[str]]()
    shared = common(asked, planned, implementation, subject.name) if folder or shard else {}
    about = identity(shared, shard) if folder else {}
    with (
        reached(backend, scheduler, how) as cluster,
        kept(folder, about, resume=resume) as journal,
        quietly_on_one_thread(),
    ):
        try:
            # Where it cannot be sent to one process, it cannot be sent to several.
            where = cluster or (jobs if how.pickled or how.spec or in_process else 1)
            asked_bits = part.takes(BITS) and bool(required or not cases)
            # After an early end nothing is measured.
            left = 0 if exit_first or not asked_bits else planned.own - len(journal.outcomes)
            with measuring(
                Measures({each.case for each in planned.cases}, seed, dtypes, bits.required),
                how,
                subject,
                _judging(where, left),
            ) as measured:
                work = part.of(planned), planned.own
                with closing(outcomes_of(*work, how, where, journal, done.patience.lost)) as outcomes:
                    done.extend(outcomes, progress, exit_first=exit_first)
                shrunk, diagnosed = _looked_into(done, subject, shrink=shrink, diagnose=diagnose)
                bits = measured() if asked_bits and not done.stopped else bits
        except KeyboardInterrupt as error:
            if folder is None:
                raise
            interrupt = error
            done.stopped = f"INTERRUPTED {done.told}"
        marked = part.marked(planned, shared, done.pieces or Pieces())
        report = Report(
            seed=seed,
            implementation=how.name,
            reference="torch",
            verdicts=done.verdicts,
            minimums=marked.minimums,
            scope=marked.scope,
            shrunk=shrunk,
            diagnosed=diagnosed,
            environment=joined(_machines(cluster)) | stated | ({"subject": how.note} if how.note else {}),
            timing=_timing(began, time.perf_counter() - clock, done.stopped),
            declarations=declarations,
            given_as="" if how.spec else "an object",
            bitwise=bits,
        )
        if folder is not None:
            write(report, folder, since)
            write_bundles([] if interrupt else done.failures, report, subject, folder / FAILURES, spec)
        close()
        if interrupt:
            told = f"{done.stopped}; what is judged is in {folder}, and --resume does the rest"
            raise type(interrupt)(told) from None
        if not done.stopped:
            journal.remove()
    return report


def _checked(jobs: object, out: object) -> int:
    """Return the number of processes, if that and the folder for the reports can be what they are."""
    if out is not None and (not isinstance(out, (str, Path)) or str(out) == "" or "\0" in str(out)):
        raise UsageError(f"out: expected a folder's path or None, got {out!r}")
    return -1 if jobs == -1 else whole("jobs", jobs, 1, MOST_JOBS)


def _timing(began: datetime, seconds: float, stopped: str | None) -> dict[str, Any]:
    times = {"began": began.isoformat(timespec="seconds"), "seconds": round(seconds, 3)}
    return times | ({"stopped": stopped} if stopped else {})


def _flags(progress: object, **flags: object) -> None:
    for name, value in flags.items():
        flag(name, value)
    if progress is not None and not callable(progress):
        raise UsageError(f"progress: expected a function or None, got {progress!r}")


def _folder(out: str | Path | None, *, resume: bool) -> Path | None:
    if resume and out is None:
        raise UsageError("resume: expected a folder to go on from in `out`, got None")
    return None if out is None else Path(out).absolute()


def _since(baseline: object, folder: Path | None, shard: str | None) -> Baseline:
    """Return what the page compares the run with, read before anything is judged."""
    from conformance.report.files import read_baseline

    if not isinstance(baseline, (str, Path)):
        raise UsageError(f"baseline: expected a file's path or None, got {baseline!r}")
    if shard is not None:
        raise UsageError(f"baseline: expected None for shard {shard}: what is merged is compared with one")
    if folder is None:
        raise UsageError("baseline: expected a folder for the page in `out`, got None")
    return read_baseline(Path(baseline))


def _judging(where: int | Cluster, left: int) -> int:
    """Return how many processes of this machine do what is left of the work, this one included."""
    return worthwhile(where, left) if left and isinstance(where, int) else 1


def _machines(cluster: Cluster | None) -> list[dict[str, Any]]:
    """Return the environments that the verdicts of a run depend on."""
    return [environment(threads=1), *(cluster.environments if cluster else [])]


def _looked_into(
    done: Done, subject: Implementation, *, shrink: bool, diagnose: bool
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return smaller samples for the first failures, and what is wrong, where these are asked for."""
    failures = done.answering()
    shrunk = shrink_failures(failures, subject) if shrink else {}
    return shrunk, _diagnosed(failures, done.prepared(), subject) if diagnose else {}


def _diagnosed(
    failures: Sequence[Verdict], verdicts: Iterable[Verdict], subject: Implementation
) -> dict[str, list[str]]:
    if not failures:
        return {}
    # It imports torch and every fault, which starting up must not.
    from conformance.running.diagnose import diagnoses

    return diagnoses(failures, verdicts, subject)
