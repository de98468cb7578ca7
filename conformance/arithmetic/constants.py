"""The judge's constants, read once from constants.toml, the only file that holds them.

Called by judging, calibration and report; `constants` returns the values and `constants_sha256` the hash of
the file.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("constants.toml")


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


@cache
def constants() -> Constants:
    """Read the reviewed file once.

    Raises:
        TypeError: a key is missing there, or unknown here.
    """
    data = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return Constants(**data["monte_carlo"], **data["tolerance"])


def constants_sha256() -> str:
    """Return the SHA-256 of the file, which a report records."""
    return hashlib.sha256(FILE.read_bytes()).hexdigest()
