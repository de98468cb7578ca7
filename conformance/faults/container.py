"""Faults of containers: modules within modules."""

from __future__ import annotations

from conformance.faults._forms import called

FAULTS = called(
    "container",
    (
        (
            "sequential-nested-first-only",
            "nn.Sequential",
            "nested",
            lambda t, a: t.sigmoid(t.tanh(a)),
            "runs only the first module of a sequence within a sequence",
        ),
        (
            "module-list-nested-overwritten",
            "nn.ModuleList",
            "nested",
            lambda t, a: t.sigmoid(t.sigmoid(t.sigmoid(t.sigmoid(t.sigmoid(t.sigmoid(a)))))),
            "registers members of nested containers by one name, so that the last replaces the others",
        ),
    ),
)
