"""A recurrent layer as a framework has it, run beside torch's with the same weights, and compared.

torch's layer runs in float64 on random inputs, and rounding is followed through it. What a framework computes
has to be as near to it as that explains. Called by reference.conversion.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from conformance.arithmetic.constants import constants
from conformance.arithmetic.deviation import deviations
from conformance.arithmetic.rules import ACCURACIES
from conformance.arithmetic.tolerance import scale
from conformance.errors import DegenerateError
from conformance.reference.draws import BRANCH, draw
from conformance.reference.program import Program
from conformance.subjects.layer_runs import module_of, side
from conformance.subjects.layouts import GATES
from conformance.subjects.modes import quietly_on_one_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.reference.draws import Draw
    from conformance.sampling.values import Array
    from conformance.subjects.convert import Recurrent

    # What is right on some inputs, the input, and the initial states.
    Drawn = tuple[Draw, Array, tuple[Array, ...]]

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
        told: what ran it.
        dtype: in which it ran.
        observed: its results; none if it could not be run.
        failed: what was raised, else empty.
    """

    framework: str
    told: str
    dtype: str
    observed: tuple[Observed, ...]
    failed: str = ""

    @property
    def passed(self) -> bool:
        """Whether it computes what torch's layer does."""
        return bool(self.observed) and all(each.headroom >= 1 for each in self.observed)


def shown(layer: Recurrent, framework: str, drawn: Callable[[str], Drawn]) -> Shown:
    """Run a layer as a framework has it, and compare it with torch's in float64, with the same parameters."""
    with warnings.catch_warnings():
        # A warning about a framework's own code must not fail the conversion where warnings are errors.
        warnings.simplefilter("ignore")
        runs = side(framework)
        dtype = "float64" if layer.dtype == np.float64 and not runs.only_float32 else "float32"
        right, x, states = drawn(dtype)
        try:
            with quietly_on_one_thread():
                got = runs.run(layer, np.dtype(dtype), x, states)
        except Exception as error:  # noqa: BLE001 - a framework may raise anything
            return Shown(framework, runs.told, dtype, (), f"{type(error).__name__}: {error}")
    return Shown(framework, runs.told, dtype, _observed(right, got))


class _Layer(torch.nn.Module):
    """Torch's layer as a function of arrays that returns a tuple."""

    def __init__(self, made: torch.nn.Module) -> None:
        super().__init__()
        self.made = made

    def forward(self, x: torch.Tensor, *states: torch.Tensor) -> tuple[torch.Tensor, ...]:
        output, last = self.made(x, states if len(states) > 1 else states[0])
        return (output, *last) if isinstance(last, tuple) else (output, last)


def drawn(layer: Recurrent, seed: int, dtype: str) -> Drawn:
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


def _gates_exchanged(layer: Recurrent) -> dict[str, Array]:
    gates = len(GATES[layer.kind])

    def exchanged(name: str, array: Array) -> Array:
        if name.startswith("weight_hr"):
            return array
        first, second, *rest = np.split(array, gates)
        return np.concatenate([second, first, *rest])

    # A plain RNN has one gate.
    return {name: exchanged(name, array) for name, array in layer.parameters.items()} if gates > 1 else {}


def _recurrent_transposed(layer: Recurrent) -> dict[str, Array]:
    def transposed(name: str, array: Array) -> Array:
        blocks = np.split(array, len(GATES[layer.kind])) if name.startswith("weight_hh") else []
        return np.concatenate([block.T for block in blocks]) if blocks else array

    # With a projection the matrices are not square.
    found = {name: transposed(name, array) for name, array in layer.parameters.items()}
    return {} if layer.proj_size else found


def _bias_dropped(layer: Recurrent) -> dict[str, Array]:
    found = {
        name: np.zeros_like(array) if name.startswith("bias_hh") else array
        for name, array in layer.parameters.items()
    }
    return found if layer.bias else {}


def _directions_exchanged(layer: Recurrent) -> dict[str, Array]:
    found = {
        name.removesuffix("_reverse") if name.endswith("_reverse") else f"{name}_reverse": array
        for name, array in layer.parameters.items()
    }
    return found if layer.directions == 2 else {}


# What people get wrong in a conversion; each returns wrong parameters, or none where it cannot be made.
_MISTAKES = {
    "gates in another order": _gates_exchanged,
    "a transposed recurrent matrix": _recurrent_transposed,
    "a dropped bias_hh": _bias_dropped,
    "exchanged directions": _directions_exchanged,
}


def noticed(layer: Recurrent, drawn: Drawn) -> dict[str, bool]:
    """Return, by mistake, whether a result would be out of tolerance if the conversion had made it.

    A bias that is zero, or a layer in saturation, can hide one.
    """
    right, x, states = drawn
    rounded = {name: array.astype(right.program.dtype) for name, array in layer.parameters.items()}
    found = {}
    for mistake, made in _MISTAKES.items():
        parameters = made(replace(layer, parameters=rounded))
        if parameters:
            module = _Layer(module_of(torch, replace(layer, parameters=parameters), "float64"))
            with quietly_on_one_thread(), torch.no_grad():
                got = module(torch.tensor(x).double(), *(torch.tensor(each).double() for each in states))
            found[mistake] = any(
                bool((np.abs(each.numpy() - right.oracle[key]) > right.allowed(key)).any())
                for key, each in zip(right.oracle, got, strict=True)
            )
    return found


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
    for number, (key, array) in enumerate(zip(right.oracle, got, strict=True)):
        if observed[number].headroom < 1:
            less = _compared(observed[number].name, right.oracle[key], absolute[key], array, absolute=True)
            observed[number] = less if less.headroom >= 1 else observed[number]
    return tuple(observed)


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
