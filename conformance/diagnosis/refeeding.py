"""Smaller tasks of the same case, fed by the oracle: one layer, one direction, some of the steps, gates held.

Called by diagnosis.localise, which asks a subject to run them. What a smaller task needs of the larger one, a
layer's input and the state before a step, is taken from the reference's run of it in float64, never from the
subject's: so a task that fails is wrong by itself, and inherits nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from conformance.cases._steps import GATES
from conformance.cases._unrolled import is_packed, lengths
from conformance.sampling.space import UNBATCHED
from conformance.subjects.protocol import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from conformance.cases.case import Case
    from conformance.sampling.sample import Sample, Scalar
    from conformance.sampling.values import Array
    from conformance.subjects.protocol import Trace

LAYERS = {f"nn.{kind}": kind for kind in GATES}
CELLS = {f"nn.{kind}Cell": kind for kind in GATES} | {"models.LSTMCell": "LSTM"}
SEQUENCES = LAYERS | {"models.LSTM": "LSTM"}
RECURRENT = SEQUENCES | CELLS

_STATES = ("h0", "c0")
_STACKED = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
# The sum of a held gate's biases: `flat` is the middle of sigmoid and tanh, `high` and `low` are their ends
# in every lane, `open` is neither. Half is in each bias, as some implementations lose one of the two.
HELD: Mapping[str, float] = {"flat": 0.0, "high": 128.0, "low": -128.0, "open": 1.0}


@dataclass(frozen=True)
class Problem:
    """A task in one lane, made of given arrays.

    Attributes:
        case: the case.
        sample: the settings, and the text that the cotangents follow from.
        lane: the lane, to which the arrays are rounded.
        arrays: the inputs by the reference's names.
    """

    case: Case
    sample: Sample
    lane: str
    arrays: Mapping[str, Array]

    @property
    def config(self) -> Mapping[str, Scalar]:
        """Sizes and flags by name."""
        return self.sample.settings

    @property
    def kind(self) -> str:
        """`LSTM`, `GRU` or `RNN`."""
        return RECURRENT[self.case.name]

    @property
    def layers(self) -> int:
        """How many layers it has; a model or a cell has one."""
        return int(self.config.get("layers", 1))

    @property
    def directions(self) -> int:
        """How many directions it has."""
        return 2 if self.config.get("bidirectional") else 1

    @property
    def packed(self) -> bool:
        """Whether its sequences have lengths of their own."""
        return self.case.name in LAYERS and is_packed(self.config)

    @property
    def time(self) -> int:
        """The axis of the steps in the input and in the output."""
        first = self.config.get("batch_first", self.case.name not in LAYERS)
        return int(bool(first) and self.config["N"] != UNBATCHED)

    @cached_property
    def oracle(self) -> Trace:
        """The reference's trace in float64 of the lane's values."""
        from conformance.subjects import pytorch

        task = Task(self.case, self.sample, "float64", carrier=self.lane, stored=self.arrays)
        return pytorch.make().run(task)

    def changed(self, arrays: Mapping[str, Array], **settings: Scalar) -> Problem:
        """Return the same with other arrays and some other settings."""
        sample = replace(self.sample, config=tuple({**self.config, **settings}.items()))
        names = self.case.inputs(sample.settings)
        return replace(self, sample=sample, arrays={name: arrays[name] for name in names})


def suffix(layer: int, *, reverse: bool) -> str:
    """Return the end of the names of the parameters of a layer and direction."""
    return f"_l{layer}" + ("_reverse" if reverse else "")


def first_layers(problem: Problem, count: int) -> Problem:
    """Return the task of the lowest layers."""
    rows = count * problem.directions
    arrays = {name: a[:rows] if name in _STATES else a for name, a in problem.arrays.items()}
    dropout = problem.config["dropout"] if count > 1 else "none"
    return problem.changed(arrays, layers=count, dropout=dropout)


def one_layer(problem: Problem, layer: int, direction: int | None = None) -> Problem:
    """Return the task of one layer, on the oracle's output of the layer below.

    Args:
        problem: the task of all layers.
        layer: which layer, from 0.
        direction: 0 is forward and 1 is the reverse, which is then run forward on the sequence reversed; None
            for all directions that there are.
    """
    given = problem.arrays["input"]
    if layer:
        given = first_layers(problem, layer).oracle["output"]
        given = given * 0.0 if problem.config["dropout"] == "all" else given
    every = range(problem.directions) if direction is None else (direction,)
    arrays: dict[str, Array] = {"input": reversed_in_time(problem, given) if direction == 1 else given}
    for name in _STATES:
        if name in problem.arrays:
            arrays[name] = problem.arrays[name][[layer * problem.directions + each for each in every]]
    for place, each in enumerate(every):
        old, new = suffix(layer, reverse=each == 1), suffix(0, reverse=place == 1)
        arrays |= {n.removesuffix(old) + new: a for n, a in problem.arrays.items() if n.endswith(old)}
    settings: dict[str, Scalar] = {"layers": 1, "dropout": "none", "I": given.shape[-1]}
    return problem.changed(arrays, **settings, bidirectional=len(every) == 2)


def one_direction(problem: Problem) -> Problem:
    """Return the task of all layers in the forward direction alone; upper layers read half of their input."""
    arrays = dict(problem.arrays)
    for layer in range(1, problem.layers):
        name = f"weight_ih{suffix(layer, reverse=False)}"
        arrays[name] = arrays[name][:, : arrays[name].shape[1] // 2]
    return problem.changed(_sliced(arrays, slice(0, None, 2)), bidirectional=False)


def _sliced(arrays: Mapping[str, Array], rows: slice) -> dict[str, Array]:
    return {name: a[rows] if name in _STATES else a for name, a in arrays.items()}


def reversed_in_time(problem: Problem, sequence: Array) -> Array:
    """Return a sequence from its end to its start; each packed one from its own end."""
    steps = np.moveaxis(sequence, problem.time, 0)
    turned = steps[::-1].copy()
    if problem.packed:
        for row, length in enumerate(lengths(problem.config)):
            turned[:, row] = steps[:, row]
            turned[:length, row] = steps[:length, row][::-1]
    return np.moveaxis(turned, 0, problem.time)


def time_first(problem: Problem) -> Problem:
    """Return the same task with the steps on the first axis."""
    arrays = {**problem.arrays, "input": np.moveaxis(problem.arrays["input"], problem.time, 0)}
    return problem.changed(arrays, batch_first=False)


def equal_lengths(problem: Problem) -> Problem:
    """Return the same task with sequences of equal lengths."""
    return problem.changed(problem.arrays, form="equal")


def without_states(problem: Problem) -> Problem:
    """Return the same task without initial states."""
    return problem.changed(problem.arrays, **{_states_flag(problem): False})


def _states_flag(problem: Problem) -> str:
    return "init_states" if problem.case.name == "models.LSTM" else "states"


def has_states(problem: Problem) -> bool:
    """Whether initial states are given."""
    return "h0" in problem.arrays


def steps(problem: Problem, start: int, stop: int) -> Problem:
    """Return the task of some of the steps, by their places in the sequence, on the given initial states."""
    places = [slice(None)] * problem.time + [slice(start, stop)]
    given = problem.arrays["input"][tuple(places)]
    return problem.changed({**problem.arrays, "input": given}, L=stop - start)


def refed(problem: Problem, start: int, stop: int) -> Problem:
    """Return the task of some of the steps, on the oracle's states before the first of them.

    The reverse direction's state is that after the last of them. Of several layers in both directions there
    is no such state, as a layer's first steps depend on the last of the layer below.
    """
    ahead = _final_states(steps(problem, 0, start)) if start else _given_states(problem)
    if problem.directions == 2:
        length = int(problem.config["L"])
        behind = _final_states(steps(problem, stop, length)) if stop < length else _given_states(problem)
        ahead = {name: np.stack([a[0], behind[name][1]]) for name, a in ahead.items()}
    part = steps(problem, start, stop)
    settings: dict[str, Scalar] = {_states_flag(problem): True}
    return part.changed({**part.arrays, **ahead}, **settings)


def _given_states(problem: Problem) -> dict[str, Array]:
    """Return the initial states; zeros where none are given."""
    given = {name: problem.arrays[name] for name in _STATES if name in problem.arrays}
    settings = {**problem.config, _states_flag(problem): True}
    shapes = {n: spec.shape for n, spec in problem.case.inputs(settings).items() if n in _STATES}
    return given or {name: np.zeros(shape) for name, shape in shapes.items()}


def _final_states(problem: Problem) -> dict[str, Array]:
    """Return the oracle's states after the last step."""
    trace = problem.oracle
    if problem.case.name == "models.LSTM":
        return {"h0": trace["h_states"][:, -1], "c0": trace["c_states"][:, -1]}
    return {name: trace[final] for name, final in zip(_STATES, ("h_n", "c_n"), strict=True) if final in trace}


