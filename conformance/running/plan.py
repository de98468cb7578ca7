"""The plan of a run: every sample is drawn and all work is listed before anything is judged.

The first step of `conformance.run`; the work is done by running.run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.cases import CASES, find_cases
from conformance.errors import UsageError, names_of, unknown, whole
from conformance.judging.chosen_uses import uses_of
from conformance.running.work import BadCallWork, SampleWork
from conformance.sampling.space import MINIMUMS, draw
from conformance.subjects.protocol import LANES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.cases.case import Case
    from conformance.running.work import Work


@dataclass(frozen=True)
class Plan:
    """The work of a run.

    Attributes:
        work: the work, in the order of the report.
        minimums: how many samples of each shape class and regime are needed; empty where none binds.
    """

    work: tuple[Work, ...]
    minimums: dict[str, int]


def plan(cases: Sequence[str], samples: int | None, seed: int, dtypes: Sequence[str]) -> Plan:
    """Draw the samples of some cases and list the work: a case's samples first, then its bad calls.

    Args:
        cases: names of cases; none for all.
        samples: the number of samples per case; None for what each declares.
        seed: the seed of the samples.
        dtypes: `float64`, `float32` or both: the lanes.

    Raises:
        UsageError: an unknown case or dtype, or a negative count.
    """
    lanes = find_lanes(dtypes)
    samples = None if samples is None else whole("samples", samples, 0)
    seed = whole("seed", seed, 0)
    chosen = find_cases(cases)
    work: list[Work] = []
    for case in chosen:
        count = case.default_samples if samples is None else samples
        drawn = samples_of(case, seed, count, lanes)
        work += drawn
        if case.bad_calls and drawn:
            work.append(BadCallWork(case.name, seed))
    return Plan(tuple(work), minimums(chosen, samples))


def samples_of(case: Case, seed: int, count: int, lanes: tuple[str, ...]) -> list[SampleWork]:
    """Draw the samples of a case, each with the uses that it is judged in."""
    drawn = draw(case.name, case.space, seed, count)
    return [
        SampleWork(sample, lanes, uses)
        for sample, uses in zip(drawn, uses_of(case, drawn, lanes), strict=True)
    ]


def find_lanes(dtypes: Sequence[str]) -> tuple[str, ...]:
    """Return the lanes of some dtypes, which are their names, in the order of LANES.

    Raises:
        UsageError: an unknown dtype, or none.
    """
    given = names_of("dtypes", dtypes)
    for dtype in given:
        if dtype not in LANES:
            raise unknown("dtype", dtype, LANES)
    if not given:
        raise UsageError(f"dtypes: expected at least one of {', '.join(LANES)}, got {dtypes!r}")
    return tuple(lane for lane in LANES if lane in given)


def minimums(chosen: Sequence[Case], samples: int | None) -> dict[str, int]:
    """Return how many samples of each shape class and regime are needed: none but in a run of all cases.

    Args:
        chosen: the cases that are run.
        samples: the number of samples of each; None for what each declares.
    """
    whole = {case.name for case in chosen} >= set(CASES)
    enough = samples is None or all(samples >= case.default_samples for case in chosen)
    return dict(MINIMUMS) if whole and enough else {}
