"""The rows of the report, and the record that `--json` writes.

Made by `running`; read by `targets`, `report` and `plot`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.bench.timing import Ratio
    from conformance.bench.workload import Pair

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Row:
    """A workload at one size.

    Attributes:
        name: of the workload.
        family: its table.
        size: its numbers.
        label: the size in words.
        ratios: by subject and reference.
        overhead: by subject, microseconds per operation over NumPy's; empty where not asked.
        refused: why nothing was timed, or an empty text.
    """

    name: str
    family: str
    size: tuple[int, ...]
    label: str
    ratios: Mapping[Pair, Ratio] = field(default_factory=dict)
    overhead: Mapping[str, float] = field(default_factory=dict)
    refused: str = ""


@dataclass(frozen=True)
class Record:
    """All that the report says.

    Attributes:
        rows: in the order of the workloads.
        skipped: by library, why it was left out.
        machine: what the figures depend on, by name.
        profiles: by workload, size and subject, where the time of a step goes, in words.
        suite: by part, the share of the time of a run of the suite; empty where it was not asked.
    """

    rows: Sequence[Row]
    skipped: Mapping[str, str]
    machine: Mapping[str, str]
    profiles: Mapping[tuple[str, tuple[int, ...], str], str] = field(default_factory=dict)
    suite: Mapping[str, float] = field(default_factory=dict)

    def of(self, *names: str) -> list[Row]:
        """Return the rows of some workloads, by name."""
        return [row for row in self.rows if row.name in names]

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON holds it: a pair is `mytorch/torch`."""
        return {
            "schema_version": SCHEMA_VERSION,
            "machine": dict(self.machine),
            "skipped": dict(self.skipped),
            "rows": [
                {
                    **{key: value for key, value in vars(row).items() if key not in {"ratios", "overhead"}},
                    "ratios": {"/".join(pair): asdict(ratio) for pair, ratio in row.ratios.items()},
                    "overhead_us": dict(row.overhead),
                }
                for row in self.rows
            ],
            "profiles": [
                {"name": name, "size": size, "side": side, "told": told}
                for (name, size, side), told in self.profiles.items()
            ],
            "suite": dict(self.suite),
        }
