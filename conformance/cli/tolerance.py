"""`conformance tolerance`: what a correct computation of any torch program may differ by.

Calls reference.tolerance, and prints its table and sentences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.cli._options import inputs_of

if TYPE_CHECKING:
    import argparse

    from conformance.cli._options import Commands


def add_parser(commands: Commands) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "tolerance",
        help="derive a tolerance for a torch program",
        description="Derive rtol and atol for each output and gradient of any function or module of torch, "
        "by following rounding through it (docs/tolerance.md).",
    )
    parser.add_argument(
        "program", metavar="PROGRAM", help="module:function, path.py:function, or a module of torch"
    )
    parser.add_argument(
        "--inputs",
        required=True,
        metavar="FILE.npz|module:draw",
        help="its arguments: the arrays of a file in their order, or a function that draws them",
    )
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
    parser.add_argument("--forward-only", action="store_true", help="measure no gradients")
    parser.add_argument("--draws", type=int, default=5, metavar="N", help="how many draws (default: 5)")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="seed of the first draw (default: 0)"
    )
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from conformance.reference.tolerance import tolerance
    from conformance.registry import find_object

    given = inputs_of(options.inputs)
    found = tolerance(
        find_object("program", options.program),
        *(given if isinstance(given, list) else [given]),
        dtype=options.dtype,
        backward=not options.forward_only,
        draws=options.draws,
        seed=options.seed,
        compute=options.compute,
        accumulate=options.accumulate,
    )
    print(found)
    for bound in found.values():
        print(f"\n{bound.sentence}")
    return 0
