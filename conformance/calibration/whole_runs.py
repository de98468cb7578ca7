"""False reds counted as whole default runs: for numbers, redraws, random draws, and anything else.

Called by calibration.run: `whole_runs` returns the counts and estimates. A default run of a correct subject
is red for one of four reasons:

1. Numbers: an error is beyond its tolerance. Far too rare to be counted, so tails are fitted (choose.py).
2. Redraws: noise changes a branch in every repetition of a draw. By case and regime, the rate of a
   repetition to the power of how many there are.
3. Random draws: a test of a distribution fails. Its critical values state how often.
4. Anything else: nothing to compare, a class or regime that is drawn too seldom, an exception of torch.
   Drawing alone shows it, so many more runs are drawn than measured.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from conformance.arithmetic.constants import constants
from conformance.calibration.choose import RUNS
from conformance.calibration.tail import upper_bound
from conformance.cases import CASES
from conformance.judging.distributions import FALSE_ALARMS
from conformance.sampling.space import HOLLOW, MINIMUMS, draw
from conformance.subjects import pytorch
from conformance.subjects.protocol import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from conformance.calibration.choose import Choice, Validation
    from conformance.calibration.measure import Draw, Measured, Subject
    from conformance.cases.case import Case
    from conformance.sampling.sample import Sample
    from conformance.subjects.protocol import Trace

# How many runs are drawn and not measured.
DRAWN = 300


@dataclass(frozen=True)
class WholeRuns:
    """The false reds of whole default runs of a correct subject.

    Attributes:
        numbers: red for numbers in 1,000 runs, by the fitted tails of the validating seeds.
        numbers_bound: upper bound on it.
        redraws: how many draws are repeated in one run.
        random: red in 1,000 runs for random draws, at most, by the critical values of their tests.
        exhausted: red in 1,000 runs because every repetition of a draw fails, by case; only cases with any.
        drawn: how many runs were drawn.
        troubled: what was red in those, at most one text per run.
        measured: how many runs were measured.
        red: why measured runs were red, at most one text per run.
    """

    numbers: float
    numbers_bound: float
    redraws: float
    random: float
    exhausted: Mapping[str, float]
    drawn: int
    troubled: tuple[str, ...]
    measured: int
    red: tuple[str, ...]

    @property
    def expected(self) -> float:
        """Red in 1,000 runs, for numbers, redraws and random draws."""
        return self.numbers + sum(self.exhausted.values()) + self.random

    @property
    def troubled_bound(self) -> float:
        """The most runs of 1,000 that are red for another reason, by the drawn ones."""
        return RUNS * upper_bound(len(self.troubled), self.drawn)

    @property
    def red_bound(self) -> float:
        """The most runs of 1,000 that are red, by counting the measured ones alone."""
        return RUNS * upper_bound(len(self.red), self.measured)

    @property
    def shown(self) -> bool:
        """No run was red, and at most one of 1,000 is expected to be."""
        return not self.red and not self.troubled and self.expected <= 1


def whole_runs(
    runs: Mapping[int, Measured],
    subjects: Sequence[Subject],
    choice: Choice,
    validation: Validation,
    troubled: Sequence[str | None],
) -> WholeRuns:
    """Count the red runs, and estimate how often a run is red.

    Args:
        runs: what was measured, by seed.
        subjects: the subjects; the runs of those that some cases only are run on are not whole.
        choice: the constants.
        validation: the alarms expected of them.
        troubled: per drawn run, what is red in it whatever the subject, or None.
    """
    draws = [each for measured in runs.values() for each in measured.draws]
    reds = (_red(measured, subjects, choice) for measured in runs.values())
    return WholeRuns(
        validation.expected,
        validation.expected_bound,
        sum(each.redraws for each in draws) / len(runs),
        RUNS * FALSE_ALARMS if any(CASES[each.case].distribution for each in draws) else 0.0,
        exhausted(draws, len(runs)),
        len(troubled),
        tuple(each for each in troubled if each),
        len(runs),
        tuple(f"seed {seed}: {red}" for seed, red in zip(runs, reds, strict=True) if red),
    )


def _red(measured: Measured, subjects: Sequence[Subject], choice: Choice) -> str | None:
    """Return why the run of any subject is red, or None."""
    whole = {subject.name for subject in subjects if subject.cases is None}
    why = [f"{each.sample}: {each.trouble}" for each in measured.draws if each.trouble]
    why += [
        f"{ratio.sample}: {ratio.observable} of {ratio.subject}, {ratio.lane}"
        for ratio in measured.ratios
        if ratio.subject in whole and ratio.alarms(choice.tensor, choice.element)
    ]
    return _first(why)


def _first(why: Sequence[str]) -> str | None:
    return f"{why[0]}; and {len(why) - 1} more" if len(why) > 1 else "".join(why) or None


def exhausted(draws: Iterable[Draw], runs: int) -> dict[str, float]:
    """Return by case in how many of 1,000 runs every repetition of some draw fails.

    Draws of one case and regime are taken to be alike: the share of their repetitions is the chance of one.
    """
    repetitions = constants().redraws + 1
    grouped: dict[tuple[str, str], list[Draw]] = defaultdict(list)
    for each in draws:
        grouped[each.case, each.regime].append(each)
    found: dict[str, float] = defaultdict(float)
    for (case, _), mine in grouped.items():
        failed = sum(each.redraws for each in mine)
        passed = sum(each.redraws < repetitions for each in mine)
        if failed:
            found[case] += RUNS * len(mine) / runs * (failed / (failed + passed)) ** repetitions
    return dict(found)


def trouble(cases: Sequence[str], seed: int, samples: int | None = None) -> str | None:
    """Return what is red in a run whatever the subject, by drawing its samples; None if nothing is.

    Args:
        cases: names of cases; the minimums of classes and regimes hold for a run of all.
        seed: the seed of the samples.
        samples: the number of samples per case; by default as many as the case declares.
    """
    from conformance.subjects.modes import quietly_on_one_thread

    counts: Counter[str] = Counter()
    why: list[str] = []
    with quietly_on_one_thread():
        for name in cases:
            case = CASES[name]
            for sample in draw(name, case.space, seed, case.default_samples if samples is None else samples):
                counts.update((sample.shape_class, sample.regime))
                why += _empty(case, sample)
    if set(cases) >= set(CASES) and samples is None:
        least = MINIMUMS.items()
        why += [f"{name}: {counts[name]} samples, {n} needed" for name, n in least if counts[name] < n]
    return _first(why)


def _empty(case: Case, sample: Sample) -> list[str]:
    """Return that nothing is compared in a sample, or that torch raises, if so."""
    if sample.shape_class in HOLLOW or case.distribution or _has_gradients(case.name):
        return []
    try:
        sizes = [array.size for array in _run(case, sample).values()]
    except Exception as error:  # noqa: BLE001 - whatever torch raises, the run would be red
        return [f"{sample.text}: torch raises {type(error).__name__}: {error}"]
    return [] if any(sizes) else [f"{sample.text}: nothing to compare"]


@cache
def _has_gradients(name: str) -> bool:
    """Whether a case compares gradients of its inputs, which have elements in every sample, or trains."""
    case = CASES[name]
    samples = draw(name, case.space, 0, case.space.combinations)
    sample = next((each for each in samples if each.shape_class not in HOLLOW), samples[0])
    return case.training or any(key.startswith("grad.") for key in _run(case, sample))


def _run(case: Case, sample: Sample) -> Trace:
    return pytorch.make().run(Task(case, sample, "float64", carrier="float32"))
