"""The schema of `parity.json`: its version, what older ones lack, and the check of a file against it.

Written and asked by report.record; `parity.schema.json` stands beside this file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conformance.errors import UsageError
from conformance.report.shard import Pieces

# 3 says of each verdict whether it repeats, and the use; 4 has the declarations and the constants, from which
# and the rest every other file of a run follows; 5 says where along steps and gates a recurrent case fails; 6
# says which wrong answers would have passed; 7 has the diagnoses.
SCHEMA_VERSION = 7

# What the reader says of older reports.
_OLDER = {
    1: "lanes have other names",
    2: "verdicts do not say in which use a layer was called",
    3: "the subject's declarations and the judge's constants are missing",
    4: "failures do not say at which steps or in which gates the error is",
    5: "passes do not say which wrong answers would have passed",
    6: "failures have no diagnosis",
}

# What every reader may rely on, shipped with the package.
SCHEMA = Path(__file__).with_name("parity.schema.json")


def check_data(data: Any) -> None:
    """Check the version, and by the schema all but the verdicts and a shard's pieces, which are too many.

    Raises:
        UsageError: the file is of another version, or has an unknown key or value.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    if not isinstance(data, dict) or "schema_version" not in data:
        raise UsageError("report: not a parity report: expected an object with a schema_version")
    if "candidate" in data and "rows" in data:
        raise UsageError("report: this is the record of a check, which CheckResult.from_json reads")
    if "cases" in data and "accepted" in data:
        raise UsageError("report: this is a baseline, which `run` writes next to the parity.json of the run")
    _check_version(data["schema_version"])
    head = data | ({"verdicts": []} if isinstance(data.get("verdicts"), list) else {})
    match data:
        case {"scope": {"shard": {"pieces": Pieces()} as shard} as scope}:
            head["scope"] = scope | {"shard": shard | {"pieces": []}}
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    wrong = best_match(validator.iter_errors(head))
    if wrong is not None:
        raise UsageError(f"report: {wrong.json_path}: {wrong.message}")


def _check_version(version: Any) -> None:
    if type(version) is int and version == SCHEMA_VERSION:
        return
    told = f"report: expected schema_version {SCHEMA_VERSION}, got {version!r}"
    if type(version) is int and version in _OLDER:
        told += f", in which {_OLDER[version]}; make the report again: conformance run"
    elif type(version) is int and version > SCHEMA_VERSION:
        told += ", which a later version of conformance wrote: read it with that version"
    raise UsageError(told)
