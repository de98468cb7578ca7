"""`conformance selftest`: judges every fault, writes the kill matrix and prints its summary.

Calls running.selftest, and report.kills for the files; returns the exit code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.cli._options import SHOWN, add_sweep, check_sweep

if TYPE_CHECKING:
    import argparse

    from conformance.cli._options import Commands


def add_parser(commands: Commands) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "selftest",
        help="show that every fault is caught",
        description="Judge every fault and write the kill matrix, which shows whether each is caught.",
    )
    parser.add_argument(
        "--fault", action="append", metavar="NAME", help="judge only this fault; may be repeated"
    )
    add_sweep(parser)
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from conformance.report.kills import criteria, families, write
    from conformance.report.tables import render
    from conformance.running.progress import Progress
    from conformance.running.selftest import selftest

    check_sweep(options)
    with Progress() as progress:
        matrix = selftest(
            options.fault or (),
            seed=options.seed,
            jobs=options.jobs,
            progress=lambda case, done, total: progress(case, done, total, []),
        )
    write(matrix, options.out)
    print(render(families(matrix), "terminal"))
    print("\n" + render(criteria(matrix), "terminal"))
    for fault, case in matrix.survivors:
        print(f"\nSURVIVES {fault} in {case}: no sample shows it")
    for trial in matrix.false_alarms[:SHOWN]:
        print(f"\nFALSE ALARM {trial.sample}, {trial.cell.lane}: {trial.seen_by}")
    word = {0: "SHOWN", 1: "NOT SHOWN", 3: "NOTHING TRIED"}[matrix.exit_code]
    caught = len(matrix.faults) - len({fault for fault, _ in matrix.survivors})
    print(
        f"\n{word}: {caught} of {len(matrix.faults)} faults caught, {len(matrix.false_alarms)} false alarms"
    )
    print(f"Report: {options.out / 'kill_matrix.md'} and {options.out / 'kill_matrix.json'}")
    return matrix.exit_code
