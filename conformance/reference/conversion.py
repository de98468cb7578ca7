"""Converts a checkpoint, and shows that its recurrent layers compute what they did: both sides run.

torch's layer with the same weights runs in float64 on random inputs, and rounding is followed through it.
Each side has to be as near to it as that explains. Called by `conformance convert`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from conformance.arithmetic.constants import constants
from conformance.arithmetic.deviation import deviations
from conformance.arithmetic.rules import ACCURACIES
from conformance.arithmetic.tolerance import scale
from conformance.errors import DegenerateError, UsageError
from conformance.reference.draws import BRANCH, draw
from conformance.reference.program import Program
from conformance.subjects.checkpoints import ending, load, save
from conformance.subjects.convert import find, laid_out, remarks
from conformance.subjects.layer_runs import module_of, side
from conformance.subjects.layouts import find_framework
from conformance.subjects.modes import quietly_on_one_thread

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conformance.reference.draws import Draw
    from conformance.sampling.values import Array
    from conformance.subjects.convert import Recurrent
    from conformance.subjects.layouts import Framework

# The sizes of the inputs: no two are equal to each other or, in most layers, to another size.
LENGTH, BATCH = 7, 3

OBSERVABLES = ("output", "h_n", "c_n")


@dataclass(frozen=True)
class Observed:
    """One result of one side.

    Attributes:
        name: `output`, `h_n` or `c_n`.
        error: at the element with the least headroom.
        tolerance: of that element.
        headroom: tolerance / error there; below 1 it is another function.
        absolute: whether the tolerance is that of the accuracy class `absolute`, as that of `relative` is
            exceeded.
    """

    name: str
    error: float
    tolerance: float
    headroom: float
    absolute: bool = False


@dataclass(frozen=True)
class Shown:
    """How one side compares.

    Attributes:
        framework: whose layout the parameters have.
        told: what ran it, and in which dtype.
        observed: its results; none if it could not be run.
        failed: what was raised, else empty.
    """

    framework: str
    told: str
    observed: tuple[Observed, ...]
    failed: str = ""

    @property
    def passed(self) -> bool:
        """Whether it computes what torch's layer does."""
        return bool(self.observed) and all(each.headroom >= 1 for each in self.observed)


@dataclass(frozen=True)
class Converted:
    """One recurrent layer, converted.

    Attributes:
        source: as it was read.
        target: as it was read back from what was written.
        remarks: what the conversion changes without changing the function, and what it assumes.
        sides: how each side compares.
    """

    source: Recurrent
    target: Recurrent
    remarks: tuple[str, ...]
    sides: tuple[Shown, ...]

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
        OSError: a file cannot be read or written.
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
            sides = (_shown(layer, of.name, layer, seed), _shown(layer, to.name, as_read, seed))
            told = tuple(remarks(layer, of, to, told=given.told))
            converted.append(Converted(layer, as_read, told, sides))
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
    if out.exists() and file.exists() and out.samefile(file):
        raise UsageError(f"out {str(out)!r}: expected another file than the one that is read")


def _read_again(parameters: Mapping[str, Array], to: Framework, pattern: str, layer: Recurrent) -> Recurrent:
    """Return the layer that some written parameters are."""
    patterns = (pattern,) if pattern else ()
    (read,) = find(parameters, to, patterns=patterns, nonlinearity=layer.nonlinearity).layers
    return read


def _shown(layer: Recurrent, framework: str, as_there: Recurrent, seed: int) -> Shown:
    """Run a layer as a framework has it, and compare it with torch's in float64, with the same parameters."""
    runs = side(framework)
    dtype = "float64" if layer.dtype == np.float64 and not runs.only_float32 else "float32"
    told = f"{runs.told}, {dtype}"
    right, x, states = _drawn(layer, dtype, seed)
    try:
        with quietly_on_one_thread():
            got = runs.run(as_there, np.dtype(dtype), x, states)
    except Exception as error:  # noqa: BLE001 - a framework may raise anything
        return Shown(framework, told, (), f"{type(error).__name__}: {error}")
    return Shown(framework, told, _observed(right, got))


class _Layer(torch.nn.Module):
    """Torch's layer as a function of arrays that returns a tuple."""

    def __init__(self, made: torch.nn.Module) -> None:
        super().__init__()
        self.made = made

    def forward(self, x: torch.Tensor, *states: torch.Tensor) -> tuple[torch.Tensor, ...]:
        output, last = self.made(x, states if len(states) > 1 else states[0])
        return (output, *last) if isinstance(last, tuple) else (output, last)


def _drawn(layer: Recurrent, dtype: str, seed: int) -> tuple[Draw, Array, tuple[Array, ...]]:
    """Return inputs and what is right for them; others where rounding decides which branch is taken."""
    module = _Layer(module_of(torch, layer))
    for number in range(seed, seed + 1 + constants().redraws):
        rng = np.random.Generator(np.random.PCG64(number))
        x = rng.standard_normal((LENGTH, BATCH, layer.input_size)).astype(dtype)
        widths = (layer.proj_size or layer.hidden_size, layer.hidden_size)
        count = layer.layers * layer.directions
        states = tuple(
            rng.standard_normal((count, BATCH, width)).astype(dtype)
            for width in widths[: 2 if layer.kind == "LSTM" else 1]
        )
        program = Program(module, (torch.tensor(x), *map(torch.tensor, states)), dtype, backward=False)
        right = draw(program, f"convert|{number}")
        if right is not None:
            return right, x, states
    raise DegenerateError(f"{layer}: {BRANCH}")


def _observed(right: Draw, got: tuple[Array, ...]) -> tuple[Observed, ...]:
    observed = [
        _compared(name, right.oracle[key], right.allowed(key), array)
        for name, key, array in zip(OBSERVABLES, right.oracle, got, strict=False)
    ]
    if len(got) != len(right.oracle):
        observed.append(Observed("results", np.inf, 0.0, 0.0))
    if all(each.headroom >= 1 for each in observed):
        return tuple(observed)
    absolute = _absolute(right)
    if absolute is None or len(got) != len(right.oracle):
        return tuple(observed)
    return tuple(
        each
        if each.headroom >= 1
        else _compared(each.name, right.oracle[key], absolute[key], array, absolute=True)
        for each, key, array in zip(observed, right.oracle, got, strict=True)
    )


def _absolute(right: Draw) -> dict[str, Array] | None:
    """Return the tolerances of the accuracy class `absolute`, which some frameworks' tanh needs."""
    most = float(np.finfo(np.float32).max) if right.program.dtype == "float32" else np.inf
    with quietly_on_one_thread():
        found = deviations(
            right.program.observables, right.key, zeros=True, rules=ACCURACIES["absolute"], most=most
        )
    if found is None:
        return None
    return {name: scale(each, right.program.dtype).allowed() for name, each in found.items()}


def _compared(name: str, right: Array, allowed: Array, got: Array, *, absolute: bool = False) -> Observed:
    """Return the comparison of one result, at the element with the least headroom."""
    if got.shape != right.shape:
        return Observed(name, np.inf, 0.0, 0.0)
    with np.errstate(all="ignore"):
        error = np.abs(got.astype(np.float64) - right)
        same = (got == right) | (np.isnan(got) & np.isnan(right))
        error = np.where(same, 0.0, np.nan_to_num(error, nan=np.inf, posinf=np.inf))
        headroom = np.where(error == 0, np.inf, allowed / np.where(error == 0, 1.0, error))
    worst: Any = np.unravel_index(np.argmin(headroom), headroom.shape)
    return Observed(
        name, float(error[worst]), float(allowed[worst]), float(headroom[worst]), absolute=absolute
    )
