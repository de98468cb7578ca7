"""The judge's constants, read once from constants.toml, the only file that holds them.

Called by judging, calibration and report; `constants` returns the values and `constants_sha256` the hash of
what the judge uses. The last table, `gate`, is not the judge's: it compares two runs and changes no verdict.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("constants.toml")

# The heading of the last table, with the empty line before it.
_GATE = "\n[gate]\n"


@dataclass(frozen=True)
class Constants:
    """The values in `constants.toml`, whose comments give the reason for each."""

    replicates: int
    redraws: int
    tensor: float
    element: float
    floor: float
    oracle_share: float
    warn: float
    headroom_factor: float


@cache
def constants() -> Constants:
    """Read the reviewed file once.

    Raises:
        TypeError: a key is missing there, or unknown here.
    """
    data = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return Constants(**data["monte_carlo"], **data["tolerance"], **data["gate"])


def constants_sha256() -> str:
    """Return the SHA-256 of the file up to the gate's table, which a report and the kill matrix record.

    Another factor of the gate catches as many faults as before, so it does not ask for another kill matrix.
    """
    return hashlib.sha256(_parts()[0].encode("utf-8")).hexdigest()


def gate_table() -> str:
    """Return the text of the gate's table, which no calibration changes."""
    return "".join(_parts()[1:])


def _parts() -> tuple[str, str, str]:
    return FILE.read_text(encoding="utf-8").partition(_GATE)
