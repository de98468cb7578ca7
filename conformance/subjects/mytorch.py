"""mytorch: torch's API, and the lesson's LSTM with its parameters gate by gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.case import Mapped, Values
from conformance.subjects.torchlike import TorchLike
from conformance.subjects.weights import Entry, WeightMap

if TYPE_CHECKING:
    from collections.abc import Mapping

# The lesson calls torch's gate g, the candidate, c; it has one bias a gate, the input's.
_LESSON_NAME = {"i": "i", "f": "f", "o": "o", "g": "c"}

CELL = WeightMap(
    entries=(
        *(Entry(f"W_x{name}.weight", "weight_ih", gates=gate) for gate, name in _LESSON_NAME.items()),
        *(Entry(f"W_x{name}.bias", "bias_ih", gates=gate) for gate, name in _LESSON_NAME.items()),
        *(Entry(f"W_h{name}.weight", "weight_hh", gates=gate) for gate, name in _LESSON_NAME.items()),
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
    # A parameter that the loss never reached has no gradient: leave all of its reference's out, to be missed.
    if any(parameter.grad is None for parameter in named.values()):
        return {}
    return CELL.to_reference({name: p.grad.numpy() for name, p in named.items()}, gradients=True)


def lesson_cell(t: Any, x: Values) -> Mapped:
    """One step of `mytorch.models.LSTMCell`."""
    cell = t.models.LSTMCell(x.config["I"], x.config["H"], x.config["O"]).to(x["weight_ih"].dtype)
    _load(t, x, cell)
    y, h, c = cell(x["input"], (x["h0"], x["c0"]))
    return Mapped({"output": y, "h": h, "c": c}, lambda: _gradients(cell))


def lesson_lstm(t: Any, x: Values) -> Mapped:
    """`mytorch.models.LSTM` over the whole sequence."""
    lstm = t.models.LSTM(x.config["I"], x.config["H"], x.config["O"]).to(x["weight_ih"].dtype)
    _load(t, x, lstm.lstm_cell)
    states = (x["h0"], x["c0"]) if x.config["init_states"] else None
    outputs, (h, c) = lstm(x["input"], states)
    return Mapped({"outputs": outputs, "h_states": h, "c_states": c}, lambda: _gradients(lstm.lstm_cell))


def make() -> TorchLike:
    """Return mytorch as a subject."""
    return TorchLike("mytorch", "mytorch", {"models.LSTMCell": lesson_cell, "models.LSTM": lesson_lstm})
