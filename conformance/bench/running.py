"""Measures workloads, row by row: makes the sides, compares their results, and times them in turn.

Called by `conformance bench`.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.bench import memory, suite
from conformance.bench.agreement import WrongResultError, compare
from conformance.bench.libraries import lacking
from conformance.bench.machine import described, settled
from conformance.bench.profiles import profiled
from conformance.bench.rows import Record, Row
from conformance.bench.targets import misses
from conformance.bench.timing import interleaved, overhead, ratio
from conformance.bench.workloads import WORKLOADS
from conformance.errors import unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conformance.bench.workload import Pair, Size, Workload


def run(
    names: Sequence[str],
    budget: float,
    command: str,
    *,
    smallest: bool = False,
    told: Callable[[Row], object] = lambda _: None,
) -> Record:
    """Measure workloads, and return the record for the report.

    Args:
        names: of workloads; all where there are none.
        budget: seconds of timing per row.
        command: what the report says that it was made by.
        smallest: whether only the smallest size of each is measured, and nothing is profiled.
        told: is called with each row as soon as it is there.

    Raises:
        UsageError: a workload is not known, `budget` is negative, or `OPENBLAS_CORETYPE` is set.
    """
    for name in names:
        if name not in WORKLOADS and name != memory.NAME:
            raise unknown("workload", name, [*WORKLOADS, memory.NAME])
    chosen = [each for each in WORKLOADS.values() if each.name in names or not names]
    skipped = {name: why for name in _libraries(chosen) if (why := lacking(name))}
    rows: list[Row] = []

    def add(row: Row) -> None:
        rows.append(row)
        told(row)

    with settled():
        elapsed, spent = time.monotonic(), time.process_time()
        for workload in chosen:
            for size in workload.sizes[: 1 if smallest else None]:
                if pairs := _there(workload, skipped):
                    add(measure(replace(workload, pairs=pairs), size, budget))
        share = (time.process_time() - spent) / (time.monotonic() - elapsed)
        if memory.NAME in names or not names:
            if why := memory.lacking():
                skipped["memory"] = why
            else:
                _memory(memory.SIZES[: 1 if smallest else None], add)
        record = Record(rows, skipped, described(command, share))
        if smallest:
            return record
        return replace(record, profiles=_profiles(record), suite={} if names else suite.shares())


def measure(workload: Workload, size: Size, budget: float) -> Row:
    """Return the row of a workload at a size; where two sides do not compute the same, nothing is timed.

    Args:
        workload: whose `pairs` are of libraries that are there.
        size: one of its sizes.
        budget: seconds of timing.
    """
    row = Row(workload.name, workload.family, size, workload.label(size))
    # The reference first: A B A B.
    names = dict.fromkeys(name for pair in workload.pairs for name in reversed(pair))
    sides = {name: workload.sides[name](size) for name in names}
    results = {}
    for name, side in sides.items():
        if side.result is not None:
            with side.around():
                results[name] = side.result()
    try:
        for subject, reference in workload.pairs:
            if subject in results:
                names_of = f"{subject} against {reference}"
                compare(results[reference], results[subject], workload.rounding, names_of)
    except WrongResultError as error:
        return replace(row, refused=str(error))
    times = interleaved(sides, budget)
    return replace(
        row,
        ratios={(a, b): ratio(times[a], times[b]) for a, b in workload.pairs},
        overhead={a: overhead(times[a], times[b], workload.calls) for a, b in workload.pairs if b == "numpy"},
    )


def _libraries(workloads: Sequence[Workload]) -> list[str]:
    return [*dict.fromkeys(name for each in workloads for pair in each.pairs for name in pair)]


def _there(workload: Workload, skipped: dict[str, str]) -> tuple[Pair, ...]:
    """Return the pairs of which both libraries are there; none where only a yardstick would be left."""
    pairs = tuple(pair for pair in workload.pairs if not skipped.keys() & {*pair})
    return pairs if any(subject == "mytorch" for subject, _ in pairs) else ()


def _memory(sizes: Sequence[Size], add: Callable[[Row], None]) -> None:
    """Add the rows about the peak of memory, whose ratios are of bytes."""
    workload = WORKLOADS[memory.MEASURED]
    pairs = [pair for pair in workload.pairs if pair[0] != "products" and not lacking(pair[0])]
    found = {name: memory.peaks(name, sizes) for name in dict.fromkeys(sum(pairs, ()))}
    for place, size in enumerate(sizes):
        ratios = {(a, b): ratio(found[a][place], found[b][place]) for a, b in pairs}
        add(Row(memory.NAME, "memory", size, workload.label(size), ratios))


def _profiles(record: Record) -> dict[tuple[str, Size, str], str]:
    """Return where the time of the rows goes that keep a target from being met."""
    return {
        (row.name, row.size, subject): profiled(WORKLOADS[row.name].sides[subject](row.size))
        for row, subject in misses(record)
        if row.name in WORKLOADS
    }
