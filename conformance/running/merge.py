"""Puts the reports of all shards of a run into one, which equals that of the undivided run.

Only times and machines differ. Called by `conformance merge`. Nothing is judged again. What each shard found
of its own samples is kept: its verdicts, and the smaller samples that fail. A diagnosis is of all samples of
a case, which no shard has; so it is made anew, where the implementation may be opened here, and else is that
of the shard that failed first.
"""

from __future__ import annotations

import heapq
import logging
from dataclasses import replace
from itertools import islice, starmap
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.environment import joined
from conformance.errors import UsageError
from conformance.registry import IMPLEMENTATIONS, spelled
from conformance.report.bitwise import Bitwise
from conformance.report.shard import ENDED, JUDGED
from conformance.running.outcomes import Done
from conformance.running.shrink import SHRUNK
from conformance.running.source import source_code
from conformance.running.subject import find_subject, opened
from conformance.running.work import Outcome, SampleWork, work_of
from conformance.subjects.modes import quietly_on_one_thread
from conformance.subjects.peers import PEERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.report.record import Report
    from conformance.report.shard import Piece, Shard
    from conformance.running.work import Work
    from conformance.subjects.protocol import Implementation

_log = logging.getLogger(__name__)

# So many missing shards are named.
_TOLD = 20

# Numbers depend on these versions; those of other packages, and the machines, may differ between shards.
_VERSIONS = ("mytorch-conformance", "numpy", "torch")

# What the shards of one run have in common, beside what `Shard.run` names.
_COMMON = ("seed", "implementation", "given_as", "reference", "constants", "declarations")


class Merged:
    """The shards of one run, put together.

    Args:
        reports: those of the shards, by the file that each is of.

    Attributes:
        report: that of the run, with the diagnoses of the shards.
        failures: the first failure of each case, each with the file of the shard that has it.

    Raises:
        UsageError: a report is not of a shard, or of one that ended early; a shard is missing or twice there;
            or two are of different runs.
    """

    def __init__(self, reports: Mapping[str, Report]) -> None:
        shards = _ordered(reports)
        first = next(iter(shards.values()))
        shard = _shard(first)
        for each in shards.values():
            _check_pieces(each)
        self._done = Done(shard.planned)
        files: dict[str, str] = {}

        def outcomes() -> Iterator[tuple[int, Work, Outcome]]:
            for piece, outcome, file in _in_order(shards, shard.planned):
                work = work_of(piece.name, shard.lanes)
                _check_verdicts(file, work, outcome)
                files.update((verdict.sample, file) for verdict in outcome.verdicts if not verdict.passed)
                yield piece.place, work, outcome

        self._done.extend(outcomes(), None, exit_first=False)
        self.failures = [(verdict, files[verdict.sample]) for verdict in self._done.failures]
        self._asked = self._done.answering()
        self.report = replace(
            first,
            verdicts=self._done.verdicts,
            minimums=dict(shard.minimums),
            scope=replace(first.scope, shard=None),
            shrunk=self._kept("shrunk", shards),
            diagnosed=self._kept("diagnosed", shards),
            environment=joined([each.environment for each in shards.values()]),
            timing=_timing(shards),
            bitwise=next((each.bitwise for each in shards.values() if each.bitwise != Bitwise()), Bitwise()),
        )

    def _kept(self, name: str, shards: Mapping[str, Report]) -> dict[str, Any]:
        """Return what the shards found of the failures of which the undivided run would look for it."""
        found = {sample: told for each in shards.values() for sample, told in getattr(each, name).items()}
        asked = [verdict.sample for verdict in self._asked[:SHRUNK]]
        return {sample: found[sample] for sample in asked if sample in found}

    def diagnosed(self, subject: Implementation) -> Report:
        """Return the report with diagnoses that are made from the samples of all shards.

        Args:
            subject: the implementation that was judged.
        """
        from conformance.running.diagnose import diagnoses

        return replace(self.report, diagnosed=diagnoses(self._asked, self._done.prepared(), subject))


def merge(
    reports: Mapping[str, Report],
    implementation: str | None = None,
    *,
    time_limit: float = 60.0,
    host_command: str = "",
) -> Merged:
    """Put the shards of a run together, and diagnose the failures of all of them.

    Args:
        reports: those of the shards, by the file that each is of.
        implementation: what was judged, which allows it to be run for a diagnosis. A report is not allowed to
            name a program that is then run; only the names of `conformance list implementations` and faults
            need no such word.
        time_limit: how many seconds one answer of its process may take.
        host_command: a program with its arguments that starts that process.

    Raises:
        UsageError: as of `Merged`; or the implementation is not that of the shards, or cannot be opened.
    """
    merged = Merged(reports)
    report = merged.report
    if implementation is not None and spelled(implementation) != report.implementation:
        raise UsageError(
            f"implementation: expected that of the shards, {report.implementation}, got {implementation}"
        )
    if not report.diagnosed:
        return merged
    if why := _why_not(report, implementation, _shard(next(iter(reports.values())))):
        _log.warning("conformance: keeps the diagnoses of the shards, each of its own samples: %s", why)
        return merged
    how = find_subject(
        report.implementation,
        in_process=bool(report.in_process),
        time_limit=time_limit,
        host_command=host_command,
    )
    with quietly_on_one_thread():
        merged.report = merged.diagnosed(opened(how))
    return merged


def _why_not(report: Report, implementation: str | None, shard: Shard) -> str:
    """Return why the implementation is not run here; empty where it is."""
    name = report.implementation
    if report.given_as:
        return f"{name} was given as {report.given_as}"
    if "device" in report.environment:
        return f"{name} computed on {report.environment['device']}"
    if implementation is None and not (name in {*IMPLEMENTATIONS, *PEERS} or name.startswith("fault:")):
        return f"--implementation {name} would allow to run it for one"
    if source_code(name) != shard.run.get("source code"):
        return f"the code of {name} found from here, or that of conformance, is not that of the shards"
    return ""


