"""Which layer and direction of nn.LSTM, nn.GRU and nn.RNN is the first that is wrong, and whether by itself.

Called by diagnosis.localise, before the steps are looked at. What is found is kept in a `Found`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from conformance.diagnosis.refeeding import (
    equal_lengths,
    first_layers,
    has_states,
    one_direction,
    one_layer,
    reversed_in_time,
    suffix,
    time_first,
    without_states,
)

if TYPE_CHECKING:
    from conformance.diagnosis.asking import Asked, Asker
    from conformance.diagnosis.refeeding import Problem
    from conformance.sampling.values import Array

DIRECTIONS = ("forward", "reverse")
_FINALS = ("h_n", "c_n")


@dataclass
class Found:
    """What is known so far.

    Attributes:
        whole: the task of the sample.
        problem: the smallest task so far that fails.
        found: the subject's answer to it.
        first: the subject's answer to the task of the sample.
        backward: whether only gradients are wrong.
        told: how the place is known.
        notes: what else was found.
        layer: the layer, if the case has layers.
        direction: `forward`, `reverse` or `both`, if it has two.
        step: the place in the sequence.
        ending: the end of the names of that layer's and direction's parameters in `problem`.
        introduced: see `Location`.
        inherited: see `Location`.
        joined: all that is wrong is how right parts are put together: nothing further is looked for.
        gates: whether the gate is still to be looked for.
    """

    whole: Problem
    problem: Problem
    found: Asked
    first: Asked
    backward: bool
    told: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    layer: int | None = None
    direction: str | None = None
    step: int | None = None
    ending: str = ""
    introduced: bool | None = None
    inherited: list[str] = field(default_factory=list)
    joined: bool = False
    gates: bool = True

    def wrong(self, asked: Asked) -> bool:
        """Whether an answer is wrong in what is looked at, outputs or gradients."""
        return bool(asked.of(backward=self.backward))

    def take(self, problem: Problem, asked: Asked) -> None:
        """Go on from a smaller task that fails."""
        self.problem, self.found = problem, asked

    def join(self, told: str) -> None:
        """End the search: each part is right, and this is what is wrong."""
        self.told.append(told)
        self.introduced, self.joined, self.gates = False, True, False

    @property
    def reversed(self) -> bool:
        """Whether the steps of the task run from the end of the sample's."""
        return self.direction == "reverse" and self.whole.directions == 2 and self.problem.directions == 1

    def named(self, observable: str) -> str:
        """Return the name that an observable of the task has in the sample."""
        if self.layer is None or self.problem.layers > 1:
            return observable
        for reverse in (False, True):
            stem = observable.removesuffix(suffix(0, reverse=reverse))
            if stem != observable:
                return stem + suffix(self.layer, reverse=reverse or self.reversed)
        return observable


def find_layer(asker: Asker, state: Found) -> None:
    """Find the layer and the direction; `state.problem` becomes the smallest task that is wrong."""
    if not state.backward and (order := _order(state)):
        state.join(order)
        return
    _lowest(asker, state)
    if state.layer is not None:
        _by_itself(asker, state)
        _plainer(asker, state)


def _lowest(asker: Asker, state: Found) -> None:
    """Find the fewest layers, from below, that are wrong."""
    whole = state.whole
    state.layer = whole.layers - 1
    for count in range(1, whole.layers):
        fewer = first_layers(whole, count)
        asked = asker.ask(fewer)
        if asked.why:
            state.notes.append(f"fewer layers cannot be asked: {asked.why}")
            state.layer, state.gates = None, False
            break
        if state.wrong(asked):
            state.take(fewer, asked)
            state.layer = count - 1
            break
    rows = _rows(state.found) if not state.backward else []
    if rows and (state.layer is None or "output" in state.found.wrong):
        # The final states tell of each layer.
        lowest = min(rows) // whole.directions
        state.layer = lowest if state.layer is None else min(lowest, state.layer)
    if state.layer is None:
        state.notes.append("the layer cannot be told")
    else:
        state.ending = suffix(state.layer, reverse=False)


def _rows(asked: Asked) -> list[int]:
    """Return which entries of the final states are wrong."""
    masks = [mask for name in _FINALS if (mask := asked.wrong.get(name)) is not None]
    return [k for k in range(len(masks[0])) if any(mask[k].any() for mask in masks)] if masks else []


def _order(state: Found) -> str:
    """Return in which order the final states are, where only that is wrong; empty where it is not that."""
    wrong = state.found.of(backward=False)
    if not set(wrong) <= set(_FINALS):
        return ""
    entries = range(state.whole.layers * state.whole.directions)
    for order in list(permutations(entries))[1:]:
        if all(state.found.agrees_if(name, lambda a, order=order: a[list(order)]) for name in wrong):
            return f"each final state is right, and they are in the order {', '.join(map(str, order))}"
    if all(state.found.agrees_if(name, lambda a: a.swapaxes(0, 1).reshape(a.shape)) for name in wrong):
        return "each final state is right, and they are batch first"
    return ""


