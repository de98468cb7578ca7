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
    from conformance.subjects.peers import PEERS

    named: Rows = [
        {"implementation": name, "description": make.__doc__} for name, make in IMPLEMENTATIONS.items()
    ]
    peers: Rows = [
        {
            "implementation": peer.name,
            "description": f"{peer.told}{f' (not installed: {peer.install})' if peer.lacking else ''}.",
        }
        for peer in PEERS.values()
    ]
    return [
        *named,
        *peers,
        {"implementation": "fault:NAME", "description": "mytorch with a fault from `list faults`."},
        {
            "implementation": "cmd:PROGRAM",
            "description": "Any program that answers task directories (docs/task_directory.md).",
        },
        {
            "implementation": "module:attribute or path.py:attribute",
            "description": "Your own: an Implementation, or a function that returns one.",
        },
    ]


def _faults() -> Rows:
    from conformance.faults import FAULTS

    return [
        {
            "fault": fault.name,
            "family": fault.family,
            "what is wrong": fault.story,
            "cases": "\n".join(fault.cases[:_NAMED]) + (f"\nand {more} more" if more > 0 else ""),
        }
        for fault in FAULTS.values()
        for more in (len(fault.cases) - _NAMED,)
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

# How many cases of a fault are named; some faults apply to more than 300.
_NAMED = 2

# The columns whose texts are broken into lines, and how long these are.
_WIDTHS: dict[str, dict[str, int]] = {
    "cases": {"shape classes": 24, "regimes": 23},
    "faults": {"what is wrong": 30, "cases": 33},
    "implementations": {"description": 96},
    "rules": {"rounds": 24, "measured by": 16, "source": 28},
}
