"""Faults of a gate's block of a weight: transposed, rolled or negated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._steps import GATES
from conformance.faults._rewriting import changed
from conformance.faults.fault import GRUS, LSTMS, MODELS, RNNS, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Values

_CELLS = {"LSTM": LSTMS, "GRU": GRUS, "RNN": RNNS}
_MATRICES = {"weight_ih": "input", "weight_hh": "recurrent"}


def _transposed(t: Any, block: Any) -> Any:
    del t
    return block.T if block.shape[0] == block.shape[1] else block


def _rolled(t: Any, block: Any) -> Any:
    return t.cat([block[1:], block[:1]], 0)


def _negated(t: Any, block: Any) -> Any:
    del t
    return -block


_CHANGES: dict[str, tuple[Callable[..., Any], str]] = {
    "transposed": (_transposed, "transposed, which fits where it is square"),
    "rolled": (_rolled, "off by one row"),
    "negated": (_negated, "with the wrong sign"),
}


def _block(name: str, gates: str, gate: str, change: Callable[..., Any]) -> Callable[..., Any]:
    """Change one gate's block of rows of one parameter."""
    place = gates.index(gate)

    def parameters(t: Any, p: Any, config: Any) -> Any:
        del config
        height = p[name].shape[0] // len(gates)
        blocks = [p[name][k * height : (k + 1) * height] for k in range(len(gates))]
        blocks[place] = change(t, blocks[place])
        return {**p, name: t.cat(blocks, 0)}

    return parameters


def _whole(name: str, change: Callable[..., Any]) -> Callable[..., Any]:
    return lambda t, p, config: {**p, name: change(t, p[name])}


def _linear(t: Any, x: Values, correct: Any) -> Any:
    return correct(t, changed(x, {"weight": _transposed(t, x["weight"])}))


FAULTS = (
    *(
        Fault(
            f"{kind.lower()}-{name}-{gate}-{word}",
            "weights",
            cases,
            f"takes the gate {gate}'s {_MATRICES[name]} matrix {story}",
            seams={"parameters": _block(name, GATES[kind], gate, change)},
        )
        for kind, cases in _CELLS.items()
        for name in _MATRICES
        for gate in GATES[kind]
        for word, (change, story) in _CHANGES.items()
    ),
    *(
        Fault(
            f"head-{word}",
            "weights",
            MODELS,
            f"takes the output projection's matrix {story}",
            seams={"parameters": _whole("head.weight", change)},
        )
        for word, (change, story) in _CHANGES.items()
    ),
    Fault(
        "linear-weight-transposed",
        "weights",
        ("nn.Linear",),
        "multiplies by the weight as it is stored, (out, in), which fits where it is square",
        around=_linear,
    ),
)
