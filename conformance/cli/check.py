"""`conformance check`: judges a candidate that nobody trusts against a torch program.

Calls checking.check, prints its table, and writes check.json and check.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.cli._options import add_device, add_dtypes, add_out, add_process, inputs_of
from conformance.text import safe_name

if TYPE_CHECKING:
    import argparse

    from conformance.cli._options import Commands


def add_parser(commands: Commands) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "check",
        help="judge a candidate for a torch program",
        description="Judge a function or a class of modules that nobody trusts against the torch program "
        "that it stands for. It runs in a process that never sees the reference (docs/check.md).",
    )
    parser.add_argument(
        "reference",
        metavar="REFERENCE",
        help="module:name, path.py:name, or path.py with a class Model, get_inputs() and get_init_inputs()",
    )
    parser.add_argument(
        "candidate", metavar="CANDIDATE", help="module:name, path.py:name, or path.py with a class ModelNew"
    )
    parser.add_argument(
        "--inputs",
        metavar="FILE.npz|module:draw",
        help="the arguments: the arrays of a file in their order, or a function that draws them (default: "
        "get_inputs() of the reference's file)",
    )
    parser.add_argument(
        "--shapes",
        action="append",
        metavar="4x8,8x3",
        help="also judge these shapes, one for each input; may be repeated (default: get_shapes() of the "
        "reference's file, where it is there)",
    )
    add_dtypes(parser)
    parser.add_argument("--forward-only", action="store_true", help="judge no gradients")
    parser.add_argument(
        "--seed", type=int, metavar="S", help="seed of a check to repeat (default: one that nobody knows)"
    )
    add_device(parser, "where the candidate computes (default: cpu)")
    add_process(parser, "candidate")
    add_out(parser, "check.json and check.md")
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from conformance.checking.check import check
    from conformance.checking.inputs import shapes_of
    from conformance.paths import check_target
    from conformance.report.files import write_whole

    # Before minutes are spent.
    check_target("out", options.out / "check.json")
    result = check(
        options.reference,
        options.candidate,
        inputs=None if options.inputs is None else inputs_of(options.inputs),
        dtype=options.dtype,
        compute=options.compute,
        accumulate=options.accumulate,
        shapes=None if options.shapes is None else [*map(shapes_of, options.shapes)],
        backward=not options.forward_only,
        seed=options.seed,
        device=options.device or "cpu",
        time_limit=options.time_limit,
        host_command=options.host_command,
    )
    write_whole(options.out, {"check.json": result.to_json(), "check.md": result.to_markdown()})
    files = ", ".join(safe_name(str(options.out / name)) for name in ("check.md", "check.json"))
    print(f"{result}\nReport: {files}")
    return result.exit_code
