"""Faults of rounding: another direction, and the sign of zero."""

from __future__ import annotations

from conformance.faults._elementwise import value
from conformance.faults._rewriting import Overlay
from conformance.faults.fault import Fault

FAULTS = (
    Fault(
        "round-half-up",
        "functions",
        ("round@halves",),
        "rounds halves up, not to even",
        around=lambda t, x, correct: correct(Overlay(t, {"round": lambda a: t.floor(a + 0.5)}), x),
    ),
    value("trunc-as-floor", "trunc", lambda t, a, c: t.floor(a), "rounds negative numbers down"),
    value(
        "floor-as-trunc",
        "floor",
        lambda t, a, c: t.trunc(a),
        "rounds negative numbers up, as integer casts do",
    ),
    value(
        "sign-of-zero",
        "sign",
        lambda t, a, c: t.where(a >= 0, t.ones_like(a), -t.ones_like(a)),
        "gives 0 a sign",
    ),
)
