"""Measure by how much the memory of `conformance run` grows with each sample.

Run as ``python benchmarks/memory.py [CASE...] [--sweep N]``. Each line is measured in a process of its own.
Traced are Python's objects, to the byte: at the peak, while plans and reports are made for some samples and
for more; and while samples are judged, between two places of a run. ``--sweep`` runs so many samples of each
case and reads the resident memory of the judge's process, and of its children, from Linux. All verdicts are
in the temporary file, where those of many samples are.
"""

from __future__ import annotations

import argparse
import gc
import pickle
import tempfile
import time
import tracemalloc
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from joblib.externals.loky import get_reusable_executor

import conformance
from conformance import spooled
from conformance.judging import chosen_uses, verdicts
from conformance.report import files
from conformance.report.files import read_report
from conformance.running.merge import merge
from conformance.running.plan import plan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conformance.judging.verdict import Verdict
    from conformance.report.record import Report

# So many values are together in the file, and looked at together, so that no growth hides in a block that is
# filled.
BLOCK = 64

# The samples between which growth is measured: at both, blocks are full. Caches are full by the first.
FEW, MANY = 6 * BLOCK, 19 * BLOCK

# What is made once for all is made in a run of so many.
FIRST = 40

# At so many places of a sweep memory is read.
PLACES = 4


class Growth(NamedTuple):
    """Bytes per sample.

    Attributes:
        planned: at the peak, while the plan is made and gone through.
        judged: while samples are judged.
        reported: at the peak, while the reports are written.
        merged: at the peak, while the report of a shard is read and merged; 0 of an undivided run.
    """

    planned: float
    judged: float
    reported: float
    merged: float


def growth(case: str, shard: str | None = None) -> Growth:
    """Return the growth of a run of a case.

    Args:
        case: the case's name.
        shard: `1/1`, for a run that is one shard.
    """
    verdicts.HELD, spooled.BLOCK, chosen_uses._BLOCK = 0, BLOCK, BLOCK  # noqa: SLF001
    found: Counter[tuple[str, int]] = Counter()

    def written(report: Report, folder: Path, *rest: Any) -> None:
        found["reported", samples] = peak(lambda: write(report, folder, *rest))

    def progress(_: str, done: int, *__: object) -> None:
        if done == 1 and samples == MANY:
            tracemalloc.start()
        elif done in {FEW, MANY} and tracemalloc.is_tracing():
            gc.collect()
            found["judged", done] = tracemalloc.get_traced_memory()[0]
            if done == MANY:
                tracemalloc.stop()

    write, files.write = files.write, written
    for samples in (FIRST, FEW, MANY):
        found["planned", samples] = peak(partial(planned, case, samples))
        with tempfile.TemporaryDirectory() as out:
            conformance.run(
                "mytorch", [case], samples, in_process=True, out=out, shard=shard, progress=progress
            )
            if shard:
                found["merged", samples] = peak(partial(merged, Path(out) / "parity.json"))
    return Growth(*((found[what, MANY] - found[what, FEW]) / (MANY - FEW) for what in Growth._fields))


def verdict(case: str) -> tuple[float, float, float]:
    """Return the bytes of a verdict in memory, those in the file, and the microseconds to read it there."""
    found = conformance.run("mytorch", [case], MANY, in_process=True).verdicts
    tracemalloc.start()
    # As they come from another process, which sends those on a sample together.
    held = [pickle.loads(pickle.dumps(each)) for each in verdicts.by_sample(found)]  # noqa: S301
    in_memory = tracemalloc.get_traced_memory()[0] / sum(map(len, held))
    tracemalloc.stop()
    filed = verdicts.Verdicts(found, held=0)
    began = time.process_time()
    number = sum(1 for _ in filed)
    seconds = time.process_time() - began
    in_blocks = len(filed) // spooled.BLOCK * spooled.BLOCK
    return in_memory, filed._ends[-1] / in_blocks, 1e6 * seconds / number  # noqa: SLF001


def planned(case: str, samples: int) -> None:
    """Plan a run, and go through the plan."""
    for _ in plan([case], samples, 1, None):
        pass


def merged(report: Path) -> None:
    """Merge the report of a run that is one shard."""
    merge({str(report): read_report(report)})


def peak(made: Callable[[], object]) -> int:
    """Return the most bytes that are held while something is made."""
    gc.collect()
    tracemalloc.start()
    made()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def sweep(case: str, samples: int, jobs: int) -> list[tuple[float, float]]:
    """Return the resident memory of this process and of its children at some places of a run, in MB."""
    found, verdicts.HELD = [], 0

    def progress(_: str, done: int, total: int, __: Sequence[Verdict]) -> None:
        if done * PLACES // total > (done - 1) * PLACES // total:
            found.append((resident("self"), sum(map(resident, children()))))

    conformance.run("mytorch", [case], samples, jobs=jobs, progress=progress)
    # Else this process waits for its workers, which wait for more work for five minutes.
    get_reusable_executor().shutdown()
    return found


def resident(process: str) -> float:
    """Return the resident memory of a process, in MB; 0 of one that has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1000


def children() -> list[str]:
    """Return the processes that this one and its children started."""
    found, left = [], ["self"]
    while left:
        for file in Path(f"/proc/{left.pop()}/task").glob("*/children"):
            left += file.read_text(encoding="ascii").split()
            found += left
    return list(dict.fromkeys(found))


def alone(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def main() -> None:
    """Measure what the arguments name, and print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("cases", nargs="*", default=["relu"], help="(default: relu)")
    parser.add_argument("--sweep", type=int, default=0, help="also the memory of a run of so many samples")
    options = parser.parse_args()

    print("bytes per sample: in the plan, while judging, while reports are written, while they are merged")
    for case in options.cases:
        for shard in (None, "1/1"):
            found = ", ".join(f"{each:,.0f}" for each in alone(growth, case, shard))
            print(f"{case}, {'a shard' if shard else 'undivided'}: {found}", flush=True)
        told = "{:,.0f} bytes in memory, {:.0f} in the file, from where it is read in {:.0f} µs"
        print(f"{case}, a verdict: {told.format(*alone(verdict, case))}", flush=True)
    for case in options.cases if options.sweep else ():
        for jobs in (1, 2):
            found = alone(sweep, case, options.sweep, jobs)
            told = ", ".join(f"{mine:.0f} + {others:.0f}" for mine, others in found)
            print(f"{case}, jobs={jobs}: MB, and of children, at each quarter of {options.sweep:,}: {told}")


if __name__ == "__main__":
    main()
