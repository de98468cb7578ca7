"""`conformance judge`: judges the answers that programs left in the folders of an export.

Calls running.answers; returns the exit code of its report, as `conformance run` does.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from conformance.arguments import path_of
from conformance.cli._options import SHOWN
from conformance.text import safe_name

if TYPE_CHECKING:
    import argparse

    from conformance.cli._options import Commands
    from conformance.judging.verdict import Verdict
    from conformance.running.answers import Judged


def add_parser(commands: Commands) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "judge",
        help="judge the answers to golden vectors",
        description="Judge the outputs.safetensors in the task directories of an export.",
    )
    parser.add_argument("folder", type=path_of, metavar="DIR", help="the folder that `export` wrote")
    parser.add_argument(
        "--out", type=path_of, metavar="REPORTS", help="a folder for the reports; by default none is written"
    )
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from conformance.report.files import write
    from conformance.running.answers import judge_answers
    from conformance.running.output import held

    # Checked before the answers are judged.
    with held(options.out) if options.out else nullcontext():
        judged = judge_answers(options.folder)
        if options.out:
            write(judged.report, options.out)
    _show(judged)
    return judged.report.exit_code


def _show(judged: Judged) -> None:
    from conformance.report.terminal import conclusion, reasons, tables

    report = judged.report
    failures = [_explain(verdict, judged) for verdict in report.failure_per_case[:SHOWN]]
    closing = "\n".join(conclusion(report))
    print("\n\n".join([*tables(report), *reasons(report), *failures, closing]))


def _explain(verdict: Verdict, judged: Judged) -> str:
    """Return a failure as a bug report, with the folder of its task."""
    from conformance.report.tables import explain

    # There is no implementation here to replay it with.
    text = explain(verdict, judged.report.implementation, run=judged.report.verdicts)
    lines = [line for line in text.splitlines() if not line.startswith("  replay ")]
    folder = str(judged.folders[verdict.sample, verdict.lane])
    return "\n".join([*lines, f"  answer     {safe_name(folder)}"])
