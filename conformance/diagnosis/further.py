"""Faults that a diagnosis tries and the self-test does not: those with a number or an order as a parameter.

Called by diagnosis.nearest. The self-test has some of each kind, which show that the suite sees them; to name
one of a subject, all are needed.
"""

from __future__ import annotations

from functools import partial
from itertools import permutations
from typing import TYPE_CHECKING, Any

from conformance.cases._steps import GATES
from conformance.faults import FAULTS
from conformance.faults.fault import GRUS, LSTMS, RNNS, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conformance.sampling.sample import Sample

_KINDS = {"LSTM": LSTMS, "GRU": GRUS, "RNN": RNNS}
_LAYERS = ("nn.LSTM", "nn.GRU", "nn.RNN", "models.LSTM")
_PARAMETERS = {"weight_ih": "weight_ih", "weight_hh": "weight_hh", "bias_ih": "bias_ih", "bias_hh": "bias_hh"}

# The longest sequence of which every number of steps is tried.
_LONGEST = 160


def further(samples: Iterable[Sample]) -> list[Fault]:
    """Return the faults of this module that may explain the samples, which are of one case."""
    samples = list(samples)
    case = samples[0].case
    kind = next((kind for kind, cases in _KINDS.items() if case in cases), None)
    if kind is None:
        return []
    found = [*_orders(kind, case), *_turned(kind, case)]
    if case in _LAYERS:
        longest = max(int(sample.settings["L"]) for sample in samples)
        found += _truncated(case, min(longest, _LONGEST))
    return [fault for fault in found if not (fault.name in FAULTS and case in FAULTS[fault.name].cases)]


def _fault(name: str, case: str, says: str, **seams: Any) -> Fault:
    return Fault(name, "further", (case,), says, seams=seams)


def _blocks(p: Any, name: str, count: int) -> list[Any]:
    height = p[name].shape[0] // count
    return [p[name][k * height : (k + 1) * height] for k in range(count)]


def _changed(name: str, change: Callable[[Any, list[Any]], Any], gates: str) -> Callable[..., Any]:
    """Return a seam that changes one parameter by its blocks, where there is that parameter."""

    def parameters(t: Any, p: Any, _config: Any) -> Any:
        return {**p, name: change(t, _blocks(p, name, len(gates)))} if name in p else p

    return parameters


def _reordered(t: Any, blocks: list[Any], places: tuple[int, ...]) -> Any:
    return t.cat([blocks[place] for place in places], 0)


def _orders(kind: str, case: str) -> list[Fault]:
    """Return the orders of the gates of one parameter, while the others are as torch's."""
    right = GATES[kind]
    return [
        _fault(
            f"{name}-gates-{order}",
            case,
            f"gates of {name} are ordered {', '.join(order)}; torch's order is {', '.join(right)}",
            parameters=_changed(
                name, partial(_reordered, places=tuple(order.index(gate) for gate in right)), right
            ),
        )
        for name in _PARAMETERS
        for order in map("".join, permutations(right))
        if order != right
    ]


def _whole(t: Any, blocks: list[Any]) -> Any:
    """Transpose each gate's block, where it is square."""
    square = blocks[0].shape[0] == blocks[0].shape[1]
    return t.cat([block.T if square else block for block in blocks], 0)


def _by_columns(t: Any, blocks: list[Any]) -> Any:
    """Read the numbers of a matrix column by column, as a file in Fortran's order is read wrongly."""
    matrix = t.cat(blocks, 0)
    return matrix.T.reshape(matrix.shape)


def _turned(kind: str, case: str) -> list[Fault]:
    words = {"weight_ih": "input", "weight_hh": "recurrent"}
    return [
        _fault(
            f"{name}-{word}",
            case,
            f"the {which} matrix is {told}",
            parameters=_changed(name, change, GATES[kind]),
        )
        for name, which in words.items()
        for word, told, change in (
            ("transposed", "transposed", _whole),
            ("by-columns", "read column by column", _by_columns),
        )
    ]


def _every(steps: int) -> Callable[..., Any]:
    def carry(_t: Any, step: int, state: Any) -> Any:
        return tuple(part.detach() for part in state) if (step + 1) % steps == 0 else state

    return carry


def _truncated(case: str, longest: int) -> list[Fault]:
    """Return the faults of gradients that stop: after each number of steps."""
    return [
        _fault(f"bptt-cut-{steps}", case, f"gradients stop after {_steps(steps)}", carry=_every(steps))
        for steps in range(1, longest)
    ]


def _steps(count: int) -> str:
    return f"{count} step{'s' * (count > 1)}"
