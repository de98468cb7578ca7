"""Renews the committed reports: `python -m conformance.report.renew FROM TO SUITE`.

Called by `tox run -e reports` only, after a run and a self-test. The calibration takes longer than both, so
its two files are renewed only where `FROM` holds one of all cases, which `tox run -e calibrate` writes; and
the errors of elementary functions, which belong to a machine, only where it holds those, as the reports on
the peers and on performance, which `tox run -e peers` and `tox run -e bench` write. The
baseline keeps what was accepted, and is renewed only where nothing is lost: `conformance gate --accept` comes
first. `SUITE` is the summary of both that the package ships.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.cases import CASES
from conformance.errors import UsageError
from conformance.report.changes import lost
from conformance.report.files import read_baseline
from conformance.report.gate import check_comparable
from conformance.report.suite import Suite, summarised

if TYPE_CHECKING:
    from conformance.report.baseline import Baseline

# The files that are committed, and the most bytes that each may have: they are read by people and kept in
# every clone. What they leave out stays in the folder that the commands wrote, an artefact of CI.
LIMITS = {
    "parity.md": 100_000,
    "baseline.json": 500_000,
    "kill_matrix.md": 150_000,
    "kill_matrix.json": 300_000,
    "calibration.md": 50_000,
    "tolerances.md": 130_000,
    "accuracy.md": 30_000,
    "rule_coverage.md": 40_000,
    "random_programs.md": 10_000,
    "lapack.md": 10_000,
    "peers.md": 40_000,
    "diagnosis.md": 10_000,
    "performance.md": 40_000,
    "performance.svg": 80_000,
}
_BASELINE = "baseline.json"
_OF_CALIBRATION = ("calibration.md", "tolerances.md")
_WHERE_WRITTEN = (
    *("accuracy.md", "rule_coverage.md", "random_programs.md", "lapack.md", "peers.md", "diagnosis.md"),
    *("performance.md", "performance.svg"),
)


def renew(written: Path, committed: Path, suite: Path) -> list[str]:
    """Copy the files to commit, write their summary, and return the names of the files.

    Args:
        written: the folder that the commands wrote.
        committed: the folder of the committed reports.
        suite: the file of the summary.

    Raises:
        UsageError: a file is missing, too large, or of a calibration of some cases only; or something that
            the committed baseline shows is lost.
    """
    calibration = _read(written / "calibration.json")
    if calibration is not None:
        cases = calibration["cases"]
        if set(cases) != set(CASES):
            raise UsageError(
                f"{written / 'calibration.json'}: expected a calibration of all {len(CASES)} cases, "
                f"got one of {len(cases)}: run it again or remove it"
            )
    texts = {}
    for name, limit in LIMITS.items():
        if name in _OF_CALIBRATION and calibration is None:
            continue
        if name in _WHERE_WRITTEN and not (written / name).is_file():
            continue
        if not (written / name).is_file():
            raise UsageError(f"{written / name}: expected a report, got no such file: run the commands first")
        texts[name] = (written / name).read_bytes()
        if name == _BASELINE and (committed / name).is_file():
            texts[name] = _next(committed / name, written / name).to_json().encode("utf-8")
        if len(texts[name]) > limit:
            raise UsageError(f"{written / name}: expected at most {limit:,} bytes, got {len(texts[name]):,}")
    before = _read(suite)
    summary = summarised(
        _read(written / "kill_matrix_details.json") or {},
        calibration,
        None if before is None else Suite.from_json(json.dumps(before)),
    )
    for name, text in texts.items():
        (committed / name).write_bytes(text)
    suite.write_text(summary.to_json(), encoding="utf-8")
    return [*texts, suite.name]


def _read(path: Path) -> dict[str, Any] | None:
    """Return the record in a file, or None where there is no such file."""
    if not path.is_file():
        return None
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def _next(committed: Path, written: Path) -> Baseline:
    """Return the baseline that was written, with what was accepted before."""
    before, after = map(read_baseline, (committed, written))
    check_comparable(before, after)
    if found := lost(before, after):
        gate = f"conformance gate {written.with_name('parity.json')} --baseline {committed} --accept REASON"
        raise UsageError(
            f"{written}: expected nothing to be lost, got {len(found)} losses, the first {found[0]}. "
            f"To accept them: {gate}"
        )
    return after.with_accepted(before.accepted)


if __name__ == "__main__":
    try:
        print("Renewed:", ", ".join(renew(*map(Path, sys.argv[1:]))))  # noqa: T201 - a command
    except UsageError as refused:
        sys.exit(f"renew: {refused}")
