"""Rounding to fewer significant bits, in torch's API.

The faults of precision, and those of every case, call it.
"""

from __future__ import annotations

from typing import Any


def to_bits(value: Any, bits: int) -> Any:
    """Round to a number of significant bits in any namespace, with the gradient of the identity.

    Source: Veltkamp, in Dekker 1971, "A floating-point technique for extending the available precision".
    """
    width = 24 if "float32" in str(value.dtype) else 53
    if bits >= width:
        return value
    fixed = value.detach()
    scaled = fixed * (2.0 ** (width - bits) + 1.0)
    high = scaled - (scaled - fixed)
    return value + (high - value).detach()


def significant(t: Any, value: Any, bits: int) -> Any:
    """Round as `to_bits` does, but leave alone values that are not finite or overflow on the way."""
    change = (to_bits(value, bits) - value).detach()
    return value + t.where(t.isfinite(change), change, t.zeros_like(change))
