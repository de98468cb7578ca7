"""How far correct implementations are from the oracle, in units of the tolerance under constants of 1.

Called by calibration.run; `measure` returns one `Ratio` per verdict, and what became of each draw.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conformance.arithmetic.constants import constants
from conformance.cases import CASES
from conformance.cases._call import Unused
from conformance.cases._uses import USES
from conformance.errors import DegenerateError
from conformance.judging.asking import why_unsupported
from conformance.judging.chosen_uses import by_use, uses_of
from conformance.judging.judge import errors, form, judge, nothing_to_compare
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import run_subject
from conformance.processes import in_processes
from conformance.sampling.space import draw
from conformance.subjects import mytorch, pytorch
from conformance.subjects.protocol import LANES
from conformance.subjects.torchlike import TorchLike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conformance.arithmetic.tolerance import Scale
    from conformance.judging.chosen_uses import Uses
    from conformance.judging.expectation import Expectation
    from conformance.judging.prepared import Prepared
    from conformance.sampling.sample import Sample
    from conformance.subjects.protocol import Implementation, Trace

    Progress = Callable[[str, int, int], None]

_EMPTY = "nothing to compare"


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
        use: the use in which the layer was called; empty for the plain call.
    """

    case: str
    sample: str
    subject: str
    lane: str
    observable: str
    tensor: float
    element: float
    exact: bool
    use: str = ""

    def alarms(self, tensor: float, element: float) -> bool:
        """Whether the judge would call it wrong under these constants."""
        return self.tensor > tensor or self.element > element


class Draw(NamedTuple):
    """What became of one draw, in the plain call or in a use that has deviations of its own.

    Attributes:
        case: the case's name.
        sample: the text of the sample that was judged.
        regime: its regime.
        redraws: how often the draw was repeated.
        trouble: why a run is not green there whatever the subject: it is degenerate, or nothing is compared.
    """

    case: str
    sample: str
    regime: str
    redraws: int = 0
    trouble: str = ""


@dataclass(frozen=True)
class Measured:
    """One default run of every subject, measured.

    Attributes:
        ratios: one per verdict.
        draws: one per sample, and one per use that has deviations of its own.
    """

    ratios: list[Ratio] = field(default_factory=list)
    draws: list[Draw] = field(default_factory=list)

    def extend(self, other: Measured) -> None:
        """Add what was measured on another sample."""
        self.ratios.extend(other.ratios)
        self.draws.extend(other.draws)


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
) -> Measured:
    """Measure every verdict of a default run, uses included, for each subject.

    Args:
        cases: names of cases.
        seed: the seed of the samples.
        subjects: implementations taken to be correct; a sample is prepared once for all of them.
        jobs: the number of processes.
        samples: the number of samples per case; by default as many as the case declares.
        progress: called after each sample with its case, how many are done and how many there are.
    """
    work: list[tuple[Sample, Uses]] = []
    for name in cases:
        case = CASES[name]
        drawn = draw(name, case.space, seed, case.default_samples if samples is None else samples)
        work += zip(drawn, uses_of(case, drawn, LANES), strict=True)
    found = in_processes(measure_sample, ((sample, subjects, uses) for sample, uses in work), jobs)
    measured = Measured()
    for done, ((sample, _), each) in enumerate(zip(work, found, strict=True), start=1):
        measured.extend(each)
        if progress:
            progress(sample.case, done, len(work))
    return measured


def measure_sample(sample: Sample, subjects: Sequence[Subject], uses: Uses = ()) -> Measured:
    """Measure every subject on one sample, drawn again where noise changed a branch.

    A sample that cannot be prepared is a draw with its trouble, and no ratio.
    """
    from conformance.subjects.modes import quietly_on_one_thread

    case, measured = CASES[sample.case], Measured()
    with quietly_on_one_thread():
        try:
            prepared = prepare(case, sample)
        except DegenerateError as error:
            measured.draws.append(_degenerate(sample, error))
            return measured
        measured.extend(_measured(prepared, subjects))
        for use, lanes in by_use(uses).items():
            try:
                used = prepared.used(use, lanes)
            except DegenerateError as error:
                measured.draws.append(_degenerate(prepared.sample.used(use), error))
                continue
            found = _measured(used, subjects)
            measured.extend(found if USES[use].measured else Measured(found.ratios))
    return measured


def _degenerate(sample: Sample, error: DegenerateError) -> Draw:
    return Draw(sample.case, sample.text, sample.regime, constants().redraws + 1, f"degenerate: {error}")


def _measured(prepared: Prepared, subjects: Sequence[Subject]) -> Measured:
    sample = prepared.sample
    empty = any(nothing_to_compare(each) for each in prepared.expectations.values())
    ratios = [
        ratio
        for subject in subjects
        if subject.cases is None or sample.case in subject.cases
        for lane in subject.lanes
        if lane in prepared.expectations
        for ratio in _ratios(prepared, lane, subject)
    ]
    return Measured(
        ratios, [Draw(sample.case, sample.text, sample.regime, sample.redraw, _EMPTY if empty else "")]
    )


def _ratios(prepared: Prepared, lane: str, subject: Subject) -> Iterator[Ratio]:
    expected = prepared.expectations[lane]
    case, sample = prepared.case.name, prepared.sample

    def ratio(observable: str, tensor: float, element: float, *, exact: bool) -> Ratio:
        return Ratio(case, sample.text, subject.name, lane, observable, tensor, element, exact, sample.use)

    if why_unsupported(subject.implementation, prepared.tasks[lane]) is not None:
        return
    try:
        trace = run_subject(prepared, lane, subject.implementation)
    except Unused:
        return
    except Exception as error:  # noqa: BLE001 - what raises is not correct, and the rest is still measured
        yield ratio(f"raised {type(error).__name__}: {error}", inf, inf, exact=True)
        return
    if expected.laws:
        # No constant decides about random draws.
        wrong = [str(verdict.observable) for verdict in judge(expected, trace) if not verdict.passed]
    else:
        wrong = [name for name in trace if name not in expected.oracle]
    for name, scale in prepared.scales[lane].items():
        if expected.oracle[name].size:
            yield ratio(name, *_ratio(expected, name, trace, scale), exact=scale.exact)
    for name in wrong:
        yield ratio(name, inf, inf, exact=True)


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
