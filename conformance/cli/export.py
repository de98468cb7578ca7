"""`conformance export`: writes golden vectors, for programs that cannot be called from here.

Calls running.export; `conformance judge` judges the answers.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from conformance.arguments import path_of
from conformance.text import safe_name

if TYPE_CHECKING:
    import argparse

    from conformance.cli._options import Commands


def add_parser(commands: Commands) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "export",
        help="write golden vectors for a program that cannot be called from here",
        description="Write the samples of a case as task directories (docs/task_directory.md), with the "
        "expected values and the tolerance of each element in a folder apart.",
    )
    parser.add_argument("cases", nargs="+", metavar="CASE", help="names from `list cases`")
    parser.add_argument(
        "--samples", type=int, metavar="N", help="samples per case; by default as many as the case declares"
    )
    parser.add_argument(
        "--dtype", action="append", help="float64 or float32; may be repeated; both by default"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="seed of the samples (default: 1)")
    parser.add_argument(
        "--out", type=path_of, required=True, metavar="DIR", help="a folder that is empty or does not exist"
    )
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code: 0, or 3 if there was nothing to write."""
    from conformance.running.export import TASKS, export

    dtypes = options.dtype or ("float64", "float32")
    count = export(options.cases, options.samples, options.seed, dtypes, options.out)
    out = safe_name(str(options.out))
    print(f"{count} tasks in {safe_name(str(options.out / TASKS))}; when each has its outputs.safetensors:")
    print(f"conformance judge {quote(out)}")
    return 0 if count else 3
