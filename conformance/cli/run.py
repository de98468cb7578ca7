"""`conformance run`: judges an implementation, writes the reports and prints the verdict.

Calls running.run; returns the exit code of its report.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from conformance.arguments import path_of
from conformance.cli._options import (
    add_baseline,
    add_device,
    add_implementation,
    add_sweep,
    add_verbosity,
    check_sweep,
    hosting,
)
from conformance.judging.relations import RELATIONS
from conformance.paths import check_target
from conformance.text import safe_name

if TYPE_CHECKING:
    import argparse

    from conformance.cli._options import Commands


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
        help="float64 (is it the same function?), or float32, bfloat16 or float16 (is it as accurate as its "
        "arithmetic?); may be repeated; one that it does not declare is not judged; by default those that it "
        "declares, and without Supports(dtypes=…) the first two",
    )
    parser.add_argument(
        "--samples", type=int, metavar="N", help="samples per case; by default as many as the case declares"
    )
    add_sweep(parser)
    parser.add_argument(
        "--junit", type=path_of, metavar="FILE", help="also write the verdict as JUnit XML, for a CI system"
    )
    add_baseline(
        parser,
        "a baseline.json; parity.html says what changed since it, and the exit code is the same with and "
        "without it: `gate` decides",
    )
    add_device(parser, "where torch computes, if that is the implementation")
    add_verbosity(parser)
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from what the same command wrote into DIR before it was killed or interrupted",
    )
    parser.add_argument(
        "--shard",
        metavar="K/N",
        help="do one of N parts of the run, for machines that each do one; `merge` puts them together",
    )
    parser.add_argument(
        "--backend",
        choices=("local", "dask"),
        default="local",
        help="who judges: processes of this machine, or the workers of a Dask cluster (default: local)",
    )
    parser.add_argument("--scheduler", metavar="ADDRESS", help="that of the Dask cluster, as tcp://HOST:8786")
    parser.add_argument("-x", "--exitfirst", action="store_true", help="stop at the first failure")
    parser.add_argument(
        "--require-bitwise",
        nargs="?",
        const=",".join(RELATIONS),
        default="",
        metavar="RELATION,…",
        help="fail where one of these relations does not hold bit for bit: " + ", ".join(RELATIONS) + "; all "
        "of them without a value, with `--` before named cases (default: a run of all cases measures them)",
    )
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from conformance.report.files import write_file
    from conformance.report.job_summary import append_summary
    from conformance.report.junit import junit
    from conformance.report.terminal import terminal
    from conformance.running.progress import Progress
    from conformance.running.run import run

    check_sweep(options)
    if options.junit:
        check_target("junit", options.junit)
    with Progress(options.verbosity) as progress, _workers(options):
        report = run(
            options.implementation,
            options.cases,
            options.samples,
            options.seed,
            dtypes=options.dtype,
            jobs=options.jobs,
            out=options.out,
            baseline=options.baseline,
            resume=options.resume,
            exit_first=options.exitfirst,
            require_bitwise=[name for name in options.require_bitwise.split(",") if name],
            device=options.device,
            shard=options.shard,
            backend=options.backend,
            scheduler=options.scheduler,
            progress=progress,
            **hosting(options),
        )
    if options.junit:
        write_file("junit", options.junit, junit(report))
    append_summary(report)
    names = ("parity.html", "parity.md", "parity.json")
    files = [*(options.out / name for name in names), *filter(None, [options.junit])]
    print(terminal(report, ", ".join(safe_name(str(file)) for file in files), quiet=options.verbosity < 0))
    return report.exit_code


def _workers(options: argparse.Namespace) -> AbstractContextManager[Any]:
    """Start the processes that will judge, if any will: they import torch while the work is planned."""
    from conformance.cases import find_cases
    from conformance.processes import meanwhile, worthwhile
    from conformance.running.work import readied

    cases = find_cases(options.cases)
    pieces = sum(case.default_samples if options.samples is None else options.samples for case in cases)
    # How much is left of these is not known yet.
    unknown = options.shard or options.resume
    jobs = worthwhile(options.jobs, 0 if unknown else pieces)
    # A run that stops at the first failure ends its processes, of which some may not have begun.
    if jobs == 1 or options.exitfirst or options.backend != "local":
        return nullcontext()
    return meanwhile(readied, [()] * jobs, jobs)
