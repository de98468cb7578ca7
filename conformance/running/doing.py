"""Does the work of a run: here, in other processes or by a cluster, after what a journal has of it.

Called by running.run, which takes in the outcomes as they come.
"""

from __future__ import annotations

from collections import deque
from contextlib import closing
from typing import TYPE_CHECKING

from conformance.processes import in_processes, worthwhile
from conformance.running.work import Outcome, do

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator

    from conformance.running.cluster import Cluster
    from conformance.running.journal import Journal
    from conformance.running.subject import Subject
    from conformance.running.work import Work


def outcomes_of(
    work: Iterator[tuple[int, Work]],
    count: int,
    subject: Subject,
    where: int | Cluster,
    journal: Journal,
    lost: Collection[str],
) -> Generator[tuple[int, Work, Outcome]]:
    """Yield the outcomes in the order planned: those of the journal, then those of the work that is left.

    Each comes with the work and its place in the plan, and is added to the journal before it is yielded.

    Args:
        work: all that is planned, each piece with its place.
        count: how much work that is.
        subject: how its process is started.
        where: in how many processes the work is done, or by which cluster.
        journal: what is done already, and where outcomes are added.
        lost: the cases of which nothing is done; more may come meanwhile.
    """
    for outcome, (place, piece) in zip(journal.outcomes, work, strict=False):
        yield place, piece, outcome
    # What is under way, in this order.
    begun: deque[tuple[int, Work]] = deque()

    def arguments() -> Iterator[tuple[Work, Subject, bool]]:
        for place, piece in work:
            begun.append((place, piece))
            yield piece, subject, piece.case in lost

    if isinstance(where, int):
        results = in_processes(_done, arguments(), worthwhile(where, count - len(journal.outcomes)))
    else:
        results = where.each(_done, arguments())
    with closing(results) as found:
        for outcome in found:
            journal.add(outcome)
            yield *begun.popleft(), outcome


def _done(work: Work, subject: Subject, lost: bool) -> Outcome:
    return Outcome([], prepared=False) if lost else do(work, subject)
