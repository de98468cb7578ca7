"""Faults that change nothing in some case, with the proof: (fault, case) → one sentence.

A fault that survives in a case and is not listed here fails the self-test.
"""

from __future__ import annotations

# Faults, cases, and why none of those faults changes a bit of any of those cases.
_RULES: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (
        ("gradient-missing", "gradient-doubled"),
        ("Tensor.fill_", "Tensor.copy_"),
        "overwritten elements have a zero gradient",
    ),
    (
        ("gradient-missing", "gradient-doubled"),
        ("nn.init.calculate_gain",),
        "a gain is a Python scalar, which has no gradient",
    ),
    (
        ("inputs-bfloat16-everywhere", "gradient-missing", "gradient-doubled"),
        ("sum@dtype",),
        "positive elements are counted: rounding changes no sign, and a count has no gradient",
    ),
)

EQUIVALENTS: dict[tuple[str, str], str] = {
    (fault, case): proof for faults, cases, proof in _RULES for fault in faults for case in cases
}
