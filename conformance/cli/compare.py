"""`conformance compare`: what moved between two runs, and what could explain it.

Calls report.compare; returns 0 if nothing moved by more than rounding may, 1 if something did, and 2 if a
report cannot be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.cli._options import add_record

if TYPE_CHECKING:
    import argparse

    from conformance.cli._options import Commands

# The arguments, in their order.
_RUNS = ("before", "after")


def add_parser(commands: Commands) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "compare",
        help="show what moved between two runs",
        description="Show what moved between two runs by more than rounding may, and in what their "
        "environments differ. Exit codes: 0 nothing moved; 1 something did; 2 a report cannot be read.",
    )
    for name in _RUNS:
        add_record(parser, name)
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from conformance.report.baseline import Baseline
    from conformance.report.compare import Comparison
    from conformance.report.files import read_report

    runs = (Baseline.of(read_report(getattr(options, name), what=name)) for name in _RUNS)
    comparison = Comparison(*runs)
    print(comparison.text())
    return 1 if comparison.moved else 0
