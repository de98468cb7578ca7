"""From measured ratios to constants: how often a clean run would raise an alarm, and how sure that is.

Called by calibration.run: `choose` returns the constants, and `validate` counts their alarms on other seeds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from conformance.calibration.tail import SHARE, fit, upper_bound
from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conformance.calibration.measure import Ratio
    from conformance.calibration.tail import Tail
    from conformance.sampling.values import Array

    Measure = Callable[[Ratio], float]

# The target: at most one false alarm in RUNS default runs, at this confidence.
RUNS = 1000
CONFIDENCE = 0.95
# Each of the two constants may use a quarter of it on the seeds that they are picked on, so that chance
# leaves the bound on the others below it too.
SHARE_OF_EACH = 0.25
# At most one clean default run of QUIET warns.
QUIET = 20

STEP = 0.5
_LARGEST = 64.0
_WARN_STEP = 0.05
_WARN_LARGEST = 3.0

# Verdicts of one sample are related: whole samples are drawn again, and not verdicts.
# Source: Davison & Hinkley 1997, "Bootstrap methods and their application", on clustered data.
_RESAMPLES = 200

# The least number of verdicts in a tail from which its law can be fitted.
_PEAKS = 30


@dataclass(frozen=True)
class Estimate:
    """How many alarms are expected in one default run, for each candidate.

    Attributes:
        candidates: constants.
        point: the expected number by the fitted tails.
        bound: an upper bound on the expected number.
        tails: the fitted tails, by lane.
    """

    candidates: Array
    point: Array
    bound: Array
    tails: Mapping[str, Tail]

    def at(self, value: float) -> tuple[float, float]:
        """Return point and bound at a constant, between candidates on the safe side."""
        index = max(int(np.searchsorted(self.candidates, value, side="right")) - 1, 0)
        return float(self.point[index]), float(self.bound[index])

    def least(self, target: float) -> float:
        """Return the least candidate whose bound meets the target.

        Raises:
            UsageError: none does: the evidence is too little, or the implementations are not correct.
        """
        meets = np.flatnonzero(self.bound <= target)
        if not meets.size:
            raise UsageError(
                f"calibrate: no constant up to {self.candidates[-1]:g} shows at most {target:.3g} alarms in "
                f"a run, at best {self.bound[-1]:.3g}: name more cases, or give more --runs"
            )
        return float(self.candidates[meets[0]])


@dataclass(frozen=True)
class Choice:
    """The constants that meet the target by the evidence.

    Attributes:
        tensor: the constant per tensor.
        element: the constant per element.
        warn: a headroom below it is reported, though it passes.
        estimates: the estimates by `tensor`, `element` and `warn`, on the seeds that they were picked on.
        per_run: by lane, the number of verdicts of a default run that can alarm.
    """

    tensor: float
    element: float
    warn: float
    estimates: Mapping[str, Estimate]
    per_run: Mapping[str, float]

    def use(self, ratio: Ratio) -> float:
        """Return how much of its tolerance an error uses: 1 / headroom."""
        return max(ratio.tensor / self.tensor, ratio.element / self.element)


@dataclass(frozen=True)
class Validation:
    """The alarms of the picked constants on seeds that they were not picked on.

    Attributes:
        alarms: verdicts that the judge would call wrong.
        verdicts: the number of verdicts that could alarm.
        expected: alarms in 1,000 default runs, by tails fitted on these seeds.
        expected_bound: upper bound on it.
        counted_bound: the same by counting alone, without any fit.
        warnings: verdicts that would be reported as drifting.
    """

    alarms: tuple[Ratio, ...]
    verdicts: int
    expected: float
    expected_bound: float
    counted_bound: float
    warnings: int

    @property
    def shown(self) -> bool:
        """No alarm was raised, and the fitted rate meets the target."""
        return not self.alarms and self.expected <= 1


def informative(ratios: Sequence[Ratio]) -> list[Ratio]:
    """Return the verdicts that constants decide: where something rounds, and nothing is wrong anyway."""
    return [ratio for ratio in ratios if not ratio.exact and isfinite(ratio.element)]


def beyond_constants(ratios: Sequence[Ratio]) -> list[Ratio]:
    """Return the verdicts that are wrong under any constants: a form, a mask or a bit that differs."""
    return [ratio for ratio in ratios if not isfinite(ratio.element)]


def verdicts_per_run(ratios: Sequence[Ratio], runs: int) -> dict[str, float]:
    """Return how many informative verdicts a default run of one subject has, by lane."""
    counts = Counter((ratio.lane, ratio.subject) for ratio in ratios)
    return {
        lane: max(count for (other, _), count in counts.items() if other == lane) / runs
        for lane in dict.fromkeys(ratio.lane for ratio in ratios)
    }


def estimate(
    ratios: Sequence[Ratio], measure: Measure, candidates: Array, per_run: Mapping[str, float], seed: int
) -> Estimate:
    """Fit the tail of each lane, and bound the alarms of a run by a bootstrap over samples.

    Args:
        ratios: informative ones.
        measure: from a ratio to the number that a candidate is compared with.
        candidates: constants, rising.
        per_run: verdicts of one default run, by lane.
        seed: the seed of the bootstrap.

    Raises:
        UsageError: there are too few verdicts for a tail.
    """
    samples = {name: k for k, name in enumerate(dict.fromkeys(_plain(ratio) for ratio in ratios))}
    lanes = {}
    for lane in per_run:
        mine = [ratio for ratio in ratios if ratio.lane == lane]
        values = np.array([measure(ratio) for ratio in mine])
        if SHARE * values.size < _PEAKS:
            raise UsageError(
                f"calibrate: expected at least {_PEAKS / SHARE:.0f} verdicts in the {lane} lane, got "
                f"{values.size}: name more cases, or give more --runs"
            )
        lanes[lane] = values, np.array([samples[_plain(ratio)] for ratio in mine])
    tails = {lane: fit(values) for lane, (values, _) in lanes.items()}
    point = sum((per_run[lane] * tail.rate(candidates) for lane, tail in tails.items()), np.zeros(()))
    generator = np.random.Generator(np.random.PCG64(seed))
    again = []
    for _ in range(_RESAMPLES):
        drawn = generator.multinomial(len(samples), np.full(len(samples), 1 / len(samples))).astype(float)
        refits = {lane: fit(values, drawn[where]) for lane, (values, where) in lanes.items()}
        again.append(sum(per_run[lane] * tail.rate(candidates) for lane, tail in refits.items()))
    bound = np.quantile(np.array(again), CONFIDENCE, axis=0)
    return Estimate(candidates, point, np.maximum(bound, point), tails)


def _plain(ratio: Ratio) -> str:
    """Return the sample of a verdict: those of its uses are related to those of the plain call."""
    return ratio.sample.partition(f",use={ratio.use}")[0] if ratio.use else ratio.sample


def choose(ratios: Sequence[Ratio], runs: int, seed: int = 0) -> Choice:
    """Pick the least round constants that meet the target on these ratios.

    A constant is picked in three steps from here:

    1. Only `informative` ratios count: no constant makes the others pass or fail.
    2. For `tensor` and for `element`, `estimate` bounds the alarms of every candidate (0.5, 1, … 64). Each
       constant is the least candidate whose bound is at most a quarter of the target; without one, UsageError
       is raised.
    3. Both constants turn an error into a headroom. `warn` is the largest headroom from 3 down to 1 below
       which at most one clean run of `QUIET` has a verdict, or 1, which no passing verdict is below.

    Args:
        ratios: all that was measured on the picking seeds.
        runs: how many default runs they are.
        seed: the seed of the bootstrap.
    """
    usable = informative(ratios)
    per_run = verdicts_per_run(usable, runs)
    candidates = np.arange(STEP, _LARGEST + STEP, STEP)
    estimates = {
        "tensor": estimate(usable, lambda ratio: ratio.tensor, candidates, per_run, seed),
        "element": estimate(usable, lambda ratio: ratio.element, candidates, per_run, seed),
    }
    tensor, element = (each.least(SHARE_OF_EACH / RUNS) for each in estimates.values())
    picked = Choice(tensor, element, 1.0, estimates, per_run)
    # The use of a tolerance, rising, is a headroom, falling.
    headrooms = np.arange(_WARN_LARGEST, 1.0, -_WARN_STEP).round(2)
    drift = estimate(usable, picked.use, 1 / headrooms, per_run, seed)
    quiet = np.flatnonzero(drift.bound <= 1 / QUIET)
    warn = float(headrooms[quiet[0]]) if quiet.size else 1.0
    return Choice(tensor, element, warn, {**estimates, "warn": drift}, per_run)


def validate(ratios: Sequence[Ratio], choice: Choice, seed: int = 0) -> Validation:
    """Count the alarms of the picked constants on other seeds, and fit tails again there.

    Args:
        ratios: all that was measured on the validating seeds.
        choice: the picked constants.
        seed: the seed of the bootstrap.
    """
    usable = informative(ratios)
    alarms = tuple(r for r in ratios if r.alarms(choice.tensor, choice.element))
    expected = [
        estimate(usable, measure, np.array([constant]), choice.per_run, seed)
        for measure, constant in (
            (lambda ratio: ratio.tensor, choice.tensor),
            (lambda ratio: ratio.element, choice.element),
        )
    ]
    rate = upper_bound(len([r for r in alarms if not r.exact]), len(usable), CONFIDENCE)
    return Validation(
        alarms,
        len(usable),
        RUNS * sum(float(each.point[0]) for each in expected),
        RUNS * sum(float(each.bound[0]) for each in expected),
        RUNS * rate * sum(choice.per_run.values()),
        sum(1 / choice.warn < choice.use(ratio) <= 1 for ratio in usable),
    )
