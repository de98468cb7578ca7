"""Faults that are none in some case, with the proof: (fault, case) → one sentence.

A fault that survives in a case and does not stand here fails the self-test.
"""

from __future__ import annotations

EQUIVALENTS: dict[tuple[str, str], str] = {}
