"""Runs one failure again: from a sample's text, or from a bundle that holds its arrays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.cases import find_cases
from conformance.errors import UsageError
from conformance.sampling.sample import Sample
from conformance.sampling.space import UNBATCHED
from conformance.subjects.protocol import LANES, Task

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.judging.sample_judge import Prepared
    from conformance.judging.verdict import Verdict
    from conformance.report.record import Report
    from conformance.sampling.space import Space
    from conformance.subjects.protocol import Implementation

BUNDLE_VERSION = 1

_SCRIPT = '''"""Replays this bundle: python replay.py [--implementation NAME|module:attribute]"""

import sys
from pathlib import Path

from conformance.cli.main import main

sys.exit(main(["replay", str(Path(__file__).parent), *sys.argv[1:]]))
'''


def prepare_text(text: str) -> Prepared:
    """Prepare the sample that a text names.

    Raises:
        UsageError: the text is none, or names a case that there is not.
    """
    from conformance.judging.sample_judge import prepare

    sample = Sample.parse(text)
    case = find_cases([sample.case])[0]
    _check(sample, case.space)
    return prepare(case, sample)


def _check(sample: Sample, space: Space) -> None:
    """Refuse a text that a person mistyped; sizes may be others than those drawn."""
    expected, given = {*space.sizes, *space.flags}, sample.settings
    if unknown := sorted(given.keys() - expected):
        raise UsageError(f"sample: {sample.case} has no {unknown}; it has {sorted(expected)}")
    if missing := sorted(expected - given.keys()):
        raise UsageError(f"sample: {sample.text!r} lacks {missing}")
    for what, value, there_are in (
        ("class", sample.shape_class, space.classes),
        ("regime", sample.regime, space.regimes),
        *((name, given[name], values) for name, values in space.flags.items()),
    ):
        if value not in there_are:
            raise UsageError(f"sample: {what}: expected one of {list(there_are)}, got {value!r}")
    for name in space.sizes:
        if not isinstance(given[name], int) or int(given[name]) < UNBATCHED:
            raise UsageError(f"sample: {name}: expected a size, got {given[name]!r}")
    if others := {name: value for name, value in space.settled(given).items() if value != given[name]}:
        raise UsageError(f"sample: {sample.text!r} is not run as it says; expected {others}")


def write_bundle(folder: Path, text: str, report: Report, subject: Implementation) -> None:
    """Write all that is needed to replay one sample anywhere: script, arrays, versions.

    Args:
        folder: where; it is made.
        text: the sample.
        report: the run in which it failed.
        subject: what failed; its answers are stored beside what was expected.
    """
    from conformance.judging.sample_judge import run_subject

    prepared = prepare_text(text)
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {}
    # The values of float64 hold those of float32, which are their roundings.
    task = Task(prepared.case, prepared.sample, "float64")
    arrays |= {f"input/{name}": array for name, array in task.inputs().items()}
    for lane, expected in prepared.expectations.items():
        arrays |= {f"oracle/{lane}/{name}": array for name, array in expected.oracle.items()}
        arrays |= {f"tolerance/{lane}/{name}": array for name, array in expected.tolerance.items()}
        try:
            got = run_subject(prepared, lane, subject)
        except Exception:  # noqa: BLE001, S112 - a subject that raises has no answer to store; its verdict has the traceback
            continue
        arrays |= {f"got/{lane}/{name}": array for name, array in got.items()}
    outputs = {
        name: array.shape
        for name, array in prepared.expectations["semantic"].oracle.items()
        if "." not in name
    }
    arrays |= {f"input/cotangent.{name}": task.cotangent(name, shape) for name, shape in outputs.items()}
    about = {
        "bundle_version": BUNDLE_VERSION,
        "sample": prepared.sample.text,
        "implementation": report.implementation,
        "environment": report.environment,
    }
    np.savez_compressed(folder / "arrays.npz", **arrays)
    (folder / "bundle.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    (folder / "replay.py").write_text(_SCRIPT, encoding="utf-8")


def read_bundle(folder: Path) -> tuple[Prepared, str]:
    """Return a bundle's sample, prepared from the bundle's own arrays, and the implementation that failed.

    Raises:
        UsageError: the folder is no bundle, or one of another version.
    """
    from conformance.judging.sample_judge import prepare

    try:
        about = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
        with np.load(folder / "arrays.npz", allow_pickle=False) as stored:
            inputs = {
                name.removeprefix("input/"): stored[name]
                for name in stored.files
                if name.startswith("input/")
            }
        version, text, implementation = about["bundle_version"], about["sample"], about["implementation"]
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"bundle {str(folder)!r} cannot be read: {type(error).__name__}: {error}") from error
    if version != BUNDLE_VERSION:
        raise UsageError(f"bundle: expected bundle_version {BUNDLE_VERSION}, got {version}")
    sample = Sample.parse(text)
    return prepare(find_cases([sample.case])[0], sample, tuple(LANES), inputs), implementation


def comparison(verdicts: list[Verdict]) -> list[dict[str, object]]:
    """Return a row an observable: where it was worst, what was expected there and what came."""
    return [
        {
            "lane": v.lane or v.check,
            "observable": v.observable or "whole sample",
            "status": v.status.value,
            "numbers": v.elements,
            "worst at": v.worst_index,
            "expected": v.expected,
            "got": v.got,
            "error": v.max_error,
            "tolerance": v.tolerance,
            "headroom": v.headroom,
        }
        for v in verdicts
    ]
