"""`conformance merge`: puts the reports of all shards of a run into one.

Calls running.merge; writes what the undivided run would write and returns its exit code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.arguments import path_of
from conformance.cli._options import add_baseline, add_out, add_process, add_verbosity
from conformance.text import safe_name

if TYPE_CHECKING:
    import argparse

    from conformance.cli._options import Commands


def add_parser(commands: Commands) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "merge",
        help="put the shards of a run together",
        description="Put the reports of all shards of a run (run --shard K/N) into one, equal to that of the "
        "undivided run but for timing and environment.",
        epilog="Exit codes: those of the undivided run; 2 a shard is missing or twice there, or two are of "
        "different runs.",
    )
    parser.add_argument(
        "shards", nargs="+", type=path_of, metavar="SHARD", help="the folder of a shard, or its parity.json"
    )
    add_out(parser, "the reports")
    parser.add_argument(
        "--implementation",
        metavar="NAME",
        help="what the shards judged, which allows to run it for the diagnosis of what fails; not needed for "
        "the names of `list implementations`",
    )
    add_process(parser, "implementation")
    parser.add_argument(
        "--junit", type=path_of, metavar="FILE", help="also write the verdict as JUnit XML, for a CI system"
    )
    add_baseline(parser, "a baseline.json; parity.html says what changed since it")
    add_verbosity(parser)
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from conformance.paths import check_target
    from conformance.report.files import read_baseline, read_report, write_file
    from conformance.report.job_summary import append_summary
    from conformance.report.junit import junit
    from conformance.report.terminal import terminal
    from conformance.running.merge import merge
    from conformance.running.merged_files import open_files, shard_files, write_merged

    if options.junit:
        check_target("junit", options.junit)
    baseline = read_baseline(options.baseline) if options.baseline else None
    files = shard_files(options.shards, options.out)
    open_files(len(files))
    merged = merge(
        {str(file): read_report(file, held=0, what="shard") for file in files},
        options.implementation,
        time_limit=options.time_limit,
        host_command=options.host_command,
    )
    report = merged.report
    write_merged(merged, options.out, baseline)
    if options.junit:
        write_file("junit", options.junit, junit(report))
    append_summary(report)
    names = ("parity.html", "parity.md", "parity.json")
    written = [*(options.out / name for name in names), *filter(None, [options.junit])]
    print(terminal(report, ", ".join(safe_name(str(file)) for file in written), quiet=options.verbosity < 0))
    return report.exit_code
