"""Bundles: folders that hold all that is needed to replay one failing sample anywhere.

The last step of `conformance.run` with a folder to write to. running.bundle_reader reads them; the repro.py
in each shows its failure where conformance is not installed.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.cases import CASES
from conformance.errors import UnpreparedError
from conformance.judging.repeat import RUNS
from conformance.judging.verdict import Status
from conformance.running import repro, stored
from conformance.running.output import remove_bundles, whole_bundle
from conformance.running.stored import BUNDLE_VERSION, digest
from conformance.sampling.sample import Sample
from conformance.subjects.answers import NotNumbersError, numbers
from conformance.subjects.protocol import HALF_LANES, LANES
from conformance.subjects.supports import supports_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.arithmetic.formats import Inside
    from conformance.judging.prepared import Prepared
    from conformance.judging.verdict import Verdict
    from conformance.report.record import Report
    from conformance.subjects.protocol import Implementation, Trace

# The programs in a bundle, which need nothing else of conformance.
_PROGRAMS = (repro, stored)
# Python may be told not to look next to a program.
_BESIDE = "sys.path.insert(0, str(Path(__file__).resolve().parent))\n"


def write_bundles(
    failures: Sequence[Verdict], report: Report, subject: Implementation, folder: Path, spec: str = ""
) -> None:
    """Write a bundle for each failure, of the smallest sample that fails.

    Args:
        failures: one per case. Of one whose sample cannot be prepared again there is nothing to write.
        report: the run in which they failed.
        subject: the subject that failed; its arrays are stored next to the expected ones.
        folder: where; a bundle is a folder in it, named by its case, and is there whole or not at all.
        spec: by what a replay finds the subject, from any directory; by default its name in the report.

    Raises:
        OSError: a file cannot be written, as on a full disk.
    """
    # Those of an earlier run into the same folder would pass for this one's.
    remove_bundles(folder)
    inside = supports_of(subject).inside
    for verdict in failures:
        about = {
            "bundle_version": BUNDLE_VERSION,
            "implementation": spec or report.implementation,
            "given_as": report.given_as,
            "failure": verdict.to_json(),
            "environment": report.environment,
            "inside": inside._asdict(),
        }
        prepared = _prepared(verdict, report, inside)
        if prepared is not None:
            _write(folder, verdict, prepared, about, subject)


def _prepared(verdict: Verdict, report: Report, inside: Inside) -> Prepared | None:
    """Prepare the smallest sample that fails, or the one that failed first.

    Returns:
        None where neither can be prepared, as where the reference raises at times.
    """
    from conformance.judging.prepared import prepare

    case, lanes = CASES[verdict.case], lanes_beside(verdict)
    # A subject that raises is shrunk without an oracle, to a sample that may have none.
    for text in dict.fromkeys((report.shrunk.get(verdict.sample, verdict.sample), verdict.sample)):
        try:
            return prepare(case, Sample.parse(text), lanes, inside=inside)
        except UnpreparedError:
            continue
    return None


def lanes_beside(verdict: Verdict) -> tuple[str, ...]:
    """Return the lanes of a bundle: the first two, or the half type that the verdict is about."""
    return (verdict.lane,) if verdict.lane in HALF_LANES else LANES


def _write(
    folder: Path, verdict: Verdict, prepared: Prepared, about: dict[str, Any], subject: Implementation
) -> None:
    """Write the bundle of one sample: the failure, the arrays, the versions and what shows them."""
    runs = RUNS if verdict.repeatable is False else 1
    if verdict.status is Status.ERROR and verdict.repeatable is None:
        runs = 0  # it was not run again, because it ends the subject's process
    arrays = given(prepared) | _compared(prepared, subject, runs)
    about["sample"] = prepared.sample.text
    about["sha256"] = digest(about, arrays)
    with whole_bundle(folder, verdict.case) as bundle:
        np.savez_compressed(bundle / "arrays.npz", **arrays)
        (bundle / "bundle.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
        for program in _PROGRAMS:
            path = Path(str(program.__file__))
            text = path.read_text(encoding="utf-8")
            text = text.replace(f"from {stored.__name__} ", f"{_BESIDE}from stored ")
            (bundle / path.name).write_text(text, encoding="utf-8")


def given(prepared: Prepared) -> dict[str, Any]:
    """Return the inputs and the cotangents of the outputs, by `input/` and their names."""
    # The values of float64 hold those of float32, which are their roundings. Draws have one lane.
    lane = "float64" if "float64" in prepared.tasks else next(iter(prepared.tasks))
    task = prepared.tasks[lane]
    arrays = task.inputs()
    # What stands before the last slash says which call of a use it is; the cotangents are those of the plain
    # call.
    outputs = {
        name.rpartition("/")[2]: array.shape
        for name, array in prepared.expectations[lane].oracle.items()
        if "." not in name and np.issubdtype(array.dtype, np.floating)
    }
    arrays |= {
        f"cotangent.{name}": task.cotangent(name, shape)
        for name, shape in outputs.items()
        if name not in arrays
    }
    return {f"input/{name}": array for name, array in arrays.items()}


def _compared(prepared: Prepared, subject: Implementation, runs: int) -> dict[str, Any]:
    """Return the expected arrays, the reference's own, the tolerances and the subject's arrays, by lane.

    Of several runs the arrays of the first that fails are returned.
    """
    arrays: dict[str, Any] = {}
    for lane, expected in prepared.expectations.items():
        arrays |= {f"oracle/{lane}/{name}": array for name, array in expected.oracle.items()}
        if expected.reference is not expected.oracle:
            arrays |= {f"reference/{lane}/{name}": array for name, array in expected.reference.items()}
        arrays |= {
            f"tolerance/{lane}/{name}": array
            for name, array in expected.tolerance.items()
            if name not in expected.laws
        }
        if not runs:
            continue
        try:
            got = _answer(prepared, lane, subject, runs)
        except Exception:  # noqa: BLE001, S112 - a subject that raises has no answer to store; its verdict has the traceback
            continue
        arrays |= {f"got/{lane}/{name}": array for name, array in _numbers(got).items()}
    return arrays


def _answer(prepared: Prepared, lane: str, subject: Implementation, runs: int) -> Trace:
    from conformance.judging.judge import judge
    from conformance.judging.sample_judge import run_subject

    trace = run_subject(prepared, lane, subject)
    for _ in range(runs - 1):
        if any(verdict.status is Status.FAIL for verdict in judge(prepared.expectations[lane], trace)):
            break
        trace = run_subject(prepared, lane, subject)
    return trace


def _numbers(trace: Trace) -> Trace:
    """Return the arrays of numbers of a trace: NumPy stores others by pickling, or not at all."""
    found: Trace = {}
    for name, answer in trace.items():
        with suppress(NotNumbersError):
            found[name] = numbers(answer)
    return found
