"""Calibrates: measures, picks constants on some seeds, validates them on others, and checks the rules.

Called by the `calibrate` command; `calibrate` returns all that was found.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from conformance.arithmetic.constants import constants
from conformance.calibration.choose import beyond_constants, choose, validate
from conformance.calibration.measure import correct_subjects, measure
from conformance.calibration.recommend import recommend
from conformance.calibration.rules import measure_rules
from conformance.calibration.whole_runs import DRAWN, trouble, whole_runs
from conformance.cases import find_cases
from conformance.environment import environment
from conformance.errors import UsageError
from conformance.processes import in_processes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.calibration.choose import Choice, Validation
    from conformance.calibration.measure import Measured, Progress, Ratio, Subject
    from conformance.calibration.recommend import Recommendation
    from conformance.calibration.rules import MeasuredRule
    from conformance.calibration.whole_runs import WholeRuns

# A default run has seed 1: it stays unseen.
SEED = 1001
RUNS = 3


@dataclass(frozen=True)
class Calibration:
    """The results of a calibration.

    Attributes:
        picking: the seeds that the constants were picked on.
        validating: the others.
        cases: the cases' names.
        picked_on: the ratios on the picking seeds.
        validated_on: the ratios on the validating seeds.
        choice: the constants.
        validation: their alarms on the validating seeds.
        whole: how often a whole run of a correct subject is red.
        rules: the noise rules against real errors.
        recommendations: rtol and atol.
        environment: versions, BLAS and CPU.
    """

    picking: tuple[int, ...]
    validating: tuple[int, ...]
    cases: tuple[str, ...]
    picked_on: tuple[Ratio, ...]
    validated_on: tuple[Ratio, ...]
    choice: Choice
    validation: Validation
    whole: WholeRuns
    rules: tuple[MeasuredRule, ...]
    recommendations: tuple[Recommendation, ...]
    environment: dict[str, Any]

    @cached_property
    def ratios(self) -> tuple[Ratio, ...]:
        """All that was measured."""
        return self.picked_on + self.validated_on

    @cached_property
    def incorrect(self) -> list[Ratio]:
        """Verdicts that no constant could make a pass: a subject is wrong there, or the harness is."""
        return beyond_constants(self.ratios)

    @property
    def wrong_rules(self) -> list[MeasuredRule]:
        """The noise rules that real errors contradict."""
        return [rule for rule in self.rules if rule.wrong]

    @property
    def in_force(self) -> bool:
        """Whether the constants in force are those that the evidence leads to."""
        now, new = constants(), self.choice
        return (now.tensor, now.element, now.warn) == (new.tensor, new.element, new.warn)

    @property
    def exit_code(self) -> int:
        """0 if constants and rules are shown, else 1."""
        shown = self.validation.shown and self.whole.shown
        return 0 if shown and not self.incorrect and not self.wrong_rules else 1


def calibrate(
    cases: Sequence[str] = (),
    *,
    seed: int = SEED,
    runs: int = RUNS,
    drawn: int = DRAWN,
    jobs: int = 1,
    samples: int | None = None,
    subjects: Sequence[Subject] | None = None,
    features: Sequence[int] | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Find the constants, with their evidence.

    Args:
        cases: names of cases; by default all.
        seed: the seed of the first run; the others follow.
        runs: how many seeds; the constants are picked on the first half, the odd one included.
        drawn: how many more runs are drawn and not measured, to count those that any subject fails.
        jobs: the number of processes.
        samples: the number of samples per case in a run; by default as many as the case declares.
        subjects: implementations taken to be correct; by default mytorch and torch.
        features: the sizes of the recommended tolerances; by default 16, 64 and 256.
        progress: called after each sample with its case, how many are done and how many there are.

    Raises:
        UsageError: an unknown case, too few runs or verdicts, or SciPy is not installed.
    """
    if runs < 2:
        raise UsageError(f"runs: expected a number of at least 2, to pick on and to validate on, got {runs}")
    if drawn < 1:
        raise UsageError(f"drawn: expected a number of at least 1, got {drawn}")
    _require_scipy()
    names = [case.name for case in find_cases(cases)]
    subjects = correct_subjects() if subjects is None else subjects
    seeds = tuple(range(seed, seed + runs))
    picking, validating = seeds[: runs - runs // 2], seeds[runs - runs // 2 :]

    def measured(several: Sequence[int]) -> dict[int, Measured]:
        return {
            each: measure(names, each, subjects, jobs=jobs, samples=samples, progress=progress)
            for each in several
        }

    rules = measure_rules()
    first = measured(picking)
    picked_on = _ratios(first)
    choice = choose(picked_on, len(picking), seed)
    second = measured(validating)
    validated_on = _ratios(second)
    validation = validate(validated_on, choice, seed)
    unseen = range(seeds[-1] + 1, seeds[-1] + 1 + drawn)
    troubled = list(in_processes(trouble, ((names, each, samples) for each in unseen), jobs))
    sizes = {} if features is None else {"features": features}
    return Calibration(
        picking,
        validating,
        tuple(names),
        picked_on,
        validated_on,
        choice,
        validation,
        whole_runs(first | second, subjects, choice, validation, troubled),
        tuple(rules),
        tuple(recommend(names, seed, choice.tensor, choice.element, jobs=jobs, **sizes)),
        environment(threads=1),
    )


def _ratios(runs: dict[int, Measured]) -> tuple[Ratio, ...]:
    return tuple(ratio for each in runs.values() for ratio in each.ratios)


def _require_scipy() -> None:
    try:
        importlib.import_module("scipy.optimize")
    except ModuleNotFoundError as error:
        raise UsageError(
            "calibrate: fitting tails needs SciPy: pip install mytorch-conformance[calibrate]"
        ) from error
