"""`conformance selftest`: judges every fault, writes the kill matrix and prints its summary.

Calls running.selftest, and report.kills for the files; returns the exit code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.cli._options import SHOWN, add_sweep, check_sweep
from conformance.text import safe_name

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
    parser.add_argument(
        "--case", action="append", metavar="NAME", help="judge faults on this case only; may be repeated"
    )
    parser.add_argument(
        "--whole",
        action="store_true",
        help="judge only faults of the whole layer; the others are in a step of the layer written out, which "
        "runs nothing of the layer's own code",
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=1,
        metavar="N",
        help="judge the faults at N seeds; the matrix then says at which each was missed (default: 1)",
    )
    add_sweep(parser)
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from conformance.report.kills import criteria, families, write
    from conformance.report.tables import render
    from conformance.running.output import held
    from conformance.running.progress import Progress
    from conformance.running.selftest import selftest

    check_sweep(options)
    with held(options.out):
        with Progress() as progress:
            matrix = selftest(
                options.fault or (),
                cases=options.case or (),
                whole=options.whole,
                seed=options.seed,
                seeds=options.seeds,
                jobs=options.jobs,
                progress=progress,
            )
        write(matrix, options.out)
    print(render(families(matrix), "terminal"))
    print("\n" + render(criteria(matrix), "terminal"))
    for fault, case in matrix.survivors:
        print(f"\nSURVIVES {fault} in {case}: no sample of seed {matrix.seed} shows it")
    for other in matrix.others:
        for fault, case in other.missed:
            print(f"\nMISSED {fault} in {case} at seed {other.seed}")
    alarms = [*map(str, matrix.false_alarms), *(alarm for o in matrix.others for alarm in o.false_alarms)]
    degenerate = [*matrix.degenerate, *(each for o in matrix.others for each in o.degenerate)]
    for kind, found in (("FALSE ALARM", alarms), ("DEGENERATE", degenerate)):
        for told in found[:SHOWN]:
            print(f"\n{kind} {told}")
    word = {0: "SHOWN", 1: "NOT SHOWN", 3: "NOTHING TRIED"}[matrix.exit_code]
    caught = len(matrix.faults) - len({fault for fault, _ in matrix.survivors})
    counts = f"{caught} of {len(matrix.faults)} faults caught, {len(alarms)} false alarms"
    print(f"\n{word}: {counts}, {len(degenerate)} degenerate samples")
    if matrix.others:
        print(
            f"At {len(matrix.seeds)} seeds: {len(matrix.missed_at)} faults missed at any, "
            f"{len(matrix.missed_too_often)} at more than one of ten"
        )
    names = ("kill_matrix.md", "kill_matrix.json")
    print("Report: " + " and ".join(safe_name(str(options.out / name)) for name in names))
    return matrix.exit_code
