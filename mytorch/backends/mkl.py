"""Intel's MKL, which mytorch does not call: products are NumPy's."""

from __future__ import annotations


def is_available() -> bool:
    """Return False: mytorch computes with NumPy."""
    return False
