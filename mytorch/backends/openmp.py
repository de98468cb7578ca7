"""OpenMP, which mytorch does not call: what has threads is NumPy's."""

from __future__ import annotations


def is_available() -> bool:
    """Return False: mytorch computes with NumPy."""
    return False
