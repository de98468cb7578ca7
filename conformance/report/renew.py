"""Renews the committed reports: `python -m conformance.report.renew FROM TO`.

Called by `tox run -e reports` only, after a run and a self-test. The calibration takes longer than both, so
its two files are renewed only where `FROM` holds one of all cases, which `tox run -e calibrate` writes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from conformance.cases import CASES
from conformance.errors import UsageError

# The files that are committed, and the most bytes that each may have: they are read by people and kept in
# every clone. What they leave out stays in the folder that the commands wrote, an artefact of CI.
LIMITS = {
    "parity.md": 100_000,
    "baseline.json": 500_000,
    "kill_matrix.md": 200_000,
    "kill_matrix.json": 300_000,
    "calibration.md": 100_000,
    "tolerances.md": 200_000,
}
_OF_CALIBRATION = ("calibration.md", "tolerances.md")


def renew(written: Path, committed: Path) -> list[str]:
    """Copy the files to commit, and return their names.

    Args:
        written: the folder that the commands wrote.
        committed: the folder of the committed reports.

    Raises:
        UsageError: a file is missing, too large, or of a calibration of some cases only.
    """
    calibrated = (written / "calibration.json").is_file()
    if calibrated:
        cases = json.loads((written / "calibration.json").read_text(encoding="utf-8"))["cases"]
        if set(cases) != set(CASES):
            raise UsageError(
                f"{written / 'calibration.json'}: expected a calibration of all {len(CASES)} cases, "
                f"got one of {len(cases)}: run it again or remove it"
            )
    texts = {}
    for name, limit in LIMITS.items():
        if name in _OF_CALIBRATION and not calibrated:
            continue
        if not (written / name).is_file():
            raise UsageError(f"{written / name}: expected a report, got no such file: run the commands first")
        texts[name] = (written / name).read_bytes()
        if len(texts[name]) > limit:
            raise UsageError(f"{written / name}: expected at most {limit:,} bytes, got {len(texts[name]):,}")
    for name, text in texts.items():
        (committed / name).write_bytes(text)
    return list(texts)


if __name__ == "__main__":
    try:
        print("Renewed:", ", ".join(renew(*map(Path, sys.argv[1:]))))  # noqa: T201 - a command
    except UsageError as refused:
        sys.exit(f"renew: {refused}")
