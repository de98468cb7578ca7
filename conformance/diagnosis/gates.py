"""Which gate of a recurrent step is wrong: from the rows of gradients, or by holding the others constant.

Called by diagnosis.localise with the smallest task that fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from conformance.cases._steps import GATES
from conformance.diagnosis.refeeding import gates_of, held, without
from conformance.judging.expectation import is_gradient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.diagnosis.asking import Asked, Asker
    from conformance.diagnosis.refeeding import Problem

# The gate that hides others where it is held at 0: it is then held at another value.
_HIDES: Mapping[str, str] = {"LSTM": "g", "GRU": "n"}
# How gates are held constant. Where z is 1 a GRU keeps its state, and hides all else.
_WAYS: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "LSTM": (dict.fromkeys("ifgo", "flat"), dict.fromkeys("ifgo", "high")),
    "GRU": (dict.fromkeys("rzn", "flat"), {"r": "high", "z": "low", "n": "high"}),
    "RNN": (),
}
# What may be wrong in every gate.
_PARTS = (("bias_ih",), ("bias_hh",), ("weight_ih",), ("weight_hh",), ("bias_ih", "bias_hh"))


def find_gates(
    asker: Asker, problem: Problem, ending: str, found: Asked, *, backward: bool
) -> tuple[str | None, str]:
    """Return the gates in words, or None, and how that is known or why it is not.

    Args:
        asker: asks the subject.
        problem: a task that it gets wrong.
        ending: the end of the names of the parameters of the layer and direction in which it is wrong.
        found: its answer.
        backward: whether only gradients are wrong.
    """
    kind = problem.kind
    if backward:
        gates, _ = gates_of(problem, ending, found.wrong)
        if not gates:
            return None, "the gradients of the parameters are right"
        return (in_words(gates, kind), "by the rows of gradients") if len(GATES[kind]) > 1 else (None, "")
    if len(GATES[kind]) == 1:
        return None, _part(asker, problem, ending)
    guilty, told = "", "which gate cannot be told: wrong even where each gate is held constant"
    for way in _WAYS[kind]:
        constant = asker.ask(held(problem, ending, way))
        if constant.why:
            told = f"which gate cannot be told: {constant.why}"
            continue
        if constant.of(backward=False):
            continue
        gates, unknown = _guilty(asker, problem, ending, way)
        if gates and not unknown:
            told = "right where held constant, wrong where it varies"
            part = _part(asker, problem, ending) if gates == GATES[kind] else ""
            return in_words(gates, kind), "; ".join(filter(None, (told, part)))
        # What hides behind another gate in one way may show in the other.
        if gates and not guilty:
            guilty = gates
            others = f"{'gate' if len(unknown) == 1 else 'gates'} {' and '.join(unknown)}"
            told = f"right where held constant, wrong where it varies; {others} cannot be told"
    return (in_words(guilty, kind) if guilty else None), told


def _guilty(asker: Asker, problem: Problem, ending: str, way: Mapping[str, str]) -> tuple[str, str]:
    """Let one gate after the other vary, in a task that is right where none does.

    Returns:
        The gates with which it is wrong, and those of which this cannot be told.
    """
    guilty, unknown = "", ""
    for gate in GATES[problem.kind]:
        holding = dict(way)
        if not _shows(problem, ending, holding, gate) and gate != _HIDES[problem.kind]:
            holding[_HIDES[problem.kind]] = "open"
            if not _shows(problem, ending, holding, gate):
                continue
            # Where it is wrong without the gate varying, it says nothing about that gate.
            still = asker.ask(held(problem, ending, holding))
            if still.why or still.of(backward=False):
                unknown += gate
                continue
        del holding[gate]
        varied = asker.ask(held(problem, ending, holding))
        unknown += gate if varied.why else ""
        guilty += gate if varied.of(backward=False) else ""
    return guilty, unknown


def _shows(problem: Problem, ending: str, holding: Mapping[str, str], gate: str) -> bool:
    """Whether any output of the oracle changes where one of the held gates varies."""
    varying = {name: how for name, how in holding.items() if name != gate}
    constant, varied = (held(problem, ending, each).oracle for each in (holding, varying))
    return any(not np.array_equal(constant[name], varied[name]) for name in constant if not is_gradient(name))


def _part(asker: Asker, problem: Problem, ending: str) -> str:
    """Return without which part of every gate a task is right: a weight, a bias, or both; empty if none."""
    for names in _PARTS:
        less = without(problem, [name + ending for name in names])
        if less is None:
            continue
        asked = asker.ask(less)
        if not asked.why and not asked.of(backward=False):
            return f"right where {' and '.join(names)} {'are' if len(names) > 1 else 'is'} 0"
    return ""


def in_words(gates: str, kind: str) -> str:
    """Return gates in words: `f`, `i and f`, `every gate`."""
    if gates == GATES[kind]:
        return "every gate"
    return " and ".join(filter(None, (", ".join(gates[:-1]), gates[-1])))
