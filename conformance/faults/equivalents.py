"""Faults that are none in some case, with the proof: (fault, case) → one sentence.

A fault that survives in a case and does not stand here fails the self-test.
"""

from __future__ import annotations

# Faults, cases, and why none of those faults changes a bit of any of those cases.
_RULES: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (
        ("gradient-missing", "gradient-doubled"),
        ("Tensor.fill_", "Tensor.copy_"),
        "what is written over is forgotten, and its gradient is zero",
    ),
    (
        ("gradient-missing", "gradient-doubled"),
        ("nn.init.calculate_gain",),
        "a gain is a number of Python's, which has no gradient",
    ),
    (
        ("inputs-bfloat16-everywhere", "gradient-missing", "gradient-doubled"),
        ("sum@dtype",),
        "what is positive is counted: rounding changes no sign, and a count has no gradient",
    ),
)

EQUIVALENTS: dict[tuple[str, str], str] = {
    (fault, case): proof for faults, cases, proof in _RULES for fault in faults for case in cases
}
