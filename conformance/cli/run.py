"""`conformance run`: judges an implementation, writes the reports and prints the verdict.

Calls running.run; returns the exit code of its report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.cli._options import SHOWN, add_implementation, add_sweep, check_sweep, hosting

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from conformance.cli._options import Commands
    from conformance.report.record import Report


def add_parser(commands: Commands) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "run", help="judge an implementation", description="Judge an implementation."
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help="names from `list cases`; by default all")
    add_implementation(parser, "mytorch")
    parser.add_argument(
        "--dtype",
        action="append",
        help="float64 (is it the same function?) or float32 (is it as accurate as its arithmetic?); may be "
        "repeated; both by default",
    )
    parser.add_argument(
        "--samples", type=int, metavar="N", help="samples per case; by default as many as the case declares"
    )
    add_sweep(parser)
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from conformance.running.progress import Progress
    from conformance.running.run import run

    check_sweep(options)
    with Progress() as progress:
        report = run(
            options.implementation,
            options.cases,
            options.samples,
            options.seed,
            dtypes=options.dtype or ("float64", "float32"),
            jobs=options.jobs,
            out=options.out,
            progress=progress,
            **hosting(options),
        )
    _show(report, options.out)
    return report.exit_code


def _show(report: Report, out: Path) -> None:
    from conformance.report import uses
    from conformance.report.drift import warnings
    from conformance.report.seen import partly
    from conformance.report.tables import explain, render, summary

    print(render(summary(report), "terminal"))
    if used := uses.summary(report):
        print("\n" + render(used, "terminal", {"not judged": 44}))
    for each in partly(report.verdicts)[:SHOWN]:
        print(f"\nSEEN IN PART {each}")
    for verdict in report.failure_per_case[:SHOWN]:
        print(
            "\n" + explain(verdict, report.implementation, report.shrunk.get(verdict.sample), report.verdicts)
        )
    for row in report.shortfalls:
        print(f"\nTOO SELDOM {row}")
    for line in warnings(report):
        print(f"\nDRIFT {line}")
    if report.repeated.other_bits:
        print(f"\nOTHER BITS {report.repeated}")
    if note := report.environment.get("subject"):
        print(f"\nIN PROCESS {report.implementation} ran {note}")
    totals = report.totals
    word = {0: "SHOWN", 1: "NOT SHOWN", 3: "NOTHING COMPARED"}[report.exit_code]
    counts = ", ".join(
        f"{totals[name]} {name}" for name in totals if totals[name] and name != "compared_elements"
    )
    print(f"\n{word}: {report.implementation} against {report.reference}, seed {report.seed}")
    seconds = f"{report.timing['seconds']:.0f} s"
    print(f"{counts or 'no verdicts'}; {totals['compared_elements']:,} numbers compared in {seconds}")
    print(f"Report: {out / 'parity.md'} and {out / 'parity.json'}")
