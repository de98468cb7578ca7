"""Faults of an LSTM's state update: the gates, the new cell state and the output."""

from __future__ import annotations

from typing import Any

from conformance.cases._steps import split_gates
from conformance.faults.fault import LSTMS, Fault


def _fault(name: str, seam: str, text: Any, story: str) -> Fault:
    return Fault(name, "state update", LSTMS, story, seams={seam: text})


def _row_rolled(which: int) -> Any:
    def initial(t: Any, state: Any) -> Any:
        rows = state[which]
        if rows.dim() > 1 and rows.shape[-2] > 1:
            rows = t.cat([rows[..., 1:, :], rows[..., :1, :]], dim=-2)
        return (*state[:which], rows, *state[which + 1 :])

    return initial


def _negated(gate: str) -> Any:
    def gates(t: Any, z: Any) -> Any:
        blocks = split_gates(t, z)
        return {**blocks, gate: -blocks[gate]}

    return gates


def _rolled(gate: str) -> Any:
    def gates(t: Any, z: Any) -> Any:
        blocks = split_gates(t, z)
        block = blocks[gate]
        return {**blocks, gate: t.cat([block[..., 1:], block[..., :1]], dim=-1)}

    return gates


FAULTS = (
    _fault(
        "plus-for-times-forget",
        "update",
        lambda t, i, f, g, c: f + c + i * g,
        "adds f where it must multiply (torchrecurrent #22)",
    ),
    _fault(
        "plus-for-times-input",
        "update",
        lambda t, i, f, g, c: f * c + (i + g),
        "adds i where it must multiply (torchrecurrent #22)",
    ),
    _fault(
        "plus-for-times-output",
        "output",
        lambda t, o, shown: o + shown,
        "adds o where it must multiply (torchrecurrent #22)",
    ),
    _fault(
        "coupled-gates",
        "update",
        lambda t, i, f, g, c: f * c + (1 - f) * g,
        "the input gate is 1 - f, as in a variant of the LSTM (Greff et al. 2017)",
    ),
    _fault(
        "forget-complement",
        "update",
        lambda t, i, f, g, c: (1 - f) * c + i * g,
        "multiplies the cell state by 1 - f, where torch multiplies by f",
    ),
    _fault(
        "no-forget-gate", "update", lambda t, i, f, g, c: c + i * g, "the LSTM of 1997 has no forget gate"
    ),
    _fault("no-input-gate", "update", lambda t, i, f, g, c: f * c + g, "the candidate enters ungated"),
    _fault("no-output-gate", "output", lambda t, o, shown: shown, "the cell state is shown ungated"),
    _fault(
        "forget-bias-1",
        "gates",
        lambda t, z: {**split_gates(t, z), "f": split_gates(t, z)["f"] + 1.0},
        "adds 1 to the forget gate at run time, as TensorFlow 1's BasicLSTMCell did",
    ),
    _fault("candidate-by-sigmoid", "tanh", lambda t, z: t.sigmoid(z), "takes sigmoid for every tanh"),
    _fault("gates-by-tanh", "sigmoid", lambda t, z: t.tanh(z), "takes tanh for sigmoid in every gate"),
    _fault(
        "hard-sigmoid",
        "sigmoid",
        lambda t, z: t.clamp(z * 0.2 + 0.5, 0.0, 1.0),
        "Keras's recurrent activation before 2.3 was the piecewise linear one",
    ),
    _fault("linear-candidate", "tanh", lambda t, z: z, "has no tanh at all"),
    *(
        _fault(f"gate-{g}-negated", "gates", _negated(g), f"the sign of the block {g} is flipped")
        for g in "ifgo"
    ),
    Fault("h0-wrong-row", "states", LSTMS, "rolls h0 by one row", seams={"initial": _row_rolled(0)}),
    Fault("c0-wrong-row", "states", LSTMS, "rolls c0 by one row", seams={"initial": _row_rolled(1)}),
    *(
        _fault(f"gate-{g}-rolled", "gates", _rolled(g), f"the block {g} is off by one element")
        for g in "ifgo"
    ),
)
