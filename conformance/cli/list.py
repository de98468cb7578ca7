"""`conformance list`: prints a table of the cases, implementations, faults or rounding rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from conformance.cli._options import Commands

    Rows = list[dict[str, object]]


def add_parser(commands: Commands) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("list", help="show what there is", description="Show what there is.")
    parser.add_argument("what", choices=tuple(_ROWS))
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from conformance.report.tables import render

    print(render(_ROWS[options.what](), "terminal", _WIDTHS.get(options.what, {})))
    return 0


def _cases() -> Rows:
    from conformance.cases import CASES

    return [
        {
            "case": case.name,
            "samples": case.default_samples,
            "shape classes": " ".join(case.space.classes),
            "regimes": " ".join(case.space.regimes),
            "bad calls": len(case.bad_calls),
        }
        for case in CASES.values()
    ]


def _implementations() -> Rows:
    from conformance.registry import IMPLEMENTATIONS

    named: Rows = [{"implementation": name, "is": make.__doc__} for name, make in IMPLEMENTATIONS.items()]
    return [
        *named,
        {"implementation": "fault:NAME", "is": "mytorch with a fault from `list faults`."},
        {"implementation": "module:attribute", "is": "Your own: an Implementation, or what returns one."},
    ]


def _faults() -> Rows:
    from conformance.faults import FAULTS

    return [
        {"fault": fault.name, "family": fault.family, "cases": " ".join(fault.cases), "what": fault.story}
        for fault in FAULTS.values()
    ]


def _rules() -> Rows:
    from conformance.arithmetic.rules import table

    return [{**row, "file": row["file"].rpartition("/")[2]} for row in table()]


_ROWS: dict[str, Callable[[], Rows]] = {
    "cases": _cases,
    "implementations": _implementations,
    "faults": _faults,
    "rules": _rules,
}

# The columns whose texts are broken into lines, and how long these are.
_WIDTHS: dict[str, dict[str, int]] = {"rules": {"rounds": 24, "measured by": 16, "source": 28}}
