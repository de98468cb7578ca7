"""Writes the results of a calibration into a folder.

Called by the `calibrate` command. `calibration.json` holds all evidence, `calibration.md` and `tolerances.md`
are small enough to commit, and `constants.toml` is to be reviewed and put in force.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.arithmetic.constants import constants, constants_sha256
from conformance.calibration.choose import CONFIDENCE, RUNS
from conformance.report import whole_runs
from conformance.report.constants import toml
from conformance.report.evidence import counts, distributions, markdown, plain
from conformance.report.files import write_whole
from conformance.report.tolerances import markdown as tolerances

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.calibration.run import Calibration

# 3 counts whole runs.
SCHEMA_VERSION = 3


def write(found: Calibration, folder: Path) -> None:
    """Write the four files."""
    files = {
        "calibration.json": json.dumps(to_json(found), indent=1, ensure_ascii=False) + "\n",
        "calibration.md": markdown(found),
        "constants.toml": toml(found),
        "tolerances.md": tolerances(found),
    }
    write_whole(folder, files)


def to_json(found: Calibration) -> dict[str, Any]:
    """Return the record that `calibration.json` holds."""
    choice, validation, now = found.choice, found.validation, constants()
    return {
        "schema_version": SCHEMA_VERSION,
        "shown": found.exit_code == 0,
        "environment": found.environment,
        "constants_sha256": constants_sha256(),
        "in_force": {"tensor": now.tensor, "element": now.element, "warn": now.warn},
        "picked": {"tensor": choice.tensor, "element": choice.element, "warn": choice.warn},
        "target": {"false_alarms": 1, "runs": RUNS, "confidence": CONFIDENCE},
        "seeds": {"picking": found.picking, "validating": found.validating},
        "cases": found.cases,
        "verdicts": counts(found),
        "verdicts_per_run": dict(choice.per_run),
        "expected": {
            name: [
                {"candidate": float(c), "per_run": float(point), "bound": float(bound)}
                for c, point, bound in zip(each.candidates, each.point, each.bound, strict=True)
            ]
            for name, each in choice.estimates.items()
        },
        "tails": {
            name: {lane: vars(tail) for lane, tail in each.tails.items()}
            for name, each in choice.estimates.items()
        },
        "validation": {
            "alarms": [plain(alarm) for alarm in validation.alarms],
            "verdicts": validation.verdicts,
            "expected_in_1000_runs": validation.expected,
            "expected_bound": validation.expected_bound,
            "counted_bound": validation.counted_bound,
            "warnings": validation.warnings,
        },
        "whole_runs": whole_runs.to_json(found.whole),
        "incorrect": [plain(ratio) for ratio in found.incorrect],
        "rules": [
            {
                "operation": rule.name,
                "accumulates": rule.accumulates,
                "wrong": rule.wrong,
                "without": rule.without,
                "measured": [measured._asdict() for measured in rule.measured],
            }
            for rule in found.rules
        ],
        "observables": distributions(found.ratios),
        "tolerances": [
            {
                "case": row.case,
                "dtype": row.dtype,
                "size": row.size,
                "forward": row.forward._asdict() if row.forward else None,
                "gradients": row.gradients._asdict() if row.gradients else None,
            }
            for row in found.recommendations
        ],
    }
