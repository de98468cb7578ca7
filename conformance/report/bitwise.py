"""The table of bitwise relations: where two calls give equal bits, and by how many ULP the others differ.

Held by `record`, and called by the formats. They are facts and decide nothing, but for the relations that the
run was asked to require.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from conformance.judging.bitwise import Finding
from conformance.judging.relations import RELATIONS
from conformance.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LEGEND = (
    "Two calls whose results are equal mathematically: `equal` where every bit is, or else the largest "
    "distance in ULP, forward and in the gradients. A number near 0 in which much cancelled is many ULP away "
    "after one rounding. These are facts, and fail nothing unless `--require-bitwise` names the relation."
)

# How many programs are named in a line.
_NAMED = 3


@dataclass(frozen=True)
class Bitwise:
    """The bitwise relations of a run.

    Attributes:
        lane: the dtype; empty where nothing was measured.
        required: the relations that must hold.
        findings: one per program, relation and part.
    """

    lane: str = ""
    required: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def refusals(self) -> list[str]:
        """A line about each required relation that does not hold, or of which nothing was measured."""
        lines = []
        for relation in self.required:
            mine = [each for each in self.findings if each.relation == relation]
            unmeasured = [each for each in mine if not each.elements]
            differing = [each for each in mine if each.elements and not each.equal]
            if not mine:
                lines.append(f"BITS NOT COMPARED {relation}: no program was run for it")
            if differing:
                worst = [f"{each.program} ({_differs(each)})" for each in differing]
                lines.append(f"BITS DIFFER {relation}: {_some(worst)}")
            if unmeasured:
                programs = [f"{each.program} ({one_line(each.reason)})" for each in unmeasured]
                lines.append(f"BITS NOT COMPARED {relation}: {_some(programs)}")
        return lines

    @property
    def told(self) -> str:
        """The relations in one sentence; empty where nothing was measured."""
        parts = []
        for relation in RELATIONS:
            programs: dict[str, bool] = {}
            for each in self.findings:
                if each.relation == relation and each.elements:
                    programs[each.program] = programs.get(each.program, True) and each.equal
            if programs:
                parts.append(f"{relation} {sum(programs.values())} of {len(programs)}")
        return f"programs with equal bits ({self.lane}): {', '.join(parts)}" if parts else ""

    def rows(self) -> list[dict[str, object]]:
        """Return a row per program, with a column per relation."""
        cells: dict[str, dict[str, list[Finding]]] = {}
        for each in self.findings:
            cells.setdefault(each.program, {}).setdefault(each.relation, []).append(each)
        measured = [name for name in RELATIONS if any(name in row for row in cells.values())]
        return [
            {"program": program, **{name: _cell(row.get(name, [])) for name in measured}}
            for program, row in cells.items()
        ]

    def relations(self) -> list[dict[str, object]]:
        """Return a row per relation that was asked of a program: what its second call is."""
        asked = {each.relation for each in self.findings}
        return [{"relation": name, "second call": told} for name, told in RELATIONS.items() if name in asked]

    def numbers(self) -> list[dict[str, object]]:
        """Return a row per finding, with its numbers."""
        return [
            {
                "program": each.program,
                "relation": each.relation,
                "part": each.part if each.elements else "",
                "numbers": f"{each.elements:,}" if each.elements else "",
                "differing": f"{each.differing:,}" if each.elements else each.reason,
                "largest in ULP": _ulp(each) if each.elements else "",
                "in roundings of the largest number": _in_u(each) if each.elements else "",
            }
            for each in self.findings
        ]

    def unmeasured(self) -> list[str]:
        """Return a line per reason why something was not measured, with the relations and programs."""
        by_reason: dict[str, list[Finding]] = {}
        for each in self.findings:
            if not each.elements:
                by_reason.setdefault(one_line(each.reason), []).append(each)
        lines = []
        for reason, mine in by_reason.items():
            relations, programs = (
                list(dict.fromkeys(getattr(each, name) for each in mine)) for name in ("relation", "program")
            )
            lines.append(f"{', '.join(relations)} of {_some(programs)}: {reason}")
        return lines

    def to_json(self) -> dict[str, Any]:
        """Return the fields; none where nothing was measured or required."""
        if self == Bitwise():
            return {}
        return {
            "lane": self.lane,
            "required": list(self.required),
            "findings": [asdict(each) for each in self.findings],
        }

    def json_lines(self) -> str:
        """Return `to_json` as a member of an object, one finding per line; empty where there is nothing."""
        fields = self.to_json()
        if not fields:
            return ""
        lines = ",\n".join("  " + json.dumps(each, ensure_ascii=False) for each in fields.pop("findings"))
        head = json.dumps(fields, ensure_ascii=False).removesuffix("}")
        return f',\n "bitwise": {head}, "findings": [\n{lines}\n ]}}'

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Bitwise:
        """Read what `to_json` returned.

        Raises:
            KeyError, TypeError: it is something else.
        """
        if not data:
            return cls()
        findings = tuple(Finding(**each) for each in data["findings"])
        return cls(str(data["lane"]), tuple(data["required"]), findings)


def _cell(findings: Iterable[Finding]) -> str:
    found = list(findings)
    if not found:
        return "–"
    if not any(each.elements for each in found):
        return "not measured"
    differing = [f"{each.part} {_ulp(each)}" for each in found if each.differing]
    return ", ".join(differing) or "equal"


def _ulp(finding: Finding) -> str:
    return "NaN" if finding.max_ulp is None else f"{finding.max_ulp:,}"


def _in_u(finding: Finding) -> str:
    return "NaN" if finding.error_in_u is None else f"{finding.error_in_u:g}"


def _differs(finding: Finding) -> str:
    far = "a NaN" if finding.max_ulp is None else f"up to {finding.max_ulp:,} ULP"
    return f"{finding.part}: {finding.differing:,} of {finding.elements:,} numbers, {far}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