def _ordered(reports: Mapping[str, Report]) -> dict[str, Report]:
    """Return the shards of one run in their order.

    Raises:
        UsageError: as of `Merged`.
    """
    by_index: dict[int, str] = {}
    for file, report in reports.items():
        shard = report.scope.shard
        if shard is None:
            raise UsageError(f"merge: {file}: expected the report of a shard, got one of an undivided run")
        if report.stopped:
            raise UsageError(f"merge: {file}: shard {shard} is not complete: {report.stopped}")
        _check_alike(next(iter(reports.items())), (file, report))
        if shard.index in by_index:
            raise UsageError(f"merge: shard {shard} is there twice: {by_index[shard.index]} and {file}")
        by_index[shard.index] = file
    if not by_index:
        raise UsageError("merge: expected the reports of shards, got none")
    count = _shard(next(iter(reports.values()))).count
    if more := count - len(by_index):
        missing = (f"{index}/{count}" for index in range(1, count + 1) if index not in by_index)
        told = [*islice(missing, _TOLD), *([f"{more - _TOLD} more"] if more > _TOLD else [])]
        raise UsageError(f"merge: expected all {count} shards, got none for {', '.join(told)}")
    return {by_index[index]: reports[by_index[index]] for index in sorted(by_index)}


def _check_alike(first: tuple[str, Report], other: tuple[str, Report]) -> None:
    """Raise UsageError unless two shards are of one run."""
    for (name, its), (_, ours) in zip(_identity(other[1]), _identity(first[1]), strict=False):
        if its != ours:
            raise UsageError(
                f"merge: {other[0]} is of another run than {first[0]}: {name} is {its!r}, there {ours!r}"
            )


def _identity(report: Report) -> Iterator[tuple[str, Any]]:
    """Yield what shards of one run have in common, by name; the names that all have come first."""
    shard = _shard(report)
    yield from ((name, getattr(report, name)) for name in _COMMON)
    yield from ((name, report.environment.get(name)) for name in _VERSIONS)
    yield from (("shards", shard.count), ("pieces", shard.planned), ("lanes", shard.lanes))
    yield from (("minimums", shard.minimums), ("scope", replace(report.scope, shard=None)))
    yield from sorted(shard.run.items())


def _shard(report: Report) -> Shard:
    assert report.scope.shard is not None  # noqa: S101 - checked first
    return report.scope.shard


class _Found(NamedTuple):
    """A piece of work, what came out, and the file of the shard that did it."""

    piece: Piece
    outcome: Outcome
    file: str


def _check_pieces(report: Report) -> None:
    """Raise UsageError unless a shard's pieces are in the order of the plan, and its verdicts are theirs."""
    shard, count, last = _shard(report), 0, -1
    for piece in shard.pieces:
        if piece.place <= last:
            raise UsageError(
                f"merge: shard {shard}: expected its pieces of work in the order of the plan, got number "
                f"{piece.place} behind number {last}"
            )
        count, last = count + piece.verdicts, piece.place
    if count != len(report.verdicts):
        told = f"its pieces of work have {count} verdicts, and it has {len(report.verdicts)}"
        raise UsageError(f"merge: shard {shard}: {told}")


def _in_order(shards: Mapping[str, Report], planned: int) -> Iterator[_Found]:
    """Yield the pieces of all shards in the order of the plan, of which each shard has its own in order.

    Raises:
        UsageError: a piece is missing, is of two shards, or is not in the plan.
    """
    told = f"merge: expected each of {planned} pieces of work once, counted from 0"
    following = heapq.merge(*starmap(_pieces, shards.items()), key=lambda found: found.piece.place)
    last, expected = "", 0
    for found in following:
        place = found.piece.place
        if place < expected:
            raise UsageError(f"{told}, got number {place} twice: in {last} and in {found.file}")
        if expected == planned:
            raise UsageError(f"{told}, got number {place} in {found.file}")
        if place > expected:
            break
        yield found
        last, expected = found.file, expected + 1
    if expected < planned:
        raise UsageError(f"{told}, got none of number {expected}")


def _pieces(file: str, report: Report) -> Iterator[_Found]:
    """Yield the pieces of a shard, each with its verdicts, which follow each other."""
    rest = iter(report.verdicts)
    for piece in _shard(report).pieces:
        verdicts = list(islice(rest, piece.verdicts))
        yield _Found(piece, Outcome(verdicts, piece.state in {JUDGED, ENDED}, piece.state == ENDED), file)


def _check_verdicts(file: str, work: Work, outcome: Outcome) -> None:
    """Raise UsageError unless verdicts are on their piece: on a sample, also in a use, or on bad calls."""
    for verdict in outcome.verdicts:
        if isinstance(work, SampleWork):
            found = verdict.sample.startswith(work.name)
        else:
            found = (verdict.case, verdict.check) == (work.case, "errors")
        if not found:
            told = f"{verdict.sample}, {verdict.check}"
            raise UsageError(f"merge: {file}: expected a verdict on {work.name}, got one on {told}")


def _timing(shards: Mapping[str, Report]) -> dict[str, Any]:
    """Return when the first shard began, and the seconds of all and of each."""
    seconds = {str(_shard(each)): each.timing["seconds"] for each in shards.values()}
    began = min(each.timing["began"] for each in shards.values())
    return {"began": began, "seconds": round(sum(seconds.values()), 3), "shards": seconds}
