"""The judge's constants, read once from constants.toml, the one file that is reviewed for them."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("constants.toml")


@dataclass(frozen=True)
class Constants:
    """What `constants.toml` says; the comments there give each one's reason."""

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
    """Return the SHA-256 of the file, by which a report says under which constants it was made."""
    return hashlib.sha256(FILE.read_bytes()).hexdigest()
