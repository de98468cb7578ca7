"""`conformance.parametrize`: one pytest test per case and shape class.

Called by test modules; each test that it makes gets a `Check` to call.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.cases import CASES, find_cases
from conformance.errors import whole
from conformance.extras import extras
from conformance.judging.verdict import Status
from conformance.running.plan import find_lanes, samples_of
from conformance.running.subject import find_subject, opened_here
from conformance.running.work import BadCallWork, do
from conformance.subjects.supports import supports_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from conformance.running.subject import Subject
    from conformance.running.work import SampleWork, Work
    from conformance.subjects.protocol import Implementation
    from conformance.subjects.supports import Supports


@dataclass(frozen=True)
class Check:
    """The samples of one case in one shape class, or its bad calls; call it to judge them.

    Attributes:
        implementation: the subject, or its name.
        case: the case's name.
        shape_class: a shape class of the case, or `errors` for its bad calls.
        seed: the seed of the samples.
        lanes: `float64`, `float32` or both.
        named: whether the case was asked for by name.
    """

    implementation: str | Implementation | Subject
    case: str
    shape_class: str
    seed: int
    lanes: tuple[str, ...]
    named: bool = True

    @extras()
    def __call__(self) -> None:
        """Judge them all.

        What is outside the limits that the implementation declares is skipped, with that reason. Where the
        implementation runs in the process of the tests, a warning says so. An excuse that is not needed here
        does not fail: another shape class may need it, which only `conformance.run` can tell.

        Raises:
            AssertionError: something failed or nothing passed; the message is the bug report. Nothing passed,
                too, if all of a case that was asked for by name is outside the limits.
            UsageError: there is no such implementation, or a package of the extra `conformance` is missing.
        """
        import pytest

        from conformance.report.tables import explain

        subject, implementation = opened_here(find_subject(self.implementation))
        if subject.in_process:
            # What a test prints is not shown if it passes.
            warnings.warn(subject.in_process, stacklevel=3)
        supports = supports_of(implementation)
        drawn = self._drawn(supports)
        work = self._work(drawn, supports)
        if not work:
            told = (
                f"{self}: nothing was compared: outside the declared limits: {_limits(self.case, supports)}"
            )
            if self.named and not drawn:
                raise AssertionError(told)
            pytest.skip(told)
        verdicts = [v for each in work for v in do(each, subject).verdicts]
        name = subject.name
        failures = [verdict for verdict in verdicts if not verdict.passed]
        if failures:
            given_as = "" if subject.spec else "an object"
            told = explain(failures[0], name, run=verdicts, given_as=given_as)
            raise AssertionError(f"\n{told}")
        # Of one shape class all may be MISTRUSTED; whether a case shows anything, a whole run tells.
        if not any(verdict.agrees and not verdict.use for verdict in verdicts):
            reasons = sorted({str(verdict.reason) for verdict in verdicts})
            excused = any(verdict.status is Status.EXCUSED for verdict in verdicts)
            what = "nothing passed" if excused else "nothing was compared"
            raise AssertionError(f"{self.case}, {self.shape_class}: {what}: {'; '.join(reasons)}")

    def _drawn(self, supports: Supports) -> Sequence[SampleWork]:
        case = CASES[self.case]
        lanes = tuple(lane for lane in self.lanes if lane in supports.dtypes)
        return samples_of(case, self.seed, case.default_samples, lanes, supports) if lanes else []

    def _work(self, drawn: Sequence[SampleWork], supports: Supports) -> Sequence[Work]:
        if self.shape_class == "errors":
            return [BadCallWork(self.case, self.seed)] if drawn and supports.judges_bad_calls else []
        return [work for work in drawn if work.sample.shape_class == self.shape_class]

    def __str__(self) -> str:
        return f"{self.case}-{self.shape_class}"


def _limits(case: str, supports: Supports) -> str:
    return supports.why_outside(CASES[case]) or ", ".join(supports.words)


@extras()
def parametrize(
    implementation: str | Implementation,
    cases: Sequence[str] = (),
    *,
    seed: int = 1,
    dtypes: Sequence[str] = ("float64", "float32"),
    in_process: bool = False,
    time_limit: float = 60.0,
    host_command: str = "",
) -> pytest.MarkDecorator:
    """Decorate a pytest function that takes `check` and calls it: one test per case and shape class.

    Args:
        implementation: a name, `fault:NAME`, `cmd:PROGRAM`, `module:attribute`, `path.py:attribute`, or an
            `Implementation`.
        cases: names of cases; by default all.
        seed: the seed of the samples.
        dtypes: the lanes, of `float64`, `float32`, `bfloat16` and `float16`; half types are judged where the
            implementation declares them.
        in_process: run the subject in this process instead of one of its own.
        time_limit: how many seconds one answer of the subject's process may take.
        host_command: a program with its arguments that starts that process.

    Returns:
        The decorator.

    Raises:
        UsageError: an unknown case or dtype, not an implementation, a seed that is not a whole number, or
            pytest is not installed (the extra `pytest` brings it).
    """
    import pytest

    whole("seed", seed, 0)
    lanes = find_lanes(dtypes)
    subject = find_subject(
        implementation, in_process=in_process, time_limit=time_limit, host_command=host_command
    )
    checks = [
        Check(subject, case.name, shape_class, seed, lanes, named=bool(cases))
        for case in find_cases(cases)
        for shape_class in (*case.space.classes, *(("errors",) if case.bad_calls else ()))
    ]
    return pytest.mark.parametrize("check", checks, ids=str)
