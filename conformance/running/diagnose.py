"""Diagnoses a case in which a subject fails: the nearest fault, and where the difference begins.

Called by `conformance diagnose` and after a failing run; a `Diagnosis` comes out, whose lines people read.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.cases import CASES, find_cases
from conformance.diagnosis.diagnosis import Diagnosis, Named
from conformance.diagnosis.localise import localise
from conformance.diagnosis.observation import Observation
from conformance.diagnosis.reading import read
from conformance.errors import UnpreparedError, UsageError
from conformance.judging.asking import why_unsupported
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import run_subject
from conformance.judging.verdict import Status
from conformance.running.diagnosed_samples import Asked, agreeing, chosen, shown
from conformance.running.plan import lanes_of, plan
from conformance.running.sample_text import parse
from conformance.running.subject import find_subject, opened
from conformance.running.work import SampleWork
from conformance.subjects.modes import quietly_on_one_thread
from conformance.subjects.protocol import LANES, Ended
from conformance.subjects.supports import supports_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from conformance.cases.case import Case
    from conformance.judging.verdict import Verdict
    from conformance.sampling.sample import Sample
    from conformance.subjects.protocol import Implementation

# How many samples are tried in which the subject fails, and in which it passes. Each fault runs on them.
_FAILING, _PASSING = 4, 3

# The families of faults that compute the same function, with larger errors.
_ACCURACY = frozenset({"precision"})

# How many cases a run diagnoses, as many as it shrinks.
_CASES = 3


class Diagnosed(NamedTuple):
    """The result of judging a case and diagnosing it.

    Attributes:
        implementation: the subject's name.
        verdicts: the verdicts of the samples.
        diagnosis: the diagnosis, without lines where nothing failed.
        in_process: a line about the subject, if it ran in the judge's process where it should not; or empty.
    """

    implementation: str
    verdicts: list[Verdict]
    diagnosis: Diagnosis
    in_process: str = ""


def diagnose(
    implementation: str | Implementation,
    case: str,
    samples: int | None = None,
    seed: int = 1,
    *,
    sample: str | None = None,
    in_process: bool = False,
    time_limit: float = 60.0,
    host_command: str = "",
) -> Diagnosed:
    """Judge an implementation on a case's samples and say which fault it behaves like.

    Args:
        implementation: as of `conformance.run`.
        case: the case's name.
        samples: the number of samples; by default as many as the case declares.
        seed: the seed of the samples.
        sample: the text of one sample of the case, which is then the only one.
        in_process: run the subject in this process instead of one of its own.
        time_limit: how many seconds one answer of the subject's process may take.
        host_command: a program with its arguments that starts that process.

    Raises:
        UsageError: there is no such case or implementation, the sample is not one of the case, or the subject
            does not support the case.
    """
    chosen = find_cases([case])[0]
    # Before the subject is imported.
    one = None if sample is None else _of_case(sample, chosen)
    how = find_subject(
        implementation, in_process=in_process, time_limit=time_limit, host_command=host_command
    )
    with quietly_on_one_thread():
        subject = opened(how)
        supports = supports_of(subject)
        lanes = lanes_of(supports)
        if one is None:
            planned = plan([chosen.name], samples, seed, lanes, supports)
            work = [each for each in planned if isinstance(each, SampleWork)]
        else:
            uses = tuple((one.use, lane) for lane in lanes if one.use and lane in LANES)
            work = [SampleWork(one.plain, lanes, uses)]
        if not work:
            raise UsageError(f"case {chosen.name}: {how.name} declares that it does not support it")
        verdicts = [verdict for each in work for verdict in each.judge(subject).verdicts]
        return Diagnosed(
            how.name, verdicts, diagnose_failures(chosen.name, verdicts, subject), how.in_process
        )


def _of_case(text: str, case: Case) -> Sample:
    _, sample = parse(text)
    if sample.case != case.name:
        raise UsageError(f"sample: expected one of {case.name}, got {text!r}")
    return sample


def diagnose_failures(case: str, verdicts: Iterable[Verdict], subject: Implementation) -> Diagnosis:
    """Diagnose a case from the verdicts of its samples.

    Args:
        case: the case's name.
        verdicts: the verdicts; those about other cases and about bad calls are passed over.
        subject: the subject, which is run again on a few of the samples.
    """
    # A diagnosis goes one of five ways from here:
    # - nothing fails: it is empty;
    # - nothing can be tried: no sample fails with numbers, or not in each run;
    # - the numbers agree, and only their form is wrong;
    # - faults behave like the subject: they are named;
    # - none does: perhaps the subject is less accurate.
    of_case = [verdict for verdict in verdicts if verdict.case == case and verdict.check != "errors"]
    wrong = [verdict for verdict in of_case if not verdict.passed]
    if not wrong:
        return Diagnosis(case)
    if CASES[case].distribution:
        return Diagnosis(case, undecided="not sought: the results are drawn at random")
    asked = chosen(wrong)
    if not asked:
        return Diagnosis(case, undecided=_why_none(wrong))
    failing = list(_observed(asked, subject, _FAILING))
    if not failing:
        return Diagnosis(case, undecided="not sought: the subject did not answer again")
    if all(seen.formal and not seen.lacking for seen in failing):
        return _of(case, failing, undecided="not sought: the numbers agree, and only their form is wrong")
    failing = [seen for seen in failing if seen.lacking or not seen.formal]
    return _explained(case, failing, of_case, subject)


def _explained(
    case: str, failing: list[Observation], of_case: Sequence[Verdict], subject: Implementation
) -> Diagnosis:
    """Return the diagnosis of what a subject returned in some samples of a case in which it fails."""
    passing: list[Observation] = []

    def passes() -> Iterator[Observation]:
        use = failing[0].prepared.sample.use
        for seen in _observed(agreeing(of_case, use), subject, _PASSING):
            passing.append(seen)
            yield seen

    found = read(failing, passes)
    # Where only a part was read, the sample that a report shows may not be of it.
    wrong = [verdict for verdict in of_case if not verdict.passed and len(found.failing) == len(failing)]
    place = localise(CASES[case], shown(wrong, found.failing), subject, found.failing[0].lane)
    return _of(
        case,
        found.failing,
        passing,
        named=tuple(Named(fault.name, fault.line, fault.family in _ACCURACY) for fault in found.named),
        tried=found.nearest.tried,
        explained=found.nearest.explained,
        outputs_only=found.outputs_only,
        less_accurate=found.less_accurate,
        localised=place.line or place.told,
    )


def _of(
    case: str, failing: Sequence[Observation], passing: Sequence[Observation] = (), **fields: Any
) -> Diagnosis:
    return Diagnosis(
        case,
        tuple(dict.fromkeys(seen.lane for seen in failing)),
        tuple(dict.fromkeys(seen.prepared.sample.text for seen in failing)),
        tuple(dict.fromkeys(seen.prepared.sample.text for seen in passing)),
        **fields,
    )


def _why_none(wrong: Sequence[Verdict]) -> str:
    if any(verdict.repeatable is False for verdict in wrong):
        return "not sought: the failure does not repeat"
    if all(verdict.status is Status.ERROR for verdict in wrong):
        return "not sought: the subject raises an exception, or its sample cannot be prepared"
    return "not sought: the subject fails by the form of what it returns"


def _observed(asked: Iterable[Asked], subject: Implementation, most: int) -> Iterator[Observation]:
    """Run a subject again on samples, until there are enough answers."""
    found = 0
    for each in asked:
        case = CASES[each.sample.case]
        try:
            prepared = prepare(case, each.sample, (each.lane,), inside=supports_of(subject).inside)
            if why_unsupported(subject, prepared.tasks[each.lane]) is not None:
                continue
            run = partial(run_subject, prepared, each.lane, subject)
            seen = Observation(prepared, each.lane, run(), run, supports_of(subject).backward)
        except UnpreparedError:
            continue
        except Ended:
            return
        except Exception:  # noqa: BLE001, S112 - a subject may raise anything; it answered when it was judged
            continue
        yield seen
        found += 1
        if found == most:
            return


def diagnoses(
    failures: Sequence[Verdict], verdicts: Iterable[Verdict], subject: Implementation
) -> dict[str, list[str]]:
    """Return the lines of the diagnoses of the first cases that fail, by the text of the sample that failed.

    Args:
        failures: the first failure of each case.
        verdicts: those of all samples that could be prepared.
        subject: the subject.
    """
    found = {}
    by_case: dict[str, list[Verdict]] = {failure.case: [] for failure in failures[:_CASES]}
    for verdict in verdicts:
        if verdict.case in by_case:
            by_case[verdict.case].append(verdict)
    for failure in failures[:_CASES]:
        try:
            found[failure.sample] = diagnose_failures(failure.case, by_case[failure.case], subject).lines
        except Exception as error:  # noqa: BLE001 - a mistake of ours here must not lose the run's report
            found[failure.sample] = (f"not sought: the diagnosis raised {type(error).__name__}: {error}",)
    return {sample: list(lines) for sample, lines in found.items() if lines}
