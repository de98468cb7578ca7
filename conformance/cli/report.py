"""`conformance report`: renders the record of a run again, in any format.

Calls report.formats; the bytes are those that the run wrote. The exit code is 0 whatever the verdict of the
run was, which its own exit code told.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.errors import UsageError
from conformance.report import formats

if TYPE_CHECKING:
    import argparse

    from conformance.cli._options import Commands


def add_parser(commands: Commands) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "report",
        help="render a report again",
        description="Render the parity.json of a run again.",
        epilog="Exit codes: 0 rendered, whatever the verdict of the run was; 2 wrong usage or no report.",
    )
    parser.add_argument("report", type=Path, metavar="REPORT.json", help="the parity.json that `run` wrote")
    parser.add_argument(
        "--format", choices=formats.names(), default="terminal", help="the format (default: terminal)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="the file to write; by default standard output"
    )
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from conformance.report.files import write_whole
    from conformance.report.record import Report

    try:
        text = options.report.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"report: {options.report}: expected a parity.json in UTF-8: {error}") from error
    rendered = formats.rendered(Report.from_json(text), options.format)
    if options.out:
        write_whole(options.out.parent, {options.out.name: rendered})
    elif options.format == "terminal" or sys.stdout is None:
        print(rendered)
    else:
        # The bytes of the file, whatever the encoding of the terminal.
        sys.stdout.flush()
        sys.stdout.buffer.write(rendered.encode("utf-8", "backslashreplace"))
    return 0
