"""Tells a less accurate tanh or sigmoid from another function, for a subject that asks for relative accuracy.

Called by judging.sample_judge for what failed; verdicts come out whose reasons say which it is. Of a subject
that declares to be less accurate, they say where it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.judging.judge import judge
from conformance.judging.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.judging.prepared import Prepared
    from conformance.judging.verdict import Verdict
    from conformance.subjects.protocol import Trace

_LESS = (
    "it would pass in the accuracy class 'absolute': less accurate than torch where values of tanh or "
    "sigmoid are tiny, not another function"
)


# The reason of a verdict that passes, and would fail in the class `relative`.
NEEDED = "it passes in the accuracy class 'absolute' alone"


def needing(verdicts: Sequence[Verdict], relative: Sequence[Verdict]) -> list[Verdict]:
    """Return the verdicts of a trace in the class `absolute`; what passes in it alone says so.

    Args:
        verdicts: those in the class `absolute`.
        relative: those of the same trace in the class `relative`.
    """
    failed = {verdict.observable for verdict in relative if verdict.status is Status.FAIL}
    return [replace(v, reason=NEEDED) if v.agrees and v.observable in failed else v for v in verdicts]


def told_apart(verdicts: Sequence[Verdict], prepared: Prepared, lane: str, trace: Trace) -> list[Verdict]:
    """Return the verdicts of a trace; failures that the class `absolute` would accept say so.

    The noise of that class is measured here, which costs as much as to prepare the sample. The result is kept
    with the sample.
    """
    if not any(v.status is Status.FAIL and v.headroom is not None and v.headroom < 1 for v in verdicts):
        return list(verdicts)
    absolute = judge(prepared.absolute.expectations[lane], trace)
    accepted = {verdict.observable for verdict in absolute if verdict.agrees}
    return [
        replace(v, reason=f"{v.reason}; {_LESS}")
        if v.status is Status.FAIL and v.observable in accepted
        else v
        for v in verdicts
    ]
