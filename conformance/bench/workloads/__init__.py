"""The table of workloads, one file per family. Adding one is an entry in the file of its family."""

from __future__ import annotations

from conformance.bench.workloads import engine, layers, lesson, peers, recurrent

WORKLOADS = {
    each.name: each for family in (recurrent, lesson, peers, engine, layers) for each in family.WORKLOADS
}

__all__ = ["WORKLOADS"]
