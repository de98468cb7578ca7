"""The result of a check: its rows, as a text, as JSON and as Markdown.

Returned by checking.check; `conformance check` prints and writes it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.checking.criteria import CRITERIA
from conformance.text import one_line, safe_message, safe_name

if TYPE_CHECKING:
    from conformance.checking.judge import Row

SCHEMA_VERSION = 1

WORD = {0: "SHOWN", 1: "NOT SHOWN", 3: "NOTHING COMPARED"}

_ABOUT = {each.name: each.about for each in CRITERIA}


@dataclass(frozen=True)
class CheckResult:
    """What a candidate was judged to be.

    Attributes:
        reference: the reference, as it was given.
        candidate: the candidate, as it was given.
        dtype: what it computes in.
        seed: from which all that was drawn follows; the check can be repeated with it.
        rows: the verdict on each criterion.
        environment: versions, CPU and device.
        constants: those of the judge, and as `sha256` the hash of their file.
        told: what is said of outputs that are not judged as they are, such as vectors whose sign is free.
    """

    reference: str
    candidate: str
    dtype: str
    seed: int
    rows: tuple[Row, ...]
    environment: dict[str, Any] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    told: str = ""

    @property
    def totals(self) -> dict[str, int]:
        """How many rows ended how, and how many numbers were compared."""
        counts = Counter(row.status for row in self.rows)
        named = {name.lower(): counts[name] for name in ("PASS", "FAIL", "ERROR", "MISTRUSTED", "SKIP")}
        return named | {"compared_elements": sum(row.elements for row in self.rows)}

    @property
    def exit_code(self) -> int:
        """0 shown, 1 not shown, 3 nothing compared at all."""
        if any(not row.ok for row in self.rows):
            return 1
        if not self.totals["compared_elements"]:
            return 3
        return 0 if any(row.status == "PASS" and row.elements for row in self.rows) else 1

    @property
    def passed(self) -> bool:
        """Whether the candidate computes what the reference computes, as far as the criteria tell."""
        return self.exit_code == 0

    @property
    def verdicts(self) -> tuple[Row, ...]:
        """The rows, by the name that a `Report` of a run has for what was judged."""
        return self.rows

    @property
    def failures(self) -> list[Row]:
        """The rows of what is wrong."""
        return [row for row in self.rows if not row.ok]

    def __str__(self) -> str:
        from conformance.report.tables import render

        parts = [render(self._table(), "terminal", {"reason": 50}, ("compared", "nearest"))]
        parts += [f"{row.status} {row.criterion}: {safe_message(row.reason)}" for row in self.failures]
        return "\n\n".join([*parts, *[self.told] * bool(self.told), "\n".join(self._conclusion())])

    def to_json(self) -> str:
        """Return the result as JSON, with a row per line."""
        head = {
            "schema_version": SCHEMA_VERSION,
            "environment": self.environment,
            "seed": self.seed,
            "reference": safe_name(self.reference),
            "candidate": safe_name(self.candidate),
            "dtype": self.dtype,
            "constants": self.constants,
            "passed": self.passed,
            "totals": self.totals,
            "told": self.told,
        }
        lines = ",\n".join(
            "  " + json.dumps({**asdict(row), "reason": safe_message(row.reason)}, ensure_ascii=False)
            for row in self.rows
        )
        text = json.dumps(head, indent=1, ensure_ascii=False)
        return f'{text.removesuffix("}").rstrip()},\n "rows": [\n{lines}\n ]\n}}\n'

    def to_markdown(self) -> str:
        """Return the result as Markdown."""
        from conformance.report.tables import render

        title, counts = self._conclusion()
        rows = [{**row, "asked": _ABOUT[str(row["criterion"])]} for row in self._table()]
        parts = [f"# {title}", counts, render(rows, "markdown"), *[self.told] * bool(self.told)]
        for row in self.failures:
            parts += [f"## {row.status} {row.criterion}", f"```text\n{safe_message(row.reason)}\n```"]
        told = "\n".join(f"- {name}: {value}" for name, value in self.environment.items())
        return "\n\n".join([*parts, "## Environment", told]) + "\n"

    def _table(self) -> list[dict[str, object]]:
        return [
            {
                "criterion": row.criterion,
                "verdict": row.status,
                "headroom": "" if not row.elements else _headroom(row.headroom),
                "nearest": row.observable or "",
                "compared": f"{row.elements:,}" if row.elements else "",
                "reason": one_line(row.reason.partition("\n")[0]),
            }
            for row in self.rows
        ]

    def _conclusion(self) -> tuple[str, str]:
        against = f"{safe_name(self.candidate)} against {safe_name(self.reference)}"
        counts = ", ".join(
            f"{count} {name}" for name, count in self.totals.items() if count and name != "compared_elements"
        )
        numbers = f"{self.totals['compared_elements']:,} numbers compared"
        return (
            f"{WORD[self.exit_code]}: {against}, {self.dtype}, --seed {self.seed}",
            f"{counts or 'no verdicts'}; {numbers}",
        )


def _headroom(value: float | None) -> str:
    return "exact" if value is None else f"{value:.2g}"
