"""Runs one sample again: from its text, or from a bundle that holds its arrays.

Called by `conformance replay`; the sample's verdicts come out.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from zipfile import BadZipFile

import numpy as np

from conformance.cases import find_cases
from conformance.cases._uses import find_use
from conformance.errors import UsageError
from conformance.running.bundle import BUNDLE_VERSION
from conformance.running.subject import find_subject, opened
from conformance.sampling.sample import Sample
from conformance.sampling.space import UNBATCHED
from conformance.subjects.modes import quietly_on_one_thread
from conformance.subjects.protocol import LANES

if TYPE_CHECKING:
    from conformance.cases.case import Case
    from conformance.judging.sample_judge import Prepared
    from conformance.judging.verdict import Verdict
    from conformance.sampling.space import Space


class Replayed(NamedTuple):
    """The result of running one sample again.

    Attributes:
        sample: its text.
        implementation: the name of the subject.
        verdicts: in both lanes; those of the bad calls too, where they start from the sample.
        failed: the failure for which the bundle was written; None for a text, or of another implementation.
    """

    sample: str
    implementation: str
    verdicts: list[Verdict]
    failed: Verdict | None


def replay(
    bundle_or_sample: str,
    implementation: str | None = None,
    *,
    in_process: bool = False,
    time_limit: float = 60.0,
    host_command: str = "",
) -> Replayed:
    """Run one sample ten times, as a run does with a sample that fails.

    Args:
        bundle_or_sample: a bundle's folder, or a sample's text.
        implementation: the subject's name; by default the bundle's, or mytorch.
        in_process: run the subject in this process instead of one of its own.
        time_limit: how many seconds one answer of the subject's process may take.
        host_command: a program with its arguments that starts that process.

    Raises:
        UsageError: the folder is not a bundle, the text is not a sample's, or the implementation is unknown.
        DegenerateError: the sample cannot tell right from wrong.
        NoiseError: the arithmetic cannot follow the case's program.
    """
    # A replay goes one of two ways from here: of a bundle the stored arrays are judged, and of a text the
    # arrays are drawn. A text of the configuration that the bad calls start from replays the bad calls too.
    from conformance.judging.bad_calls import judge_bad_calls
    from conformance.judging.repeat import RUNS, judge_repeatedly
    from conformance.judging.sample_judge import judge_sample

    folder = Path(bundle_or_sample)
    with quietly_on_one_thread():
        bundle = read_bundle(folder) if folder.is_dir() else None
        prepared = bundle.prepared if bundle else prepare_text(bundle_or_sample)
        name = implementation or (bundle.implementation if bundle else "mytorch")
        how = find_subject(name, in_process=in_process, time_limit=time_limit, host_command=host_command)
        subject = opened(how)
        verdicts = judge_repeatedly(partial(judge_sample, prepared, tell=True), subject, RUNS)
        if not prepared.sample.use and prepared.sample.settings == prepared.case.base:
            bad_calls = partial(judge_bad_calls, prepared.case, seed=prepared.sample.seed)
            verdicts += judge_repeatedly(bad_calls, subject, RUNS)
    failed = bundle.failed if bundle and bundle.implementation == name else None
    return Replayed(prepared.sample.text, name, verdicts, failed)


def prepare_text(text: str) -> Prepared:
    """Prepare the sample that a text names.

    Raises:
        UsageError: the text is not a sample's, or there is no such case.
    """
    from conformance.judging.sample_judge import prepare

    return prepare(*_parsed(text))


def _parsed(text: str) -> tuple[Case, Sample]:
    """Return the case and the sample that a text names.

    Raises:
        UsageError: the text is not a sample's, or there is no such case or use.
    """
    sample = Sample.parse(text)
    case = find_cases([sample.case])[0]
    _check(sample, case.space)
    if sample.use:
        find_use(sample.use, case, sample.settings)
    return case, sample


def _check(sample: Sample, space: Space) -> None:
    """Raise UsageError for a mistyped text; sizes may be others than those drawn."""
    expected, given = {*space.sizes, *space.flags}, sample.settings
    if unknown := sorted(given.keys() - expected):
        raise UsageError(f"sample: {sample.case} has no {unknown}; it has {sorted(expected)}")
    if missing := sorted(expected - given.keys()):
        raise UsageError(f"sample: {sample.text!r} lacks {missing}")
    order = [*space.sizes, *space.flags]
    if list(given) != order:
        raise UsageError(f"sample: expected the settings in the order {order}, got {list(given)}")
    for what, value, there_are in (
        ("class", sample.shape_class, space.classes),
        ("regime", sample.regime, space.regimes),
        *((name, given[name], values) for name, values in space.flags.items()),
    ):
        # By type too: 1 equals True, but the bits of the arrays follow from the text.
        if not any(type(value) is type(each) and value == each for each in there_are):
            raise UsageError(f"sample: {what}: expected one of {list(there_are)}, got {value!r}")
    for name, kind in space.sizes.items():
        size = given[name]
        least = UNBATCHED if kind == "batch" and "unbatched" in space.classes else 0
        if isinstance(size, bool) or not isinstance(size, int) or size < least:
            raise UsageError(f"sample: {name}: expected a size, got {size!r}")
    if others := {name: value for name, value in space.settled(given).items() if value != given[name]}:
        raise UsageError(f"sample: {sample.text!r} is not run with these settings; expected {others}")


def _check_version(version: object) -> None:
    if version != BUNDLE_VERSION:
        raise UsageError(f"bundle: expected bundle_version {BUNDLE_VERSION}, got {version}")


class Bundle(NamedTuple):
    """A bundle, read.

    Attributes:
        prepared: its sample, prepared from its own arrays.
        implementation: the implementation that failed.
        failed: how it failed in the run that wrote the bundle.
    """

    prepared: Prepared
    implementation: str
    failed: Verdict


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle and prepare its sample.

    Raises:
        UsageError: the folder is not a bundle, or one of another version.
    """
    from conformance.judging.sample_judge import prepare
    from conformance.judging.verdict import Verdict

    try:
        about = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
        # NumPy leaves a file that it opened itself open where the archive is damaged.
        with (folder / "arrays.npz").open("rb") as file, np.load(file, allow_pickle=False) as stored:
            inputs = {
                name.removeprefix("input/"): stored[name]
                for name in stored.files
                if name.startswith("input/")
            }
        _check_version(about["bundle_version"])
        text, implementation = about["sample"], about["implementation"]
        failed = Verdict.from_json(about["failure"])
    except UsageError:
        raise
    except (OSError, EOFError, BadZipFile, ValueError, TypeError, KeyError) as error:
        raise UsageError(f"bundle {str(folder)!r} cannot be read: {type(error).__name__}: {error}") from error
    return Bundle(prepare(*_parsed(text), LANES, inputs), implementation, failed)
