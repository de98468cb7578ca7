"""`conformance report`: renders the record of a run again, in any format.

Calls report.formats; the bytes are those that the run wrote, given the same baseline. The exit code is 0
whatever the verdict of the run was, which its own exit code told.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from conformance.arguments import path_of
from conformance.cli._options import add_baseline, add_record
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
    add_record(parser)
    parser.add_argument(
        "--format", choices=formats.names(), default="terminal", help="the format (default: terminal)"
    )
    add_baseline(parser, "the baseline.json with which the page (--format html) compares the run")
    parser.add_argument(
        "--out", type=path_of, metavar="FILE", help="the file to write; by default standard output"
    )
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from conformance.report.files import read_baseline, read_report, write_file

    baseline = read_baseline(options.baseline) if options.baseline else None
    rendered = formats.rendered(read_report(options.report), options.format, baseline)
    if options.out:
        write_file("out", options.out, rendered)
    elif options.format == "terminal" or sys.stdout is None:
        print(rendered)
    else:
        # The bytes of the file, whatever the encoding of the terminal.
        sys.stdout.flush()
        sys.stdout.buffer.write(rendered.encode("utf-8", "backslashreplace"))
    return 0
