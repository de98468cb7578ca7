"""`conformance tolerance`: what a correct computation of any torch program may differ by.

Calls reference.tolerance, and prints its table and sentences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cli._options import add_device, add_dtypes, inputs_of

if TYPE_CHECKING:
    import argparse

    from conformance.checking.row import Row
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
    add_dtypes(parser)
    parser.add_argument("--forward-only", action="store_true", help="measure no gradients")
    parser.add_argument("--draws", type=int, default=5, metavar="N", help="how many draws (default: 5)")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="seed of the first draw (default: 0)"
    )
    add_device(parser, "also run the program there in the dtype, and show how near it comes to its tolerance")
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from conformance.reference.tolerance import tolerance
    from conformance.registry import find_object
    from conformance.subjects.devices import device_of

    # Before anything is measured.
    device = None if options.device is None else device_of(options.device)
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
    if device is None:
        return 0
    rows, told = _on(device, options, given)
    tf32 = "on" if told["allow_tf32"] == "True" else "off"
    print(f"\n{options.dtype} on {device} ({told['name']}), TF32 {tf32}:")
    for row in rows:
        nearest = f", headroom {row.headroom:.2g} at {row.observable}" if row.headroom is not None else ""
        print(f"  {row.criterion}: {row.status}{nearest}{f': {row.reason}' if row.reason else ''}")
    return 0 if all(row.ok for row in rows) else 1


def _on(device: str, options: argparse.Namespace, given: Any) -> tuple[tuple[Row, ...], dict[str, str]]:
    """Run the program itself on a device, and compare its values and gradients."""
    from conformance.checking.candidate import Direct
    from conformance.checking.check import judged, loading, seed_of_instances, trials_of
    from conformance.checking.criteria import CRITERIA
    from conformance.checking.reference import find_reference
    from conformance.reference.program import of_dtype

    reference = find_reference(options.program, None, seed_of_instances(options.seed))
    dtype, backward = of_dtype(options.dtype), not options.forward_only
    trials = trials_of(reference, options.seed, given, (), dtype=dtype, backward=backward)
    load = loading(options.program, (), dtype, device, allow_tf32=False)
    return judged(Direct(load), trials, device=device, criteria=CRITERIA[:2])
