"""How far correct implementations are from the oracle, in units of the tolerance under constants of 1.

Called by calibration.run; `measure` returns one `Ratio` per verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conformance.cases import CASES
from conformance.judging.judge import errors, form
from conformance.judging.sample_judge import prepare, run_subject
from conformance.sampling.space import draw
from conformance.subjects import mytorch, pytorch
from conformance.subjects.protocol import LANES
from conformance.subjects.torchlike import TorchLike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conformance.arithmetic.tolerance import Scale
    from conformance.judging.expectation import Expectation
    from conformance.judging.sample_judge import Prepared
    from conformance.sampling.sample import Sample
    from conformance.subjects.protocol import Implementation, Trace

    Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Subject:
    """An implementation that is taken to be correct, and where its verdicts are evidence.

    Attributes:
        name: the name in the tables.
        implementation: the implementation.
        lanes: those in which it is not the oracle itself.
        cases: the cases that it is run on; None for all.
    """

    name: str
    implementation: Implementation
    lanes: tuple[str, ...] = LANES
    cases: frozenset[str] | None = None


class Ratio(NamedTuple):
    """One verdict, measured: a tolerance of c times the scale holds if and only if the ratio is at most c.

    Attributes:
        case: the case's name.
        sample: the sample's text.
        subject: the subject's name.
        lane: `float64` or `float32`.
        observable: an output's name, or `grad.` and an input's; or what was raised instead of any.
        tensor: the largest error over the tensor's deviation.
        element: the largest of the errors over their elements' deviations.
        exact: nothing rounds there: both ratios are 0 or infinite, for any constants.
    """

    case: str
    sample: str
    subject: str
    lane: str
    observable: str
    tensor: float
    element: float
    exact: bool

    def alarms(self, tensor: float, element: float) -> bool:
        """Whether the judge would call it wrong under these constants."""
        return self.tensor > tensor or self.element > element


def correct_subjects() -> list[Subject]:
    """Return the implementations that calibration takes to be correct.

    torch computes the oracle, so in float64 it is evidence only where a case can be written out another way.
    """
    reference = pytorch.make()
    written = TorchLike("torch, written out", "torch", seams={name: {} for name in CASES})
    other = frozenset(
        name for name, case in CASES.items() if written.program(case)[0] is not reference.program(case)[0]
    )
    return [
        Subject("mytorch", mytorch.make()),
        Subject("torch", reference, ("float32",)),
        Subject("torch, written out", written, cases=other),
    ]


def measure(
    cases: Sequence[str],
    seed: int,
    subjects: Sequence[Subject],
    *,
    jobs: int = 1,
    samples: int | None = None,
    progress: Progress | None = None,
) -> list[Ratio]:
    """Measure every verdict of a default run, for each subject.

    Args:
        cases: names of cases.
        seed: the seed of the samples.
        subjects: implementations taken to be correct; a sample is prepared once for all of them.
        jobs: the number of processes.
        samples: the number of samples per case; by default as many as the case declares.
        progress: called after each sample with its case, how many are done and how many there are.
    """
    drawn = [
        sample
        for name in cases
        for sample in draw(
            name, CASES[name].space, seed, CASES[name].default_samples if samples is None else samples
        )
    ]
    ratios: list[Ratio] = []
    for done, (sample, found) in enumerate(_work(drawn, subjects, jobs), start=1):
        ratios += found
        if progress:
            progress(sample.case, done, len(drawn))
    return ratios


def _work(
    samples: Sequence[Sample], subjects: Sequence[Subject], jobs: int
) -> Iterator[tuple[Sample, list[Ratio]]]:
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=jobs, return_as="generator", batch_size=1)
    found = parallel(delayed(measure_sample)(sample, subjects) for sample in samples)
    return zip(samples, found, strict=True)


def measure_sample(sample: Sample, subjects: Sequence[Subject]) -> list[Ratio]:
    """Measure every subject on one sample, drawn again where noise changed a branch."""
    from conformance.subjects.modes import quietly_on_one_thread

    with quietly_on_one_thread():
        prepared = prepare(CASES[sample.case], sample)
        return [
            ratio
            for subject in subjects
            if subject.cases is None or sample.case in subject.cases
            for lane in subject.lanes
            for ratio in _ratios(prepared, lane, subject)
        ]


def _ratios(prepared: Prepared, lane: str, subject: Subject) -> Iterator[Ratio]:
    expected = prepared.expectations[lane]
    task, sample = prepared.tasks[lane], prepared.sample.text
    if subject.implementation.unsupported(task) is not None:
        return
    try:
        trace = run_subject(prepared, lane, subject.implementation)
    except Exception as error:  # noqa: BLE001 - what raises is not correct, and the rest is still measured
        raised = f"raised {type(error).__name__}: {error}"
        yield Ratio(prepared.case.name, sample, subject.name, lane, raised, inf, inf, exact=True)
        return
    for name, scale in prepared.scales[lane].items():
        if not expected.oracle[name].size:
            continue
        tensor, element = _ratio(expected, name, trace, scale)
        yield Ratio(prepared.case.name, sample, subject.name, lane, name, tensor, element, scale.exact)


def _ratio(expected: Expectation, name: str, trace: Trace, scale: Scale) -> tuple[float, float]:
    got = trace.get(name)
    if got is None or form(expected, name, got):
        return inf, inf
    if not np.issubdtype(expected.oracle[name].dtype, np.floating):
        wrong = inf if (got != expected.oracle[name]).any() else 0.0
        return wrong, wrong
    _, error = errors(expected, name, got)
    if scale.exact:
        wrong = inf if error.any() else 0.0
        return wrong, wrong
    return float(error.max() / scale.tensor), float((error / scale.element).max())
