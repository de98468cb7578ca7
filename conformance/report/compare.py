"""Two runs beside each other: what moved by more than rounding may, and what could explain it.

Called by the `compare` command, and by `gate` for the environments. The runs may be of two machines, two
versions or two seeds; of two seeds, only what does not depend on the samples is compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from conformance.report.baseline import BELONGS_TO
from conformance.report.changes import Change, gained, lost, rows
from conformance.report.tables import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.report.baseline import Baseline


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, object]]:
    """Return one row per entry in which two environments differ."""
    return [
        {
            "differs": name,
            "before": before.get(name, "not recorded"),
            "after": after.get(name, "not recorded"),
        }
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]


@dataclass(frozen=True)
class Comparison:
    """Two runs.

    Attributes:
        before: one.
        after: the other.
    """

    before: Baseline
    after: Baseline

    @cached_property
    def lost(self) -> list[Change]:
        """What only the one shows, or shows better by more than rounding may move it."""
        return lost(self.before, self.after)

    @cached_property
    def gained(self) -> list[Change]:
        """What only the other shows, or shows better by more than rounding may move it."""
        return gained(self.before, self.after)

    @property
    def moved(self) -> list[Change]:
        """All of it."""
        return self.lost + self.gained

    @property
    def differences(self) -> list[dict[str, object]]:
        """In what the runs differ."""
        runs = [
            {**{name: getattr(run, name) for name in BELONGS_TO}, **run.environment}
            for run in (self.before, self.after)
        ]
        return differences(*runs)

    def text(self) -> str:
        """Return the tables of what moved and of what differs, and a sentence."""
        parts = [render(rows(self.lost, self.gained), "terminal")] if self.moved else []
        told = f"{len(self.moved)} places moved" if self.moved else "nothing moved by more than rounding may"
        if found := self.differences:
            parts += [
                "What could explain it:" if self.moved else "The runs differ in:",
                render(found, "terminal"),
            ]
        elif self.moved:
            parts.append("The two runs are of the same environment, so that nothing recorded explains it.")
        cases = len(self.before.classes.keys() & self.after.classes.keys())
        return "\n\n".join([*parts, f"{told}; cases in both: {cases}"])
