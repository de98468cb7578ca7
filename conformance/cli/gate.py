"""`conformance gate`: compares a run with a committed baseline, and fails on what is lost.

Calls report.gate; returns 0 if nothing is lost, 1 if something is, and 2 if the two cannot be compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.arguments import path_of
from conformance.cli._options import add_baseline, add_record

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from conformance.cli._options import Commands


def add_parser(commands: Commands) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "gate",
        help="compare a run with a baseline",
        description="Compare a run with a baseline: nothing may be lost, and nothing worse. Exit codes: 0 "
        "nothing is lost; 1 something is; 2 the run is of another seed, subject or schema than the baseline.",
    )
    add_record(parser)
    add_baseline(parser, "the baseline.json to compare it with", required=True)
    parser.add_argument(
        "--accept",
        metavar="REASON",
        help="make the run the baseline, in which stands what is lost, and this reason",
    )
    parser.add_argument(
        "--markdown",
        type=path_of,
        metavar="FILE",
        help="also write the result to this file, if anything changed, as for a comment on a pull request",
    )
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from conformance.errors import UsageError
    from conformance.paths import check_target
    from conformance.report.files import read_baseline, read_report, write_file
    from conformance.report.gate import Gate, text
    from conformance.running.journal import JOURNAL

    path: Path = options.baseline
    if options.markdown:
        check_target("markdown", options.markdown)
    if not path.exists() and options.accept is None:
        told = f"baseline {str(path)!r}: expected a file, got none"
        raise UsageError(f"{told}; --accept REASON makes it of this run")
    report = read_report(options.report)
    if not report.stopped and (unfinished := options.report.parent / JOURNAL).exists():
        told = f"report: the run that wrote {unfinished} was killed, or goes on, and "
        raise UsageError(f"{told}{options.report.name} is of one before it; end it with --resume")
    gate = Gate(report, read_baseline(path) if path.exists() else None)
    if options.accept is not None:
        write_file("baseline", path, gate.accept(options.accept).to_json())
    print(text(gate, "terminal"))
    if options.markdown and gate.moved:
        write_file("markdown", options.markdown, text(gate, "markdown") + "\n")
    if options.accept is not None:
        print(f"ACCEPTED: {path} is of this run now, and gives the reason for what is lost")
        return 0
    return 0 if gate.holds else 1
