"""The reference, torch: in float64 the oracle, in the lane's dtype the source of the masks of inf and NaN.

`make` is called by judging and by the registry, and returns an implementation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.case import LayerProgram, of_function
from conformance.subjects.protocol import HALF_LANES
from conformance.subjects.supports import Supports
from conformance.subjects.torchlike import TorchLike

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases.case import Program, Values


def _cell(t: Any, x: Values) -> tuple[Any, dict[str, Any]]:
    """Return torch's own cell and the parameters to call it with; the map declares `bias_hh` zero."""
    config = x.config
    cell = t.nn.LSTMCell(config["I"], config["H"], device="meta")
    parameters = {name: x[name] for name in ("weight_ih", "weight_hh", "bias_ih")}
    return cell, parameters | {"bias_hh": t.zeros_like(parameters["bias_ih"])}


def models_cell(t: Any, x: Values) -> Mapping[str, Any]:
    """`models.LSTMCell` is torch.nn.LSTMCell and a Linear head."""
    cell, parameters = _cell(t, x)
    h, c = t.func.functional_call(cell, parameters, (x["input"], (x["h0"], x["c0"])))
    return {"output": t.nn.functional.linear(h, x["head.weight"], x["head.bias"]), "h": h, "c": c}


def models_lstm(t: Any, x: Values) -> Mapping[str, Any]:
    """`models.LSTM` is torch.nn.LSTMCell, step by step, every step's states kept, and a Linear head."""
    cell, parameters = _cell(t, x)
    state = (x["h0"], x["c0"]) if "h0" in x else None
    hidden, cells = [], []
    for step in x["input"].unbind(1):
        state = t.func.functional_call(cell, parameters, (step, state))
        hidden.append(state[0])
        cells.append(state[1])
    h, c = t.stack(hidden, 1), t.stack(cells, 1)
    return {
        "outputs": t.nn.functional.linear(h, x["head.weight"], x["head.bias"]),
        "h_states": h,
        "c_states": c,
    }


PROGRAMS: Mapping[str, Program] = {
    "models.LSTMCell": LayerProgram(of_function(models_cell)),
    "models.LSTM": LayerProgram(of_function(models_lstm)),
}


def make() -> TorchLike:
    """torch, the reference."""
    return TorchLike("torch", "torch", PROGRAMS)


def half() -> TorchLike:
    """The reference in half types, which is a subject there."""
    limits = Supports(dtypes=HALF_LANES, training=False, uses=(), bad_calls=False)
    return TorchLike("torch in half types", "torch", PROGRAMS, supports=limits)
