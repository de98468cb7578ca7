"""`conformance run`: judges an implementation, writes the reports and prints the verdict.

Calls running.run; returns the exit code of its report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.cli._options import SHOWN, add_implementation, add_sweep, check_sweep, hosting
from conformance.text import safe_name

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
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
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from what the same command wrote into DIR before it was killed or interrupted",
    )
    parser.add_argument("-x", "--exitfirst", action="store_true", help="stop at the first failure")
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
            resume=options.resume,
            exit_first=options.exitfirst,
            progress=progress,
            **hosting(options),
        )
    _show(report, options.out)
    return report.exit_code


def _show(report: Report, out: Path) -> None:
    from conformance.report import excuses, uses
    from conformance.report.drift import warnings
    from conformance.report.seen import partly
    from conformance.report.tables import explain, render, summary

    print(render(summary(report), "terminal"))
    if used := uses.summary(report):
        print("\n" + render(used, "terminal", {"not judged": 44}))
    if excused := excuses.summary(report):
        print("\n" + render(excused, "terminal", {"cases": 40, "why": 60}))
    bits = [str(report.repeated)] if report.repeated.other_bits else []
    failed = [
        explain(verdict, report.implementation, report.shrunk.get(verdict.sample), report.verdicts)
        for verdict in report.failure_per_case[:SHOWN]
    ]
    note = report.in_process
    stopped = [f"{report.stopped}; --resume does the rest"] if report.stopped else []
    notes: dict[str, Sequence[object]] = {
        "SEEN IN PART ": partly(report.verdicts)[:SHOWN],
        "": [*failed, *excuses.refusals(report), *stopped],
        "NOT SEEN ": [f"{case}: nothing was compared: {why}" for case, why in report.unseen.items()],
        "OUTSIDE ": report.scope.lines(),
        "TOO SELDOM ": report.shortfalls,
        "DRIFT ": warnings(report),
        "OTHER BITS ": bits,
        "IN PROCESS ": [f"{report.implementation} ran {note}"] if note else [],
    }
    for what, lines in notes.items():
        for line in lines:
            print(f"\n{what}{line}")
    totals = report.totals
    word = {0: "SHOWN", 1: "NOT SHOWN", 3: "NOTHING COMPARED"}[report.exit_code]
    counts = ", ".join(
        f"{totals[name]} {name}" for name in totals if totals[name] and name != "compared_elements"
    )
    judged = ", ".join(filter(None, (report.limits, excuses.stated(report))))
    print(
        f"\n{word}: {report.implementation} against {report.reference}, seed {report.seed}; judged: {judged}"
    )
    seconds = f"{report.timing['seconds']:.0f} s"
    print(f"{counts or 'no verdicts'}; {totals['compared_elements']:,} numbers compared in {seconds}")
    print("Report: " + " and ".join(safe_name(str(out / name)) for name in ("parity.md", "parity.json")))
