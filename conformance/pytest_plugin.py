"""`conformance.parametrize`: one pytest test per case and shape class.

Called by test modules; each test that it makes gets a `Check` to call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.cases import CASES, find_cases
from conformance.errors import whole
from conformance.extras import extras
from conformance.judging.verdict import Status
from conformance.registry import find_implementation
from conformance.running.plan import find_lanes, samples_of
from conformance.running.work import BadCallWork, do

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from conformance.running.work import Work
    from conformance.subjects.protocol import Implementation


@dataclass(frozen=True)
class Check:
    """The samples of one case in one shape class, or its bad calls; call it to judge them.

    Attributes:
        implementation: the subject, or its name.
        case: the case's name.
        shape_class: a shape class of the case, or `errors` for its bad calls.
        seed: the seed of the samples.
        lanes: `float64`, `float32` or both.
    """

    implementation: str | Implementation
    case: str
    shape_class: str
    seed: int
    lanes: tuple[str, ...]

    @extras()
    def __call__(self) -> None:
        """Judge them all.

        Raises:
            AssertionError: something failed or nothing was compared; the message is the bug report.
            UsageError: there is no such implementation, or a package of the extra `conformance` is missing.
        """
        from conformance.report.tables import explain

        verdicts = [v for work in self._work() for v in do(work, self.implementation).verdicts]
        name = self.implementation if isinstance(self.implementation, str) else self.implementation.name
        failures = [verdict for verdict in verdicts if not verdict.passed]
        if failures:
            raise AssertionError("\n" + explain(failures[0], name, run=verdicts))
        if all(verdict.status is Status.SKIP for verdict in verdicts):
            reasons = sorted({str(verdict.reason) for verdict in verdicts})
            raise AssertionError(
                f"{self.case}, {self.shape_class}: nothing was compared: {'; '.join(reasons)}"
            )

    def _work(self) -> Sequence[Work]:
        if self.shape_class == "errors":
            return [BadCallWork(self.case, self.seed)]
        case = CASES[self.case]
        drawn = samples_of(case, self.seed, case.default_samples, self.lanes)
        return [work for work in drawn if work.sample.shape_class == self.shape_class]

    def __str__(self) -> str:
        return f"{self.case}-{self.shape_class}"


@extras()
def parametrize(
    implementation: str | Implementation,
    cases: Sequence[str] = (),
    *,
    seed: int = 1,
    dtypes: Sequence[str] = ("float64", "float32"),
) -> pytest.MarkDecorator:
    """Decorate a pytest function that takes `check` and calls it: one test per case and shape class.

    Args:
        implementation: a name, `fault:NAME`, `module:attribute`, `path.py:attribute`, or an
            `Implementation`.
        cases: names of cases; by default all.
        seed: the seed of the samples.
        dtypes: the lanes: `float64`, `float32` or both.

    Returns:
        The decorator.

    Raises:
        UsageError: an unknown case or dtype, not an implementation, a seed that is not a whole number, or
            pytest is not installed (the extra `pytest` brings it).
    """
    import pytest

    if not isinstance(implementation, str):
        find_implementation(implementation)
    whole("seed", seed, 0)
    lanes = find_lanes(dtypes)
    checks = [
        Check(implementation, case.name, shape_class, seed, lanes)
        for case in find_cases(cases)
        for shape_class in (*case.space.classes, *(("errors",) if case.bad_calls else ()))
    ]
    return pytest.mark.parametrize("check", checks, ids=str)
