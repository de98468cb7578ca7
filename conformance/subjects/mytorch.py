"""The subject mytorch: torch's API, and the LSTM of `mytorch.models`, which stores parameters by gate.

`make` is called by the registry and returns an implementation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.cases.case import Built, LayerProgram, of_module
from conformance.subjects.torchlike import TorchLike
from conformance.subjects.weights import Entry, WeightMap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases.case import Config, Program, Tensors, Values

# mytorch.models calls torch's gate g, the candidate, c; it has one bias per gate, the input's.
_GATE_NAMES = {"i": "i", "f": "f", "o": "o", "g": "c"}

CELL = WeightMap(
    entries=(
        *(Entry(f"W_x{name}.weight", "weight_ih", gates=gate) for gate, name in _GATE_NAMES.items()),
        *(Entry(f"W_x{name}.bias", "bias_ih", gates=gate) for gate, name in _GATE_NAMES.items()),
        *(Entry(f"W_h{name}.weight", "weight_hh", gates=gate) for gate, name in _GATE_NAMES.items()),
        Entry("W_hq.weight", "head.weight"),
        Entry("W_hq.bias", "head.bias"),
    ),
    zero=("bias_hh",),
)

_REFERENCE = ("weight_ih", "weight_hh", "bias_ih", "head.weight", "head.bias")


def _load(t: Any, x: Values, cell: Any) -> None:
    parameters = CELL.to_subject({name: x[name].detach().numpy() for name in _REFERENCE})
    cell.load_state_dict({name: t.from_numpy(array) for name, array in parameters.items()})


def _gradients(cell: Any) -> Mapping[str, Any]:
    named = dict(cell.named_parameters())
    # A gate that the loss did not reach has no gradient here, and zeros in the reference's layout, where all
    # gates are one parameter; that one has no gradient if no gate has one.
    reached = {entry.source for entry in CELL.entries if named[entry.target].grad is not None}
    parts = {
        name: np.zeros(p.shape, p.detach().numpy().dtype) if p.grad is None else p.grad.numpy()
        for name, p in named.items()
    }
    found = CELL.to_reference(parts, gradients=True)
    return {name: gradient for name, gradient in found.items() if name in reached}


def _cell(t: Any, x: Values, config: Config) -> Built:
    """`mytorch.models.LSTMCell`: one step."""
    cell = t.models.LSTMCell(config["I"], config["H"], config["O"]).to(x["weight_ih"].dtype)
    _load(t, x, cell)

    def call(cell: Any, data: Tensors) -> dict[str, Any]:
        y, h, c = cell(data["input"], (data["h0"], data["c0"]))
        return {"output": y, "h": h, "c": c}

    return of_module(cell, call, dict(cell.named_parameters()), _gradients)


def _lstm(t: Any, x: Values, config: Config) -> Built:
    """`mytorch.models.LSTM`: the whole sequence."""
    lstm = t.models.LSTM(config["I"], config["H"], config["O"]).to(x["weight_ih"].dtype)
    _load(t, x, lstm.lstm_cell)

    def call(lstm: Any, data: Tensors) -> dict[str, Any]:
        states = (data["h0"], data["c0"]) if "h0" in data else None
        outputs, (h, c) = lstm(data["input"], states)
        return {"outputs": outputs, "h_states": h, "c_states": c}

    return of_module(lstm, call, dict(lstm.named_parameters()), lambda lstm: _gradients(lstm.lstm_cell))


_PROGRAMS: Mapping[str, Program] = {
    "models.LSTMCell": LayerProgram(_cell),
    "models.LSTM": LayerProgram(_lstm),
}


def make() -> TorchLike:
    """mytorch, the NumPy library of this repository."""
    return TorchLike("mytorch", "mytorch", _PROGRAMS)
