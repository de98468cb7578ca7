"""Metal, the GPU of Apple's computers, which is not here."""

from __future__ import annotations


def is_available() -> bool:
    """Return False: there is only the CPU."""
    return False


def is_built() -> bool:
    """Return False: there is only the CPU."""
    return False
