"""Excuses the failures that a subject declares, and tells which of its excuses are not needed.

judging.sample_judge and judging.bad_calls make EXCUSED of FAIL by it; report.record asks it for the excuses
that a run did not need.
"""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from conformance.cases import CASES
from conformance.judging.judge import OF_CONVENTION
from conformance.judging.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.judging.verdict import Verdict
    from conformance.subjects.declarations import Declarations, Excuse

# Stands between what differs and why that is excused, in the reason of a verdict.
EXCUSED = "; excused: "

# The reason for which that declaration excuses a failure.
OWN_CONVENTIONS = "nan_conventions='own'"


def excused(verdicts: Iterable[Verdict], declarations: Declarations) -> list[Verdict]:
    """Return verdicts in which the declared failures are EXCUSED; their reasons say by which declaration."""
    return [_excused(verdict, declarations) for verdict in verdicts]


def _excused(verdict: Verdict, declarations: Declarations) -> Verdict:
    if verdict.status is not Status.FAIL:
        return verdict
    why = next((_why(each) for each in declarations.excuses if matches(each, verdict)), None)
    if why is None and declarations.nan_conventions == "own":
        why = OWN_CONVENTIONS if str(verdict.reason).startswith(OF_CONVENTION) else None
    if why is None:
        return verdict
    return replace(verdict, status=Status.EXCUSED, profile=None, reason=f"{verdict.reason}{EXCUSED}{why}")


def _why(excuse: Excuse) -> str:
    return f"{excuse.reason} ({excuse.link})"


def matches(excuse: Excuse, verdict: Verdict) -> bool:
    """Whether an excuse is about a verdict, whatever its status."""
    return _met(excuse, verdict) and _names(excuse, verdict)


def _met(excuse: Excuse, verdict: Verdict) -> bool:
    """Whether a verdict is about what an excuse is about, but for the observable."""
    asked = ((excuse.regime, verdict.regime), (excuse.lane, verdict.lane), (excuse.use, verdict.use))
    return fnmatchcase(verdict.case, excuse.case) and all(value in {None, got} for value, got in asked)


def _names(excuse: Excuse, verdict: Verdict) -> bool:
    if verdict.observable is None:
        return False
    # Behind the slash stands the name that the plain call has for it.
    names = (verdict.observable, verdict.observable.rpartition("/")[2])
    return any(fnmatchcase(name, excuse.observable) for name in names)


def not_needed(excuses: Sequence[Excuse], verdicts: Sequence[Verdict], *, whole: bool) -> list[str]:
    """Return a line about each excuse that a run did not need.

    An excuse goes one of four ways from here:

    - A verdict that it matches does not agree, or a sample that it may be about is an ERROR: it is needed.
    - All verdicts that it matches agree: it is not.
    - It matches none, though samples of its cases, regime, lane and use were judged: it is not.
    - None of those were judged: it is not if there is no such case, or if the run is whole and has its lane;
      a run of some cases or samples cannot tell.

    Args:
        excuses: those of the subject.
        verdicts: those of the run.
        whole: the run judged all samples of all cases.
    """
    lines = []
    lanes = {None, *(verdict.lane for verdict in verdicts)}
    for excuse in excuses:
        met = [verdict for verdict in verdicts if _met(excuse, verdict) and _tells(verdict)]
        matched = [verdict for verdict in met if _names(excuse, verdict)]
        if any(verdict.status is Status.ERROR for verdict in met):
            continue
        if matched and all(verdict.agrees for verdict in matched):
            lines.append(f"{excuse}: all {len(matched)} verdicts that it matches agree")
        elif met and not matched:
            names = {str(verdict.observable) for verdict in met}
            lines.append(f"{excuse}: it matches none of the observables {_some(names)}")
        elif not met and not any(fnmatchcase(name, excuse.case) for name in CASES):
            lines.append(f"{excuse}: there is no such case")
        elif not met and whole and excuse.lane in lanes:
            lines.append(f"{excuse}: no sample like that was judged")
    return lines


def _tells(verdict: Verdict) -> bool:
    """Whether a verdict is about something that was run; a sample that was skipped is not."""
    return verdict.observable is not None or verdict.status is Status.ERROR


def _some(names: set[str], shown: int = 5) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(sorted(names)[:shown]) + more
