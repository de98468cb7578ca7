"""Options that several commands share, and the checks of their values.

Called by the modules of the commands.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.arguments import path_of
from conformance.errors import UsageError, whole
from conformance.processes import MOST_JOBS

if TYPE_CHECKING:
    import argparse

    # The argument of every command's `add_parser`.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - has no public name

# How many failures are printed after a table; the others are in the report.
SHOWN = 3


def add_sweep(parser: argparse.ArgumentParser, seed: int = 1) -> None:
    """Add the options of a command that judges many samples: seed, processes, and a folder for reports."""
    parser.add_argument(
        "--seed", type=int, default=seed, metavar="S", help=f"seed of the samples (default: {seed})"
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=-1,
        metavar="N",
        help="number of processes (default: one per core, or one alone where there is little to do)",
    )
    add_out(parser, "the reports")


def add_out(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the option of the folder that a command writes to."""
    parser.add_argument(
        "--out",
        type=path_of,
        default=Path("reports/latest"),
        metavar="DIR",
        help=f"folder for {what} (default: reports/latest)",
    )


def add_record(parser: argparse.ArgumentParser, name: str = "report") -> None:
    """Add the argument that takes the record of a run, for `report.files.read_report`."""
    parser.add_argument(
        name, type=path_of, metavar=f"{name.upper()}.json", help="the parity.json that `run` wrote"
    )


def add_baseline(parser: argparse.ArgumentParser, told: str, *, required: bool = False) -> None:
    """Add the option that takes a baseline, for `report.files.read_baseline`.

    Args:
        parser: the command's.
        told: what it is for.
        required: whether the command needs one.
    """
    parser.add_argument("--baseline", type=path_of, required=required, metavar="FILE", help=told)


def check_sweep(options: argparse.Namespace) -> None:
    """Check the counts, before anything is judged.

    Raises:
        UsageError: there are no processes, or the seed is negative.
    """
    if options.jobs != -1:
        whole("jobs", options.jobs, 1, MOST_JOBS)
    whole("seed", options.seed, 0)


def add_verbosity(parser: argparse.ArgumentParser) -> None:
    """Add the two options that say how much is told: `verbosity` is -1, 0 or 1."""
    group = parser.add_mutually_exclusive_group()
    for flags, verbosity, told in (
        (("-q", "--quiet"), -1, "print only the failures and the verdict, and no progress"),
        (("-v", "--verbose"), 1, "print a line for each case as soon as it is judged"),
    ):
        group.add_argument(
            *flags, dest="verbosity", action="store_const", const=verbosity, default=0, help=told
        )


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
        help="a name from `list implementations`, fault:NAME, cmd:PROGRAM, module:attribute or "
        "path.py:attribute (default: " + (f"{default})" if default else "the bundle's, or mytorch)"),
    )
    add_process(parser, "subject")
    parser.add_argument(
        "--in-process",
        action="store_true",
        help="run the subject in the judge's process, to debug it: what it does there can end or mislead the "
        "judge",
    )


def add_process(parser: argparse.ArgumentParser, whose: str) -> None:
    """Add the options of the process that something is judged in.

    Args:
        parser: the command's.
        whose: what runs there, such as the subject.
    """
    parser.add_argument(
        "--time-limit",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help=f"how long one answer of the {whose} may take before its process is ended (default: 60)",
    )
    parser.add_argument(
        "--host-command",
        default="",
        metavar="PROGRAM",
        help=f"a program with its arguments that starts the {whose}'s process, e.g. 'sudo -u other'",
    )


def add_dtypes(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what others compute in, as `arithmetic.formats.precision` takes them."""
    parser.add_argument(
        "--dtype",
        default="float32",
        help="what others compute in: float32, float64, bfloat16 or float16 (default: float32)",
    )
    for name, what in (("compute", "computes in"), ("accumulate", "adds up in")):
        parser.add_argument(
            f"--{name}",
            metavar="DTYPE",
            help=f"what an operation {what} inside (default: float32 for half types, or else --dtype)",
        )


def add_device(parser: argparse.ArgumentParser, told: str) -> None:
    """Add the option that names a device of torch; it is None where none is named.

    Args:
        parser: the command's.
        told: what happens there.
    """
    parser.add_argument(
        "--device",
        metavar="cpu|cuda",
        help=f"{told}; the right numbers are computed on the CPU, and TF32 is off",
    )


def inputs_of(given: str) -> Any:
    """Return the arrays of a file, as a list, or the function that draws the arguments.

    Args:
        given: `FILE.npz`, `module:function` or `path.py:function`.

    Raises:
        UsageError: it is none of these.
    """
    from conformance.registry import find_object
    from conformance.subjects.checkpoints import read_npz

    if given.endswith(".npz"):
        return [*read_npz("inputs", Path(given)).values()]
    if ":" not in given:
        raise UsageError(f"inputs {given!r}: expected FILE.npz, module:function or path.py:function")
    return find_object("inputs", given)


def hosting(options: argparse.Namespace) -> dict[str, Any]:
    """Return how the subject is run, as `conformance.run` and the replay take it."""
    return {name: getattr(options, name) for name in ("in_process", "time_limit", "host_command")}
