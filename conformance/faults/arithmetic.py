"""Faults of arithmetic: one tensor as both operands."""

from __future__ import annotations

from conformance.faults._forms import derived

FAULTS = derived(
    "arithmetic",
    (
        (
            "add-itself-counted-once",
            "add@alpha",
            "itself",
            lambda grad, x: grad / 2,
            "overwrites the gradient of the first operand by that of the second where both are one tensor",
        ),
        (
            "product-with-itself-counted-once",
            "add@alpha",
            "itself twice",
            lambda grad, x: grad / 2,
            "counts the gradient of a factor once where both factors are one tensor",
        ),
    ),
)
