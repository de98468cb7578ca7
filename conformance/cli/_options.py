"""Options that several commands share, and the checks of their values.

Called by the modules of the commands.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.errors import UsageError, whole

if TYPE_CHECKING:
    import argparse

    # The argument of every command's `add_parser`.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - has no public name

# How many failures are printed after a table; the others are in the report.
SHOWN = 3


def add_sweep(parser: argparse.ArgumentParser, seed: int = 1) -> None:
    """Add the options of a command that judges many samples: seed, processes, and a folder for reports."""
    cores = os.cpu_count() or 1
    parser.add_argument(
        "--seed", type=int, default=seed, metavar="S", help=f"seed of the samples (default: {seed})"
    )
    parser.add_argument(
        "--jobs", type=int, default=cores, metavar="N", help="number of processes (default: one per core)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("reports/latest"),
        metavar="DIR",
        help="folder for the reports (default: reports/latest)",
    )


def check_sweep(options: argparse.Namespace) -> None:
    """Check the counts and the folder for the reports, before anything is judged.

    Raises:
        UsageError: there are no processes, the seed is negative, or the folder cannot be written to or made.
    """
    whole("jobs", options.jobs, 1)
    whole("seed", options.seed, 0)
    there = next(folder for folder in (options.out, *options.out.parents) if folder.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise UsageError(f"out: expected a folder that can be written to, got {str(options.out)!r}")


def add_implementation(parser: argparse.ArgumentParser, default: str | None) -> None:
    """Add the option that names the subject.

    Args:
        parser: the command's.
        default: its name; None for the bundle's, or mytorch.
    """
    parser.add_argument(
        "--implementation",
        default=default,
        metavar="NAME",
        help="a name from `list implementations`, fault:NAME, module:attribute or path.py:attribute "
        "(default: " + (f"{default})" if default else "the bundle's, or mytorch)"),
    )
