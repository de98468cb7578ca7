"""Which step of a recurrent sequence is the first that is wrong, and whether by itself.

Called by diagnosis.localise with the smallest task of layers and directions that fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from conformance.diagnosis.refeeding import refed, steps

if TYPE_CHECKING:
    from conformance.diagnosis.asking import Asked, Asker
    from conformance.diagnosis.layers import Found
    from conformance.diagnosis.refeeding import Problem
    from conformance.sampling.values import Array

# So many of the later steps are looked at alone.
_MOST_LATER = 4
_THERE = "introduced there: its input and its state were the oracle's"


def find_step(asker: Asker, state: Found) -> None:
    """Find the fewest steps that are wrong, and whether the last of them is wrong when fed by the oracle."""
    problem = state.problem
    length = int(problem.config["L"])
    if state.joined or not length:
        return
    seen = _seen(state)
    if problem.packed:
        state.step = _place(state, seen[0], length) if seen else None
        return
    sequence = _Sequence(problem, length, backwards=state.direction == "reverse" and problem.directions == 2)
    answers: dict[int, Asked] = {length: state.found}
    low, high, guess = 0, length, seen[0] if seen else None
    while high - low > 1:
        probes = [n for n in (guess, guess + 1) if low < n < high] if guess is not None else []
        count = probes[-1] if probes else (low + high) // 2
        answers[count] = asker.ask(sequence.first(count))
        if answers[count].why:
            state.notes.append(f"the step cannot be shown by shorter sequences: {answers[count].why}")
            state.step = _place(state, guess, length) if guess is not None else None
            return
        low, high = (low, count) if state.wrong(answers[count]) else (count, high)
    state.step = _place(state, high - 1, length)
    state.take(sequence.first(high), answers[high])
    _from_the_state(asker, state, sequence, high - 1, [run for run in seen if run >= high])


class _Sequence:
    """The steps of a task in the order in which they run.

    Args:
        problem: the task.
        length: how many steps it has.
        backwards: whether the direction that is looked at runs from the end.
    """

    def __init__(self, problem: Problem, length: int, *, backwards: bool) -> None:
        self.problem, self.length, self.backwards = problem, length, backwards

    def first(self, count: int) -> Problem:
        """Return the task of the first steps that run, on the given initial states."""
        return steps(self.problem, *self._range(0, count))

    def fed(self, start: int, stop: int) -> Problem:
        """Return the task of some steps, on the oracle's state."""
        return refed(self.problem, *self._range(start, stop))

    def _range(self, start: int, stop: int) -> tuple[int, int]:
        return (self.length - stop, self.length - start) if self.backwards else (start, stop)


def _seen(state: Found) -> list[int]:
    """Return the steps at which the outputs of a task are wrong, in the order in which they run."""
    problem = state.problem
    masks = [state.found.wrong.get(name) for name in ("output", "outputs", "h_states", "c_states")]
    if state.backward or not (shown := [mask for mask in masks if mask is not None]):
        return []
    if state.direction == "reverse" and problem.directions == 2:
        shown = [mask[..., mask.shape[-1] // 2 :] for mask in shown]
    found = [
        k for k in range(int(problem.config["L"])) if any(_at(mask, problem.time, k).any() for mask in shown)
    ]
    if state.direction == "reverse" and problem.directions == 2:
        return [int(problem.config["L"]) - 1 - k for k in reversed(found)]
    return found


def _at(mask: Array, axis: int, place: int) -> Array:
    return np.asarray(np.take(mask, place, axis))


def _place(state: Found, run: int, length: int) -> int:
    """Return the place in the sequence of a step, by the order in which they run."""
    backwards = state.direction == "reverse"
    if backwards and state.whole.packed:
        state.notes.append("steps of the reverse direction are counted from the end of each sequence")
        return run
    return length - 1 - run if backwards else run


def _from_the_state(asker: Asker, state: Found, sequence: _Sequence, run: int, later: list[int]) -> None:
    """Feed the step alone, and the two up to it, from the oracle's state."""
    problem = sequence.problem
    # Where one layer in one direction could not be asked, its input may not have been the oracle's; where it
    # is right by itself, it introduces nothing.
    single = state.introduced is None and problem.layers == problem.directions == 1
    if problem.directions == 2 and problem.layers > 1:
        return
    if run:
        asked = asker.ask(one := sequence.fed(run, run + 1))
        if asked.why:
            state.notes.append(f"the step alone cannot be asked: {asked.why}")
            return
        if not state.wrong(asked):
            _carried(asker, state, sequence, run)
            return
        state.take(one, asked)
    if single:
        state.introduced = True
        state.told.append(_THERE)
    if not state.backward:
        _later(asker, state, sequence, later)


def _later(asker: Asker, state: Found, sequence: _Sequence, later: list[int]) -> None:
    """Say which of the later steps that are wrong are so by themselves, and which inherit."""
    own = []
    for run in later[:_MOST_LATER]:
        asked = asker.ask(sequence.fed(run, run + 1))
        place = _place(state, run, sequence.length)
        if state.wrong(asked):
            own.append(str(place))
        elif not asked.why:
            state.inherited.append(f"step {place}")
    if own:
        state.notes.append(f"wrong by themselves too: step{'s' if len(own) > 1 else ''} {', '.join(own)}")


def _carried(asker: Asker, state: Found, sequence: _Sequence, run: int) -> None:
    """Say what is carried wrongly to a step that is right when fed by the oracle."""
    before, here = (_place(state, each, sequence.length) for each in (run - 1, run))
    if state.introduced is False:
        # It is known already that parts are put together wrongly.
        state.notes.append("each single step is right, fed by the oracle")
        return
    state.introduced = False
    asked = asker.ask(two := sequence.fed(run - 1, run + 1))
    if state.wrong(asked):
        state.take(two, asked)
        state.gates = state.backward
        state.told.append(
            f"each step alone is right, fed by the oracle: wrong in what step {before} hands to step {here}"
        )
        return
    state.told.append(
        f"step {here} alone is right, fed by the oracle, and so are the two up to it: wrong only as step "
        f"{run + 1} of those that run"
        if not asked.why
        else f"step {here} alone is right, fed by the oracle: wrong only after others"
    )
