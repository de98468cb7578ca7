"""`conformance convert`: takes the recurrent layers of a checkpoint over into another framework's layout.

Calls reference.conversion, and prints what it shows of each layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.arguments import path_of
from conformance.text import one_line, safe_name

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from conformance.cli._options import Commands
    from conformance.reference.conversion import Converted
    from conformance.reference.layer_parity import Shown

_FRAMEWORKS = "torch, mytorch, npz, keras, flax, flax-optimized, equinox or onnx"


def add_parser(commands: Commands) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "convert",
        help="convert a recurrent checkpoint to another framework's layout",
        description="Convert the LSTMs, GRUs and RNNs in a checkpoint from one framework's layout to "
        "another's, run both sides on random inputs, and write the file if they agree (docs/convert.md). "
        "What is not recurrent is kept. Exit codes: 0 it is written; 1 parity is not shown; 3 nothing is "
        "recurrent.",
    )
    parser.add_argument("source", metavar="FROM", help=f"whose layout the checkpoint has: {_FRAMEWORKS}")
    parser.add_argument("target", metavar="TO", help="whose layout it gets")
    parser.add_argument(
        "file", type=path_of, metavar="FILE", help="a .safetensors, .npz, .pt, .pth or .onnx file"
    )
    parser.add_argument("out", type=path_of, metavar="OUT", help="the file to write, of one of these kinds")
    parser.add_argument(
        "--prefix", default="", help="convert only the layers whose names begin with it, and keep the others"
    )
    parser.add_argument(
        "--from-pattern",
        action="append",
        default=[],
        metavar="PATTERN",
        help="what parameters are called in FILE, as '{prefix}{name}_l{layer}{direction:|_reverse}'; may be "
        "repeated, the first that matches counts",
    )
    parser.add_argument(
        "--to-pattern", default="", metavar="PATTERN", help="what parameters are called in OUT"
    )
    parser.add_argument(
        "--nonlinearity",
        default="tanh",
        help="of the RNNs in FILE, unless it is an ONNX model: tanh or relu (default: tanh)",
    )
    parser.add_argument(
        "--key", default="", help="where the state dict is in a .pt file that holds more, such as state_dict"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed of the inputs (default: 0)")
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run the command and return its exit code: 0, 1 without parity, or 3 without a recurrent layer."""
    from conformance.errors import whole
    from conformance.reference.conversion import Names, convert

    names = Names(tuple(options.from_pattern), options.to_pattern, options.prefix, options.key)
    conversion = convert(
        options.source,
        options.target,
        options.file,
        options.out,
        names=names,
        nonlinearity=options.nonlinearity,
        seed=whole("seed", options.seed, 0),
    )
    if not conversion.layers:
        begin = f" with the prefix {options.prefix!r}" if options.prefix else ""
        told = f"no recurrent layer of {options.source}{begin} in {safe_name(str(options.file))}"
        print(f"NOTHING CONVERTED: {told}")
        return 3
    for layer in conversion.layers:
        print("\n".join(_lines(layer)))
    kept = len(conversion.kept)
    print(f"kept as they are: {kept} other array{'' if kept == 1 else 's'}")
    out = safe_name(str(options.out))
    if not conversion.passed:
        print(f"NOT SHOWN: {out} is not written")
        return 1
    print(f"SHOWN: {out} is written")
    return 0


def _lines(layer: Converted) -> Iterator[str]:
    """Yield the lines that are printed of a layer."""
    yield safe_name(f"{layer.source.prefix or '(no prefix)'} {layer.source}")
    for each in layer.remarks:
        yield f"  {safe_name(each)}"
    for side in layer.sides:
        yield from _of_side(side)
    yield f"  {_sight(layer)}"
    yield f"  {_read_back(layer)}"


def _of_side(side: Shown) -> Iterator[str]:
    yield f"  {side.framework}: {one_line(side.told)}, {side.dtype}"
    if side.failed:
        yield f"    FAILED: {one_line(side.failed)}"
    for each in side.observed:
        absolute = ", accuracy class absolute" if each.absolute else ""
        verdict = "" if each.headroom >= 1 else "  FAIL"
        yield (
            f"    {each.name:<6}  error {each.error:.1e}  tolerance {each.tolerance:.1e}  "
            f"headroom {each.headroom:.3g}{absolute}{verdict}"
        )


def _sight(layer: Converted) -> str:
    seen = [name for name, is_seen in layer.notices.items() if is_seen]
    missed = [name for name, is_seen in layer.notices.items() if not is_seen]
    told = f"would notice {', '.join(seen)}" if seen else ""
    would = f"{', '.join(missed)} would pass with these weights" if missed else ""
    return ", but ".join(part for part in (told, would) if part)


def _read_back(layer: Converted) -> str:
    if layer.wrong:
        return f"read back: FAIL, {', '.join(layer.wrong)}"
    if not layer.changed:
        return "read back: bit for bit"
    biases = "bias_ih, the sum, and bias_hh, zero" if layer.source.bias else "the biases, which are zero"
    return f"read back: bit for bit, but for {biases}"
