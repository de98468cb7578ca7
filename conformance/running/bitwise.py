"""Measures the bitwise relations of a subject: in its process, and in a second one with two threads.

Called by running.run: by a worker while others judge, or after the work is done; a `report.bitwise.Bitwise`
comes out.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from conformance.cases._batched import PROGRAMS
from conformance.errors import UsageError
from conformance.judging.bitwise import ENDED, Finding, applies, measure
from conformance.judging.relations import RELATIONS
from conformance.processes import meanwhile
from conformance.report.bitwise import Bitwise
from conformance.running.subject import opened_again
from conformance.subjects.host import Limits, Process, UnsendableError
from conformance.subjects.hosted import Hosted
from conformance.subjects.modes import quietly_on_one_thread
from conformance.subjects.protocol import deaths

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from conformance.running.subject import Subject
    from conformance.subjects.protocol import Implementation

_THREADS = 2


def checked(required: object) -> tuple[str, ...]:
    """Return the names of relations, in the order of `RELATIONS`.

    Raises:
        UsageError: they are not a sequence of names of relations.
    """
    given = required if isinstance(required, (list, tuple, set, frozenset)) else [required]
    for name in given:
        if name not in RELATIONS:
            raise UsageError(f"require_bitwise: expected names out of {', '.join(RELATIONS)}, got {name!r}")
    return tuple(name for name in RELATIONS if name in given)


class Measures(NamedTuple):
    """What is measured of a run.

    Attributes:
        cases: those of the run; programs of others are left out.
        seed: the seed of the values.
        lanes: those of the run; the narrowest of them is measured.
        required: the relations that must hold.
    """

    cases: Collection[str]
    seed: int
    lanes: Sequence[str]
    required: tuple[str, ...] = ()


def bitwise(asked: Measures, how: Subject, subject: Implementation) -> Bitwise:
    """Measure the programs of the cases of a run.

    Args:
        asked: what is measured.
        how: how the subject is run.
        subject: the subject, opened.
    """
    cases, seed, lanes, required = asked
    lane = "float32" if "float32" in lanes else lanes[0]
    programs = [program for program in PROGRAMS if program.case in cases]
    found: list[Finding] = []
    with _threaded(how if programs else None) as threaded:
        before = deaths(subject)
        for program in programs:
            if deaths(subject) == before:
                found += measure(program, subject, threaded, seed, lane)
                continue
            found += [
                Finding(program.name, relation, "forward", reason=ENDED)
                for relation in RELATIONS
                if applies(program, relation)
            ]
    return Bitwise(lane if found else "", required, tuple(found))


@contextmanager
def measuring(
    asked: Measures, how: Subject, subject: Implementation, jobs: int
) -> Iterator[Callable[[], Bitwise]]:
    """Yield what returns the measurement: of several processes one measures before it judges.

    Args:
        asked: what is measured.
        how: how the subject is run.
        subject: the subject, opened.
        jobs: the number of processes that judge; with 1 nothing is measured before it is asked for.
    """
    if jobs == 1:
        yield partial(bitwise, asked, how, subject)
        return
    with meanwhile(_measured, [(asked, how)], jobs) as found:
        yield partial(next, found)


def _measured(asked: Measures, how: Subject) -> Bitwise:
    with quietly_on_one_thread():
        return bitwise(asked, how, opened_again(how))


@contextmanager
def _threaded(how: Subject | None) -> Iterator[Implementation | str]:
    """Yield the subject in a process with two threads, or why there is none; the process ends here."""
    if how is None or (why := _why_not(how)):
        yield why if how else ""
        return
    limits = replace(how.limits or Limits(), threads=_THREADS)
    try:
        hosted = Hosted(Process({"do": "load", "spec": how.spec}, how.pickled, limits))
    except (UsageError, UnsendableError) as error:
        yield f"the subject cannot be started again: {error}"
        return
    try:
        yield hosted
    finally:
        hosted.close()


def _why_not(how: Subject) -> str:
    """Return why the subject has no second process; empty where it can have one."""
    if sys.platform == "win32" or how.note or not (how.spec or how.pickled):
        return "the subject has no process of its own, in which the number of threads could be another"
    if _cores() < _THREADS:
        return "this machine has one core, and a BLAS starts no more threads than there are cores"
    return ""


def _cores() -> int:
    # Where the system can, it counts those that this process may use.
    given = getattr(os, "sched_getaffinity", None)
    return len(given(0)) if given else os.cpu_count() or 1