def held(problem: Problem, ending: str, gates: Mapping[str, str]) -> Problem:
    """Return the same task with some gates of one layer and direction held constant, by their rows.

    Args:
        problem: the task.
        ending: the end of the names of the parameters.
        gates: by gate, a name of `HELD`.
    """
    arrays, settings = dict(problem.arrays), dict(problem.config)
    if not settings.get("bias", True):
        settings["bias"] = True
        inputs = problem.case.inputs(settings)
        arrays |= {name: np.zeros(spec.shape) for name, spec in inputs.items() if name not in arrays}
    biases = [name for name in ("bias_ih", "bias_hh") if name + ending in arrays]
    height = int(settings["H"])
    for stem in _STACKED:
        if stem + ending not in arrays:
            continue
        array = arrays[stem + ending].copy()
        for gate, how in gates.items():
            place = GATES[problem.kind].index(gate) * height
            array[place : place + height] = HELD[how] / len(biases) if stem in biases else 0.0
        arrays[stem + ending] = array
    return problem.changed(arrays, **settings)


def without(problem: Problem, names: Sequence[str]) -> Problem | None:
    """Return the same task with some of its arrays 0; None where it lacks one of them."""
    if any(name not in problem.arrays for name in names):
        return None
    return problem.changed({**problem.arrays, **{name: problem.arrays[name] * 0.0 for name in names}})


