"""Measures the bitwise relations of a subject: in its process, and in a second one with two threads.

Called by running.run after the work is done; a `report.bitwise.Bitwise` comes out.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.cases._batched import PROGRAMS
from conformance.errors import UsageError
from conformance.judging.bitwise import ENDED, Finding, applies, measure
from conformance.judging.relations import RELATIONS
from conformance.report.bitwise import Bitwise
from conformance.subjects.host import Limits, Process, UnsendableError
from conformance.subjects.hosted import Hosted
from conformance.subjects.protocol import deaths

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.running.plan import Plan
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


def bitwise(
    how: Subject,
    subject: Implementation,
    planned: Plan,
    seed: int,
    lanes: Sequence[str],
    required: tuple[str, ...] = (),
) -> Bitwise:
    """Measure the programs of the cases of a run.

    Args:
        how: how the subject is run.
        subject: the subject, opened.
        planned: the run; programs of other cases are left out.
        seed: the seed of the values.
        lanes: those of the run; the narrowest of them is measured.
        required: the relations that must hold.
    """
    lane = "float32" if "float32" in lanes else lanes[0]
    cases = {piece.case for piece in planned.work}
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