def _by_itself(asker: Asker, state: Found) -> None:
    """Look at one direction of the layer alone, then at the layer alone: the first that is wrong is taken."""
    whole, layer = state.whole, state.layer or 0
    if whole.layers == whole.directions == 1:
        return
    suspects = _directions(state)
    unasked = False
    for direction in suspects:
        alone = one_layer(whole, layer, direction)
        asked = asker.ask(alone)
        unasked |= bool(asked.why)
        if state.wrong(asked):
            before = state.found
            state.take(alone, asked)
            state.ending = suffix(0, reverse=False)
            state.direction = DIRECTIONS[direction] if whole.directions == 2 else None
            _others(asker, state, before, [each for each in suspects if each > direction])
            return
        if asked.why:
            state.notes.append(f"one layer in one direction cannot be asked: {asked.why}")
            break
    state.introduced = None if unasked else False
    if whole.directions == 2:
        state.direction = DIRECTIONS[suspects[0]] if len(suspects) == 1 else "both"
        state.ending = suffix(layer, reverse=state.direction == "reverse")
    if whole.layers > 1 and whole.directions == 2 and not unasked:
        asked = asker.ask(both := one_layer(whole, layer))
        if state.wrong(asked):
            state.take(both, asked)
            state.ending = suffix(0, reverse=state.direction == "reverse")
    if not unasked:
        _joining(asker, state)


def _directions(state: Found) -> list[int]:
    """Return the directions of the layer in which something is wrong, from the evidence of one answer."""
    wrong, layer = state.found.wrong, state.layer or 0
    if state.whole.directions == 1:
        return [0]
    if state.backward:
        endings = (suffix(layer, reverse=False), suffix(layer, reverse=True))
        found = [d for d, ending in enumerate(endings) if any(name.endswith(ending) for name in wrong)]
        return found or [0, 1]
    output = wrong.get("output")
    seen = {row % 2 for row in _rows(state.found) if row // 2 == layer}
    if output is not None and layer == state.problem.layers - 1:
        seen |= {d for d, half in enumerate(np.split(output, 2, -1)) if half.any()}
    return sorted(seen) or [0, 1]


def _joining(asker: Asker, state: Found) -> None:
    """Say how the parts of a layer, or the layers, are put together wrongly, where each part is right."""
    problem, layer = state.problem, state.layer or 0
    output = state.found.wrong.get("output")
    if problem.directions == 2 and output is not None:
        half = output.shape[-1] // 2

        def late(a: Array) -> Array:
            return np.concatenate([a[..., :half], reversed_in_time(problem, a)[..., half:]], -1)

        if state.found.agrees_if("output", lambda a: np.roll(a, half, -1)):
            state.direction = "both"
            state.join("each direction alone is right: their features are joined in the other order")
            return
        if state.found.agrees_if("output", late):
            state.join("the reverse direction is right, and shown in the order in which it was computed")
            return
    if problem.layers == 1:
        what = "the reverse direction's order or place" if state.direction == "reverse" else "what joins them"
        state.told.append(
            "each direction alone is right, the reverse one run forward on the sequence reversed: wrong "
            f"where both run, in {what}"
        )
        return
    state.told.append(
        f"each layer alone is right, fed by the oracle: layer {layer} is wrong only among {problem.layers} "
        "layers"
    )
    if problem.directions == 2 and state.direction != "reverse":
        asked = asker.ask(single := one_direction(problem))
        if state.wrong(asked):
            state.take(single, asked)
        elif not asked.why:
            state.notes.append("with one direction the layers are right")


def _others(asker: Asker, state: Found, before: Asked, directions: list[int]) -> None:
    """Say which of the others that are wrong in the sample are wrong by themselves, and which inherit."""
    whole, layer = state.whole, state.layer or 0
    for direction in directions:
        if state.wrong(asker.ask(one_layer(whole, layer, direction))):
            state.notes.append(f"{DIRECTIONS[direction]} is wrong by itself too")
    if state.backward:
        below = [k for k in range(layer) if any(f"_l{k}" in name for name in before.wrong)]
        state.inherited += [f"layer {k}" for k in below]
    # The final states of each layer are results, and so are the outputs of the highest.
    tells = {row // whole.directions for row in _rows(state.first)}
    tells |= {whole.layers - 1} if "output" in state.first.wrong else set()
    for above in range(layer + 1, whole.layers):
        if not state.backward and above not in tells:
            continue
        asked = [asker.ask(one_layer(whole, above, each)) for each in range(whole.directions)]
        if any(state.wrong(each) for each in asked):
            state.notes.append(f"layer {above} is wrong by itself too")
        elif not any(each.why for each in asked) and not state.backward:
            state.inherited.append(f"layer {above}")


def _plainer(asker: Asker, state: Found) -> None:
    """Go on from a plainer form of the task where that is wrong too, and say where it is right."""
    if state.joined:
        return
    if state.problem.packed:
        asked = asker.ask(plainer := equal_lengths(state.problem))
        if state.wrong(asked):
            state.take(plainer, asked)
        elif not asked.why:
            state.told.append("right with equal lengths: wrong only where sequences are packed")
    if state.problem.config["batch_first"]:
        asked = asker.ask(plainer := time_first(state.problem))
        if state.wrong(asked):
            state.take(plainer, asked)
        elif not asked.why:
            state.told.append("right with the steps first: wrong only with batch_first")
    # A single step without states has no recurrent part, in which a mistake could show.
    if has_states(state.problem) and int(state.problem.config["L"]) > 1:
        asked = asker.ask(without_states(state.problem))
        if not asked.why and not state.wrong(asked):
            state.told.append("right without initial states: wrong only where they are given")
