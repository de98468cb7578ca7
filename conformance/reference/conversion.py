"""Converts a checkpoint, and shows that its recurrent layers compute what they did: both sides run.

Layers are read by subjects.convert, written by subjects.laid_out and compared by reference.layer_parity.
Called by `conformance convert`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from conformance.errors import UsageError
from conformance.paths import check_target, found_at
from conformance.reference.layer_parity import drawn, noticed, shown
from conformance.subjects.checkpoints import ending, load, save
from conformance.subjects.convert import find
from conformance.subjects.laid_out import laid_out, remarks
from conformance.subjects.layouts import find_framework

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conformance.reference.layer_parity import Shown
    from conformance.sampling.values import Array
    from conformance.subjects.convert import Recurrent
    from conformance.subjects.layouts import Framework


@dataclass(frozen=True)
class Converted:
    """One recurrent layer, converted.

    Attributes:
        source: as it was read.
        target: as it was read back from what was written.
        remarks: what the conversion changes without changing the function, and what it assumes.
        sides: how each side compares.
        notices: by a mistake that people make, whether the run of the target would have shown it.
    """

    source: Recurrent
    target: Recurrent
    remarks: tuple[str, ...]
    sides: tuple[Shown, ...]
    notices: Mapping[str, bool]

    @property
    def changed(self) -> tuple[str, ...]:
        """The parameters of torch's that are not the same bit for bit when read back."""
        before, after = self.source.parameters, self.target.parameters
        return tuple(
            name
            for name in after
            if name not in before
            or before[name].dtype != after[name].dtype
            or before[name].tobytes() != after[name].tobytes()
        )

    @property
    def wrong(self) -> tuple[str, ...]:
        """Those of them that are not biases which were added: the sum in bias_ih, and zero in bias_hh."""
        before, after = self.source.parameters, self.target.parameters

        def added(name: str) -> bool:
            if not name.startswith("bias_"):
                return False
            end = name.removeprefix("bias_ih").removeprefix("bias_hh")
            got_ih, got_hh = after[f"bias_ih{end}"], after[f"bias_hh{end}"]
            if not self.source.bias:
                return not (got_ih.any() or got_hh.any())
            ih, hh = before[f"bias_ih{end}"], before[f"bias_hh{end}"]
            apart = (got_ih == ih) & (got_hh == hh)
            return bool(np.all(apart | ((got_ih == ih + hh) & (got_hh == 0))))

        lost = (name for name in before if name not in after)
        return (*lost, *(name for name in self.changed if not added(name)))

    @property
    def passed(self) -> bool:
        """Whether both sides compute what torch's layer does, and no weight is lost or changed."""
        return all(side.passed for side in self.sides) and not self.wrong


@dataclass(frozen=True)
class Conversion:
    """A checkpoint, converted.

    Attributes:
        layers: its recurrent layers.
        kept: the names of what is not part of one, and is as it was.
    """

    layers: tuple[Converted, ...]
    kept: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether parity is shown of every layer."""
        return bool(self.layers) and all(layer.passed for layer in self.layers)


@dataclass(frozen=True)
class Names:
    """What parameters are called on both sides, as options of the command.

    Attributes:
        read: patterns of the source's names, the first that matches counts; by default its framework's.
        written: the pattern of the target's names.
        prefix: only layers whose prefix begins with it are converted.
        key: of a .pt file, the key of the state dict in it.
    """

    read: tuple[str, ...] = ()
    written: str = ""
    prefix: str = ""
    key: str = ""


def convert(
    source: str,
    target: str,
    file: Path,
    out: Path,
    *,
    names: Names | None = None,
    nonlinearity: str = "tanh",
    seed: int = 0,
) -> Conversion:
    """Convert a checkpoint; the file is written if parity is shown.

    Args:
        source: the framework whose layout the checkpoint has.
        target: the framework whose layout it gets.
        file: the checkpoint.
        out: the file to write.
        names: what parameters are called.
        nonlinearity: of the RNNs, `tanh` or `relu`; an ONNX model states it.
        seed: of the inputs and the initial states, which are normal.

    Returns:
        What was found of each layer. Without any, or if one does not pass, nothing is written.

    Raises:
        DegenerateError: rounding decides which branch relu takes, for several inputs.
        OSError: the file cannot be written, as on a full disk.
        UsageError: a framework, a file or a layer cannot be used; see subjects.convert.
    """
    names = names or Names()
    of, to = find_framework(source), find_framework(target)
    _check_files(of, to, file, out)
    given = load(file, names.key)
    found = find(
        given.arrays,
        of,
        patterns=names.read,
        prefix=names.prefix,
        nonlinearity=nonlinearity,
        relu=given.relu,
    )
    if not found.layers:
        return Conversion((), tuple(found.kept))
    arrays = dict(found.kept)
    written = []
    for layer in found.layers:
        parameters = laid_out(layer, to, names.written)
        for name in parameters:
            if name in arrays:
                raise UsageError(f"to-pattern: two arrays get the name {name!r}; see --to-pattern")
        arrays |= parameters
        written.append(_read_again(parameters, to, names.written, layer))
    part = out.with_name(f".{out.stem}.{os.getpid()}{out.suffix}")
    try:
        save(part, arrays, written)
        back = load(part).arrays
        converted = []
        for layer, there in zip(found.layers, written, strict=True):
            parameters = {name: back[name] for name in there.names.values()}
            as_read = _read_again(parameters, to, names.written, layer)
            right = cache(partial(drawn, layer, seed))
            sides = (shown(layer, of.name, right), shown(as_read, to.name, right))
            told = tuple(remarks(layer, of, to, told=given.told))
            notices = noticed(layer, right(sides[1].dtype))
            converted.append(Converted(layer, as_read, told, sides, notices))
        conversion = Conversion(tuple(converted), tuple(found.kept))
        if conversion.passed:
            part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return conversion


def _check_files(of: Framework, to: Framework, file: Path, out: Path) -> None:
    for framework, path in ((of, file), (to, out)):
        kind = ending(path)
        if kind == ".onnx" and framework.name != "onnx":
            raise UsageError(f"file {str(path)!r}: an ONNX model has the layout onnx, not {framework.name}")
        if framework.name == "npz" and kind != ".npz":
            raise UsageError(f"file {str(path)!r}: npz is torch's layout in an npz file, got {kind}")
    check_target("out", out)
    if found_at(out.parent) != "a folder":
        told = "expected a file in a folder that is there, got one in"
        raise UsageError(f"out {str(out)!r}: {told} {str(out.parent)!r}")
    if out.exists() and file.exists() and out.samefile(file):
        raise UsageError(f"out {str(out)!r}: expected another file than the one that is read")


def _read_again(parameters: Mapping[str, Array], to: Framework, pattern: str, layer: Recurrent) -> Recurrent:
    """Return the layer that some written parameters are."""
    patterns = (pattern,) if pattern else ()
    (read,) = find(parameters, to, patterns=patterns, nonlinearity=layer.nonlinearity).layers
    return read