def in_order(observables: Iterable[str]) -> list[str]:
    """Return observables in the order in which a step makes them: first c, last the gradient of the input."""
    outputs = ("c_n", "c_states", "c", "h_states", "h", "output", "outputs", "h_n")
    stems = (*outputs, *_STACKED, "weight_hr", *_STATES, "input")
    order = {name: place for place, name in enumerate(stems)}
    stem = {name: name.removeprefix("grad.").partition("_l")[0] for name in observables}
    return sorted(stem, key=lambda name: order.get(stem[name], len(order)))


def gates_of(problem: Problem, ending: str, wrong: Mapping[str, Array | None]) -> tuple[str, str]:
    """Return the gates in whose rows the gradients of one layer and direction are wrong, and the first such.

    Args:
        problem: the task.
        ending: the end of the names of the parameters.
        wrong: by observable, which elements are wrong; None where none can be compared.
    """
    found, first = "", ""
    for stem in _STACKED:
        name = f"grad.{stem}{ending}"
        mask = wrong.get(name)
        if mask is None or not mask.any():
            continue
        blocks = np.split(mask, len(GATES[problem.kind]))
        found += "".join(gate for gate, block in zip(GATES[problem.kind], blocks, strict=True) if block.any())
        first = first or name
    return "".join(gate for gate in GATES[problem.kind] if gate in found), first
