"""Runs one sample again: from its text, or from a bundle that holds its arrays.

Called by `conformance replay`; the sample's verdicts come out.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from conformance.errors import UsageError
from conformance.paths import check_folder
from conformance.registry import absolute
from conformance.running.bundle_reader import prepare_any, read_bundle
from conformance.running.output import FAILURES
from conformance.running.plan import lanes_of
from conformance.running.sample_text import parse
from conformance.running.subject import find_subject, opened
from conformance.subjects.modes import quietly_on_one_thread
from conformance.subjects.protocol import HALF_LANES, LANES
from conformance.subjects.supports import supports_of

if TYPE_CHECKING:
    from conformance.arithmetic.formats import Inside
    from conformance.judging.prepared import Prepared
    from conformance.judging.verdict import Verdict
    from conformance.subjects.protocol import Implementation

# The file by which the folder of a bundle is known.
BUNDLE = "bundle.json"


class Replayed(NamedTuple):
    """The result of running one sample again.

    Attributes:
        sample: its text.
        implementation: the name of the subject.
        verdicts: in the lanes that it declares; those of the bad calls too, where they start from the sample.
        failed: the failure for which the bundle was written; None for a text, or of another implementation.
        in_process: a line about the subject, if it ran in the judge's process where it should not; or empty.
        inside: a line about a bundle in a half type whose subject computed or added up in other dtypes than
            this one declares; or empty.
    """

    sample: str
    implementation: str
    verdicts: list[Verdict]
    failed: Verdict | None
    in_process: str = ""
    inside: str = ""


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
        UsageError: the folder is not a bundle, the text is not a sample's, or the implementation is unknown,
            or was given to the run that wrote the bundle as an object.
        DegenerateError: the sample cannot tell right from wrong.
        NoiseError: the arithmetic cannot follow the case's program.
    """
    # A replay goes one of two ways from here: of a bundle the stored arrays are judged, and of a text the
    # arrays are drawn. A text of the configuration that the bad calls start from replays the bad calls too.
    from conformance.judging.bad_calls import judge_bad_calls
    from conformance.judging.repeat import RUNS, judge_repeatedly
    from conformance.judging.sample_judge import judge_sample

    folder = _is_folder(bundle_or_sample)
    with quietly_on_one_thread():
        bundle = read_bundle(Path(bundle_or_sample)) if folder else None
        if bundle and bundle.given_as and implementation is None:
            raise UsageError(
                f"bundle {bundle_or_sample!r}: its implementation {bundle.implementation!r} was given as "
                f"{bundle.given_as}; name it: --implementation MODULE:ATTRIBUTE or path.py:ATTRIBUTE"
            )
        if not bundle:
            # Before the subject is imported.
            parse(bundle_or_sample)
        name = (bundle.implementation if bundle else "mytorch") if implementation is None else implementation
        how = find_subject(name, in_process=in_process, time_limit=time_limit, host_command=host_command)
        subject = opened(how)
        prepared = bundle.prepared if bundle else _prepared(bundle_or_sample, subject)
        verdicts = judge_repeatedly(partial(judge_sample, prepared, tell=True), subject, RUNS)
        if not prepared.sample.use and prepared.sample.settings == prepared.case.base:
            bad_calls = partial(judge_bad_calls, prepared.case, seed=prepared.sample.seed)
            verdicts += judge_repeatedly(bad_calls, subject, RUNS)
    failed = bundle.failed if bundle and bundle.implementation == absolute(name) else None
    told = _other_inside(prepared, supports_of(subject).inside)
    return Replayed(prepared.sample.text, name, verdicts, failed, how.in_process, told)


def _is_folder(given: str) -> bool:
    """Whether a bundle's folder was given, and not a sample's text.

    Raises:
        UsageError: it is neither, by its form; the message names a bundle that is nearby.
    """
    # Unlike Path.exists, it takes texts that are too long for the name of a file.
    if "seed=" in given and not os.path.exists(given):  # noqa: PTH110
        return False
    folder = Path(given)
    near = [folder] if folder.name == BUNDLE and folder.is_file() else []
    if os.path.isdir(given):  # noqa: PTH112 - likewise
        near = sorted(file for place in ("*", f"{FAILURES}/*") for file in folder.glob(f"{place}/{BUNDLE}"))
    such = f", such as {str(near[0].parent)!r}" if near else ""
    check_folder("bundle", folder, BUNDLE, f"the folder of a bundle{such}, or a sample's text CASE:seed=…")
    return True


def _other_inside(prepared: Prepared, declared: Inside) -> str:
    """Return a line where a bundle was written of another precision than its replay's subject declares."""
    if declared == prepared.inside or not any(lane in HALF_LANES for lane in prepared.expectations):
        return ""
    return (
        f"judged as when the bundle was written, half types {prepared.inside.words}; this implementation "
        f"declares half types {declared.words}"
    )


def _prepared(text: str, subject: Implementation) -> Prepared:
    """Prepare a sample in the lanes of a subject; uses are not judged in half types."""
    case, sample = parse(text)
    supports = supports_of(subject)
    lanes = [lane for lane in lanes_of(supports) if lane in LANES or not sample.use]
    return prepare_any(case, sample, lanes=lanes or LANES, inside=supports.inside)


def prepare_text(text: str) -> Prepared:
    """Prepare the sample that a text names.

    Raises:
        UsageError: the text is not a sample's, or there is no such case.
    """
    return prepare_any(*parse(text))
