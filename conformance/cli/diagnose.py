"""`conformance diagnose`: judges a case and says which known fault an implementation behaves like.

Calls running.diagnose; returns 0 if everything agrees, 1 if not, whether or not a fault is named, and 3 if
nothing was compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.cli._options import add_implementation, hosting
from conformance.text import safe_name

if TYPE_CHECKING:
    import argparse

    from conformance.cli._options import Commands


def add_parser(commands: Commands) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "diagnose",
        help="name the fault of a case that fails",
        description="Judge a case, and where it fails put each known fault into the reference: the one that "
        "makes it return what the implementation returns is named (docs/diagnose.md).",
    )
    parser.add_argument("case", metavar="CASE", help="a name from `list cases`")
    add_implementation(parser, "mytorch")
    parser.add_argument(
        "--samples", type=int, metavar="N", help="samples of the case; by default as many as it declares"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="seed of the samples (default: 1)")
    parser.add_argument(
        "--sample", metavar="TEXT", help="diagnose from this sample alone, such as one that a report names"
    )
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from conformance.report.tables import DIAGNOSIS
    from conformance.running.diagnose import diagnose
    from conformance.sampling.sample import Sample

    found = diagnose(
        options.implementation,
        options.case,
        options.samples,
        options.seed,
        sample=options.sample,
        **hosting(options),
    )
    compared = [verdict for verdict in found.verdicts if verdict.agrees or not verdict.passed]
    failures = [verdict for verdict in compared if not verdict.passed]
    if found.in_process:
        print(safe_name(found.in_process))
    if not compared:
        print(f"NOTHING COMPARED {options.case}: the implementation ran none of its samples")
        return 3
    samples = len({Sample.parse(verdict.sample).plain.text for verdict in compared if verdict.lane})
    told = f"{options.case}: {len(failures)} of {len(compared)} observables of {samples} samples differ"
    print(("FAIL " if failures else "PASS ") + told)
    for word, line in zip(DIAGNOSIS, found.diagnosis.lines, strict=False):
        print(f"  {word:10} {safe_name(line)}")
    about = found.diagnosis
    if about.tried:
        print(f"\n{about.tried} faults were tried in {', '.join(about.lanes)}, on samples of which it")
    for word, texts in (("fails", about.samples), ("passes", about.passing)):
        for text in texts:
            print(f"  {word:8} {text}")
    return 1 if failures else 0
