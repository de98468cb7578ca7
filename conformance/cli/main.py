"""The command line. Nothing here imports a framework before it is needed."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.errors import DegenerateError, NoiseError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.judging.verdict import Verdict
    from conformance.report.record import Report

# So many failures are printed after the table; the rest is in parity.json.
_SHOWN = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `--help` says what each means."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except UsageError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    except (DegenerateError, NoiseError) as error:
        print(f"conformance: {type(error).__name__}: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="conformance",
        description="Decides whether an implementation computes what PyTorch computes.",
        epilog="Exit codes: 0 shown; 1 not shown; 2 wrong usage; 3 nothing was compared.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="judge an implementation", description="Judge an implementation.")
    run.add_argument("cases", nargs="*", metavar="CASE", help="names from `list cases`; by default all")
    _add_implementation(run, "mytorch")
    run.add_argument(
        "--dtype",
        action="append",
        help="float64 (the semantic lane) or float32 (precision); may be repeated; both by default",
    )
    run.add_argument(
        "--samples", type=int, metavar="N", help="samples a case; by default what the case declares"
    )
    _add_sweep(run)
    run.set_defaults(command=_run)
    listing = commands.add_parser("list", help="show what there is", description="Show what there is.")
    listing.add_argument("what", choices=("cases", "implementations", "faults"))
    listing.set_defaults(command=_list)
    replay = commands.add_parser(
        "replay", help="run one sample again", description="Run one sample again and show the comparison."
    )
    replay.add_argument("sample", metavar="BUNDLE_OR_SAMPLE", help="a sample's text, or a bundle's folder")
    _add_implementation(replay, None)
    replay.set_defaults(command=_replay)
    selftest = commands.add_parser(
        "selftest",
        help="judge the judge by every fault",
        description="Show that every fault is caught: the kill matrix.",
    )
    selftest.add_argument("--fault", action="append", metavar="NAME", help="only this one; may be repeated")
    _add_sweep(selftest)
    selftest.set_defaults(command=_selftest)
    calibrate = commands.add_parser(
        "calibrate",
        help="find the judge's constants, with their evidence",
        description="Measure correct implementations, pick the judge's constants on some seeds and validate "
        "them on others, check the noise rules, and write the recommended tolerances.",
        epilog="Exit codes: 0 constants and rules are shown; 1 not shown; 2 wrong usage or too few verdicts.",
    )
    calibrate.add_argument("cases", nargs="*", metavar="CASE", help="names from `list cases`; by default all")
    calibrate.add_argument(
        "--runs",
        type=int,
        default=3,
        metavar="K",
        help="default runs to measure, each with a seed of its own; the last half validates (default: 3)",
    )
    _add_sweep(calibrate, seed=1001)
    calibrate.set_defaults(command=_calibrate)
    return parser


def _add_sweep(parser: argparse.ArgumentParser, seed: int = 1) -> None:
    cores = os.cpu_count() or 1
    parser.add_argument(
        "--seed", type=int, default=seed, metavar="S", help=f"of the samples (default: {seed})"
    )
    parser.add_argument(
        "--jobs", type=int, default=cores, metavar="N", help="processes (default: one a core)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("reports/latest"),
        metavar="DIR",
        help="for the reports (default: reports/latest)",
    )


def _add_implementation(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument(
        "--implementation",
        default=default,
        metavar="NAME",
        help="a name from `list implementations`, fault:NAME or module:attribute (default: "
        + (f"{default})" if default else "the bundle's, or mytorch)"),
    )


def _run(options: argparse.Namespace) -> int:
    from conformance.running.progress import Progress
    from conformance.running.run import run

    _check_sweep(options)
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
        )
    _show(report, options.out)
    return report.exit_code


def _check_sweep(options: argparse.Namespace) -> None:
    if options.jobs < 1:
        raise UsageError(f"jobs: expected a number of at least 1, got {options.jobs}")
    if options.seed < 0:
        raise UsageError(f"seed: expected a number of at least 0, got {options.seed}")


def _selftest(options: argparse.Namespace) -> int:
    from conformance.report.kills import criteria, families, write
    from conformance.report.tables import render
    from conformance.running.progress import Progress
    from conformance.running.selftest import selftest

    _check_sweep(options)
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
    for trial in matrix.false_alarms[:_SHOWN]:
        print(f"\nFALSE ALARM {trial.sample}, {trial.cell.lane}: {trial.seen_by}")
    word = {0: "SHOWN", 1: "NOT SHOWN", 3: "NOTHING TRIED"}[matrix.exit_code]
    caught = len(matrix.faults) - len({fault for fault, _ in matrix.survivors})
    print(
        f"\n{word}: {caught} of {len(matrix.faults)} faults caught, {len(matrix.false_alarms)} false alarms"
    )
    print(f"Report: {options.out / 'kill_matrix.md'} and {options.out / 'kill_matrix.json'}")
    return matrix.exit_code


def _calibrate(options: argparse.Namespace) -> int:
    from conformance.calibration.run import calibrate
    from conformance.report.calibration import write
    from conformance.report.evidence import rules, summary, validated
    from conformance.report.tables import render
    from conformance.running.progress import Progress

    _check_sweep(options)
    with Progress() as progress:
        found = calibrate(
            options.cases,
            seed=options.seed,
            runs=options.runs,
            jobs=options.jobs,
            progress=lambda case, done, total: progress(case, done, total, []),
        )
    write(found, options.out)
    print(render(summary(found), "terminal") + "\n\n" + validated(found))
    for ratio in found.incorrect[:_SHOWN]:
        print(f"\nINCORRECT {ratio.subject} in {ratio.sample}, {ratio.lane}: {ratio.observable}")
    if found.wrong_rules:
        print("\n" + render(rules(tuple(found.wrong_rules)), "terminal"))
    word = "SHOWN" if found.exit_code == 0 else "NOT SHOWN"
    shown = len(found.rules) - len(found.wrong_rules)
    picked = ", ".join(f"{name} {getattr(found.choice, name):g}" for name in ("tensor", "element", "warn"))
    print(f"\n{word}: {picked}")
    print(f"{shown} of {len(found.rules)} noise rules hold; {len(found.ratios):,} verdicts measured")
    names = ("calibration.md", "calibration.json", "constants.toml", "tolerances.md")
    print(f"Report: {', '.join(str(options.out / name) for name in names)}")
    if not options.cases and not found.in_force:
        put = f"cp {options.out / 'constants.toml'} conformance/arithmetic/constants.toml"
        print(f"To put these in force: {put}")
    return found.exit_code


def _show(report: Report, out: Path) -> None:
    from conformance.report.drift import warnings
    from conformance.report.tables import explain, render, summary

    print(render(summary(report), "terminal"))
    for verdict in _to_show(report.failures):
        print(
            "\n" + explain(verdict, report.implementation, report.shrunk.get(verdict.sample), report.verdicts)
        )
    for row in report.shortfalls:
        print(f"\nTOO SELDOM {row}")
    for line in warnings(report):
        print(f"\nDRIFT {line}")
    totals = report.totals
    word = {0: "SHOWN", 1: "NOT SHOWN", 3: "NOTHING COMPARED"}[report.exit_code]
    counts = ", ".join(
        f"{totals[name]} {name}" for name in totals if totals[name] and name != "compared_elements"
    )
    print(f"\n{word}: {report.implementation} against {report.reference}, seed {report.seed}")
    seconds = f"{report.timing['seconds']:.0f} s"
    print(f"{counts or 'no verdicts'}; {totals['compared_elements']:,} numbers compared in {seconds}")
    print(f"Report: {out / 'parity.md'} and {out / 'parity.json'}")


def _to_show(failures: Sequence[Verdict]) -> list[Verdict]:
    """Choose one failure a case, so that a broad failure does not hide another."""
    first: dict[str, Verdict] = {}
    for verdict in failures:
        first.setdefault(verdict.case, verdict)
    return list(first.values())[:_SHOWN]


def _list(options: argparse.Namespace) -> int:
    from conformance.report.tables import render

    if options.what == "cases":
        from conformance.cases import CASES

        rows: list[dict[str, object]] = [
            {
                "case": case.name,
                "samples": case.default_samples,
                "shape classes": " ".join(case.space.classes),
                "regimes": " ".join(case.space.regimes),
                "bad calls": len(case.bad_calls),
            }
            for case in CASES.values()
        ]
    elif options.what == "implementations":
        from conformance.registry import IMPLEMENTATIONS

        rows = [{"implementation": name, "is": make.__doc__} for name, make in IMPLEMENTATIONS.items()]
        rows.append({"implementation": "fault:NAME", "is": "mytorch with a fault from `list faults`."})
        rows.append(
            {"implementation": "module:attribute", "is": "Your own: an Implementation, or what returns one."}
        )
    else:
        from conformance.faults import FAULTS

        rows = [
            {"fault": fault.name, "family": fault.family, "cases": " ".join(fault.cases), "what": fault.story}
            for fault in FAULTS.values()
        ]
    print(render(rows, "terminal"))
    return 0


def _replay(options: argparse.Namespace) -> int:
    from conformance.judging.sample_judge import judge_errors, judge_sample
    from conformance.registry import find_implementation
    from conformance.report.tables import explain, render
    from conformance.running.replay import comparison, prepare_text, read_bundle

    folder = Path(options.sample)
    prepared, name = read_bundle(folder) if folder.is_dir() else (prepare_text(options.sample), "mytorch")
    name = options.implementation or name
    subject = find_implementation(name)
    verdicts = judge_sample(prepared, subject)
    if prepared.sample.settings == prepared.case.base:
        # The configuration that the bad calls start from: this text stands for them too.
        verdicts += judge_errors(prepared.case, subject, prepared.sample.seed)
    print(render(comparison(verdicts), "terminal"))
    failures = [verdict for verdict in verdicts if not verdict.passed]
    for verdict in failures[:_SHOWN]:
        print("\n" + explain(verdict, name, run=verdicts))
    print(f"\n{len(verdicts) - len(failures)} of {len(verdicts)} observables of {prepared.sample.text} agree")
    return 1 if failures else 0
