"""`conformance calibrate`: finds the judge's constants, and writes and prints them with their evidence.

Calls calibration.run, and report.calibration for the files; returns the exit code.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from conformance.cli._options import SHOWN, add_sweep, check_sweep
from conformance.text import safe_name

if TYPE_CHECKING:
    import argparse

    from conformance.cli._options import Commands


def add_parser(commands: Commands) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "calibrate",
        help="find the judge's constants, with their evidence",
        description="Measure correct implementations, pick the judge's constants on some seeds and validate "
        "them on others, check the noise rules, and write the recommended tolerances.",
        epilog="Exit codes: 0 constants and rules are shown; 1 not shown; 2 wrong usage or too few verdicts.",
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help="names from `list cases`; by default all")
    parser.add_argument(
        "--runs",
        type=int,
        default=3,
        metavar="K",
        help="default runs to measure, each with a seed of its own; the last half validates (default: 3)",
    )
    parser.add_argument(
        "--drawn",
        type=int,
        default=300,
        metavar="K",
        help="runs to draw and not to measure, to count those that any subject fails (default: 300)",
    )
    add_sweep(parser, seed=1001)
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from conformance.calibration.run import calibrate
    from conformance.report.calibration import write
    from conformance.report.evidence import rules, summary, validated
    from conformance.report.tables import render
    from conformance.report.whole_runs import rows, told
    from conformance.running.output import held
    from conformance.running.progress import Progress

    check_sweep(options)
    with held(options.out):
        with Progress() as progress:
            found = calibrate(
                options.cases,
                seed=options.seed,
                runs=options.runs,
                drawn=options.drawn,
                jobs=options.jobs,
                progress=progress,
            )
        write(found, options.out)
    print(render(summary(found), "terminal") + "\n\n" + validated(found))
    print("\n" + render(rows(found.whole), "terminal"))
    for red in told(found.whole)[:SHOWN]:
        print(f"\nRED {red}")
    for ratio in found.incorrect[:SHOWN]:
        print(f"\nINCORRECT {ratio.subject} in {ratio.sample}, {ratio.lane}: {ratio.observable}")
    if found.wrong_rules:
        print("\n" + render(rules(tuple(found.wrong_rules)), "terminal"))
    word = "SHOWN" if found.exit_code == 0 else "NOT SHOWN"
    shown = len(found.rules) - len(found.wrong_rules)
    picked = ", ".join(f"{name} {getattr(found.choice, name):g}" for name in ("tensor", "element", "warn"))
    print(f"\n{word}: {picked}")
    print(f"{shown} of {len(found.rules)} noise rules hold; {len(found.ratios):,} verdicts measured")
    names = ("calibration.md", "calibration.json", "constants.toml", "tolerances.md")
    print(f"Report: {', '.join(safe_name(str(options.out / name)) for name in names)}")
    if not options.cases and not found.in_force:
        found_ones = quote(safe_name(str(options.out / "constants.toml")))
        put = f"cp {found_ones} conformance/arithmetic/constants.toml"
        print(f"To put these in force: {put}")
    return found.exit_code
