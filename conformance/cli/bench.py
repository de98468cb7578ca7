"""`conformance bench`: how long mytorch takes next to torch and others, as ratios.

Calls bench.running, and writes what bench.report and bench.plot make of the record.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from conformance.cli._options import add_out

if TYPE_CHECKING:
    import argparse

    from conformance.cli._options import Commands


def add_parser(commands: Commands) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "bench",
        help="measure speed side by side",
        description="Measure how long mytorch takes next to torch and other frameworks, in CPU time on one "
        "thread, in turn, as ratios (docs/performance.md).",
    )
    parser.add_argument(
        "names", nargs="*", metavar="WORKLOAD", help="such as 'LSTM train' or Linear (default: all)"
    )
    parser.add_argument(
        "--budget",
        type=float,
        default=2.0,
        metavar="SECONDS",
        help="how long each row is timed, beyond three rounds (default: 2)",
    )
    parser.add_argument(
        "--sizes",
        choices=("small", "all"),
        default="all",
        help="small: only the smallest size of each (default: all)",
    )
    add_out(parser, "performance.md and its picture")
    parser.add_argument("--json", action="store_true", help="also write performance.json")
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code: 1 where two sides do not compute the same."""
    from conformance.bench.plot import svg
    from conformance.bench.report import PICTURE, line, markdown
    from conformance.bench.running import run
    from conformance.paths import made_folder
    from conformance.report.files import write_whole

    # Before minutes are spent.
    made_folder("out", options.out)
    record = run(
        options.names,
        options.budget,
        _written(options),
        smallest=options.sizes == "small",
        told=lambda row: print(line(row), flush=True),
    )
    files = {"performance.md": markdown(record), PICTURE: svg(record)}
    if options.json:
        files["performance.json"] = json.dumps(record.to_json(), indent=1) + "\n"
    write_whole(options.out, files)
    for name, why in record.skipped.items():
        print(f"left out: {name}: {why}")
    print(f"Written: {', '.join(str(options.out / name) for name in files)}")
    return int(any(row.refused for row in record.rows))


def _written(options: argparse.Namespace) -> str:
    """Return the command as the report has it."""
    sizes = ["--sizes", "small"] if options.sizes == "small" else []
    words = ["conformance", "bench", *options.names, "--budget", f"{options.budget:g}", *sizes]
    return f"`{shlex.join(words)}`"
