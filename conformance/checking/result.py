"""The result of a check: the report of a run, whose verdicts are on criteria; as a text, JSON and Markdown.

Returned by checking.check; `conformance check` prints and writes it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.checking.criteria import CRITERIA
from conformance.checking.row import PLAIN, Judged, Row
from conformance.errors import UsageError, unknown
from conformance.report.record import Report, constants_in_force
from conformance.report.sight import BRIEFLY
from conformance.text import one_line, safe_message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# 2 has all constants of the judge, and the totals of a run's report.
SCHEMA_VERSION = 2

# What every reader of check.json may rely on, shipped with the package next to that of parity.json.
SCHEMA = Path(__file__).parent.parent / "report" / "check.schema.json"

WORD = {0: "SHOWN", 1: "NOT SHOWN", 3: "NOTHING COMPARED"}

# The column of what a row would not have noticed, for which a terminal has no room.
_SIGHT = "would pass"

_ABOUT = {each.name: each.about for each in CRITERIA}


@dataclass(frozen=True)
class CheckResult(Report):
    """What a candidate was judged to be: a `Report` with a verdict per criterion.

    The candidate is the implementation, and the reference the one case. Made by `of`.

    Attributes:
        dtype: what the candidate computes in.
        told: what is said of outputs that are not judged as they are, such as vectors whose sign is free.
        rows: the verdict on each criterion, as the tables and check.json have it.

    Example:
        >>> import conformance, torch
        >>> found = conformance.check("torch:sin", "torch:sin", inputs=(torch.randn(4, 8),), seed=1)
        >>> isinstance(found, conformance.Report), found.exit_code, found.implementation
        (True, 0, 'torch:sin')
        >>> found.verdicts[0].criterion, found.verdicts[0].check, found.verdicts[0].lane
        ('values', 'forward', 'float32')
    """

    dtype: str = ""
    told: str = ""
    rows: tuple[Row, ...] = ()

    @classmethod
    def of(
        cls,
        rows: Sequence[Row],
        reference: str,
        candidate: str,
        dtype: str,
        seed: int,
        environment: Mapping[str, Any] | None = None,
        constants: Mapping[str, Any] | None = None,
        *,
        told: str = "",
    ) -> CheckResult:
        """Return the result that some rows are.

        Args:
            rows: the verdict on each criterion.
            reference: the reference, as it was given.
            candidate: the candidate, as it was given.
            dtype: what it computes in.
            seed: from which all that was drawn follows; the check can be repeated with it.
            environment: versions, CPU and device.
            constants: those of the judge; by default those in force.
            told: what is said of outputs that are not judged as they are.
        """
        return cls(
            seed=seed,
            implementation=candidate,
            reference=reference,
            verdicts=tuple(Judged.of(row, reference, dtype, seed) for row in rows),
            environment=dict(environment or {}),
            constants=constants_in_force() if constants is None else dict(constants),
            dtype=dtype,
            told=told,
            rows=tuple(rows),
        )

    @property
    def candidate(self) -> str:
        """The candidate, by the name that a run's report has `implementation` for."""
        return self.implementation

    @property
    def exit_code(self) -> int:
        """0 shown, 1 not shown, 3 nothing compared at all."""
        if self.failures:
            return 1
        if not self.totals["compared_elements"]:
            return 3
        return 0 if any(row.status == "PASS" and row.elements for row in self.rows) else 1

    def __str__(self) -> str:
        from conformance.report.tables import render

        rows = [{name: cell for name, cell in row.items() if name != _SIGHT} for row in self._table()]
        parts = [render(rows, "terminal", {"reason": 50}, ("compared", "nearest"))]
        parts += [f"{row.status} {row.criterion}: {safe_message(row.reason)}" for row in self._wrong]
        # Of the plain call: what it does not notice, hardly any other does.
        parts += [
            f"would pass as {row.criterion}, too: {', '.join(row.would_pass)}"
            for row in self.rows
            if row.criterion in PLAIN and row.would_pass
        ]
        return "\n\n".join([*parts, *[self.told] * bool(self.told), "\n".join(self._conclusion())])

    def to_json(self) -> str:
        """Return the result as JSON by check.schema.json, with a row per line."""
        head = {
            "schema_version": SCHEMA_VERSION,
            "environment": self.environment,
            "seed": self.seed,
            "reference": self.reference,
            "candidate": self.candidate,
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

    @classmethod
    def from_json(cls, text: str) -> CheckResult:
        """Read what `to_json` wrote.

        Raises:
            UsageError: the text is not the record of a check, or one of another schema version; it has a key
                or a value that is not known, or says something else than its rows.
        """
        try:
            data = json.loads(text)
            _check(data)
            rows = [_row(row) for row in data["rows"]]
            for row in rows:
                if row.criterion not in _ABOUT:
                    raise unknown("criterion", row.criterion, _ABOUT)
        except (RecursionError, ValueError) as error:
            told = str(error).removeprefix("check: ")
            raise UsageError(f"check: {told}") from error
        about = (
            data[name] for name in ("reference", "candidate", "dtype", "seed", "environment", "constants")
        )
        found = cls.of(rows, *about, told=data["told"])
        for name in ("totals", "passed"):
            if data[name] != getattr(found, name):
                told = f"the rows give {getattr(found, name)}, but it says {data[name]}"
                raise UsageError(f"check: {name}: {told}")
        return found

    def to_markdown(self) -> str:
        """Return the result as Markdown."""
        from conformance.report.tables import render

        title, counts = self._conclusion()
        rows = [{**row, "asked": _ABOUT[str(row["criterion"])]} for row in self._table()]
        parts = [f"# {title}", counts, render(rows, "markdown"), *[self.told] * bool(self.told)]
        for row in self._wrong:
            parts += [f"## {row.status} {row.criterion}", f"```text\n{safe_message(row.reason)}\n```"]
        told = "\n".join(f"- {name}: {value}" for name, value in self.environment.items())
        return "\n\n".join([*parts, "## Environment", told]) + "\n"

    @property
    def _wrong(self) -> list[Row]:
        return [row for row in self.rows if not row.ok]

    def _table(self) -> list[dict[str, object]]:
        return [
            {
                "criterion": row.criterion,
                "verdict": row.status,
                "headroom": "" if not row.elements else _headroom(row.headroom),
                "nearest": row.observable or "",
                "compared": f"{row.elements:,}" if row.elements else "",
                _SIGHT: ", ".join(BRIEFLY[name] for name in row.would_pass or ()),
                "reason": one_line(row.reason.partition("\n")[0]),
            }
            for row in self.rows
        ]

    def _conclusion(self) -> tuple[str, str]:
        against = f"{self.candidate} against {self.reference}"
        counts = ", ".join(
            f"{count} {name}" for name, count in self.totals.items() if count and name != "compared_elements"
        )
        numbers = f"{self.totals['compared_elements']:,} numbers compared"
        return (
            f"{WORD[self.exit_code]}: {against}, {self.dtype}, --seed {self.seed}",
            f"{counts or 'no verdicts'}; {numbers}",
        )


def _check(data: Any) -> None:
    """Check a record by the schema.

    Raises:
        UsageError: it is of another version, or has an unknown key or value.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    if not isinstance(data, dict) or "schema_version" not in data:
        raise UsageError("check: not the record of a check: expected an object with a schema_version")
    if data["schema_version"] != SCHEMA_VERSION:
        raise UsageError(f"check: expected schema_version {SCHEMA_VERSION}, got {data['schema_version']!r}")
    wrong = best_match(Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).iter_errors(data))
    if wrong is not None:
        raise UsageError(f"check: {wrong.json_path}: {wrong.message}")


def _row(data: Mapping[str, Any]) -> Row:
    would_pass = data["would_pass"]
    return Row(**{**data, "would_pass": None if would_pass is None else tuple(would_pass)})


def _headroom(value: float | None) -> str:
    return "exact" if value is None else f"{value:.2g}"
