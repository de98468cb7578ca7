"""Runs a failing sample again before it is reported, and some passing ones to compare the bits of two runs.

Called by running.work and running.replay around a judge of one sample or of the bad calls of a case; verdicts
that say whether they repeat come out.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conformance.judging.verdict import Status, Verdict
from conformance.sampling.sample import raw_words
from conformance.subjects.answers import NotNumbersError, numbers
from conformance.subjects.protocol import deaths

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conformance.sampling.sample import Sample
    from conformance.subjects.protocol import Implementation, Task, Trace

    Judge = Callable[[Implementation], list[Verdict]]

    # The dtype, the shape and the bytes of an answer, or a digest of these; None of what is not numbers.
    Bits = tuple[str, tuple[int, ...], bytes] | None

# How often a failing sample is run in all. A failure in three runs of ten repeats by chance in one sample of
# 170,000.
RUNS = 10

# The bytes of an answer are kept up to so many, as are nearly all: to digest them takes three times as long.
_SHORT = 4096

# One draw of so many is run twice.
_SHARE = 4

_WRONG = frozenset({Status.FAIL, Status.ERROR})


class _Run(NamedTuple):
    """One run: its verdicts, and the bits of each observable by sample and lane."""

    verdicts: list[Verdict]
    bits: Mapping[tuple[str, str | None], Mapping[str, Bits]]


class _Kept:
    """A subject, the bits of whose traces are kept."""

    def __init__(self, subject: Implementation) -> None:
        self._subject = subject
        self.bits: dict[tuple[str, str | None], Mapping[str, Bits]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._subject, name)

    def run(self, task: Task) -> Trace:
        trace = self._subject.run(task)
        # A subject may return anything; the judge tells.
        found: object = trace
        if isinstance(found, Mapping):
            self.bits[task.sample.text, task.dtype] = {
                name: _bits(answer) for name, answer in found.items() if isinstance(answer, np.ndarray)
            }
        return trace


def run_twice(sample: Sample) -> bool:
    """Whether a sample is run twice though it passes: one of every four draws of its case, and the first."""
    block, place = divmod(sample.draw, _SHARE)
    # Some cases draw three samples only.
    if not block:
        return not place
    (word,) = raw_words(f"run twice|{sample.case}|{sample.seed}|{block}", 1)
    return place == int(word) % _SHARE


def judge_repeatedly(judge: Judge, subject: Implementation, runs: int = 1) -> list[Verdict]:
    """Judge a subject, and again if anything fails.

    The runs end in one of four ways:

    - Nothing fails in `runs` runs, and that is one: its verdicts as they are.
    - Nothing fails in several: the verdicts of the first; `repeatable` says whether the bits are the same.
    - Something fails: there are `RUNS` runs in all. An observable that fails in any of them is a failure; if
      it does not fail in each, its reason begins with "not repeatable" and says in how many it failed.
    - The subject's process ends in one of the runs, each of which may have taken long: it is the last.

    Args:
        judge: judges the subject once: a sample, or bad calls.
        subject: the subject.
        runs: how often to run at least.
    """
    found: list[_Run] = []
    before = deaths(subject)
    while len(found) < runs or (len(found) < RUNS and _any_wrong(found)):
        found.append(_run(judge, subject))
        if deaths(subject) > before:
            break
    return _merged(found) if len(found) > 1 else found[0].verdicts


def _any_wrong(runs: Sequence[_Run]) -> bool:
    return any(verdict.status in _WRONG for each in runs for verdict in each.verdicts)


def _run(judge: Judge, subject: Implementation) -> _Run:
    kept = _Kept(subject)
    return _Run(judge(kept), kept.bits)


def _merged(runs: Sequence[_Run]) -> list[Verdict]:
    """Return one verdict per observable of any run: the first failure, or else the first verdict."""
    failed: Counter[tuple[str | None, ...]] = Counter()
    chosen: dict[tuple[str | None, ...], Verdict] = {}
    for run in runs:
        for verdict in run.verdicts:
            key = verdict.sample, verdict.check, verdict.lane, verdict.observable
            wrong = verdict.status in _WRONG
            # The first failure replaces a pass; later ones are counted only.
            if key not in chosen or (wrong and not failed[key]):
                chosen[key] = verdict
            failed[key] += wrong
    return [_told(verdict, failed[key], runs) for key, verdict in chosen.items()]


def _told(verdict: Verdict, failed: int, runs: Sequence[_Run]) -> Verdict:
    """Return a verdict that says whether it repeats."""
    if failed == len(runs):
        return replace(verdict, repeatable=True)
    if failed:
        reason = f"not repeatable: failed {failed} of {len(runs)}; {verdict.reason}"
        return replace(verdict, repeatable=False, reason=reason)
    if not verdict.agrees or verdict.observable is None:
        return verdict
    answers = [run.bits.get((verdict.sample, verdict.lane), {}) for run in runs]
    # Bad calls have no arrays.
    if not all(verdict.observable in each for each in answers):
        return verdict
    return replace(verdict, repeatable=len({each[verdict.observable] for each in answers}) == 1)


def _bits(answer: object) -> Bits:
    try:
        array = numbers(answer)
    except NotNumbersError:
        return None
    data = array.tobytes()
    short = data if len(data) <= _SHORT else hashlib.blake2b(data, digest_size=16).digest()
    return array.dtype.str, array.shape, short
