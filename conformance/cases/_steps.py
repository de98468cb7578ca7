"""One step of each recurrent cell, written out in torch's API: the text that faults change.

Each step in which implementations go wrong is a seam, which a fault may replace; `SEAMS` holds the correct
steps. The cells of `cells.py` and `models.py` and the layers of `_unrolled.py` are made of these steps.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases.case import Values

    Parameters = Mapping[str, Any]
    State = tuple[Any, ...]
    # A step's output, and the state for the next step.
    Stepped = tuple[Any, State]

# A few steps and features show how NaN and inf spread, and where numbers overflow: many cost seconds and show
# nothing more.
WITHOUT = tuple((many, regime) for many in ("long", "wide") for regime in ("steep", "huge", "nonfinite"))

# The blocks of rows of a weight, as torch orders them.
GATES = {"LSTM": "ifgo", "GRU": "rzn", "RNN": "n"}


def split_gates(t: Any, z: Any, order: str = GATES["LSTM"]) -> dict[str, Any]:
    """Name the blocks of pre-activations (…, G·H), in torch's order."""
    del t
    width = z.shape[-1] // len(order)
    return {gate: z[..., k * width : (k + 1) * width] for k, gate in enumerate(order)}


def _projected(t: Any, p: Parameters, h: Any, o: Any, shown: Any) -> tuple[Any, Any]:
    """Return the output and the next hidden state: both projected, where there is a projection."""
    del o, shown
    h = t.matmul(h, p["weight_hr"].T) if "weight_hr" in p else h
    return h, h


def _candidate(t: Any, given: Any, r: Any, h: Any, weight: Any, bias: Any) -> Any:
    """Return a GRU's candidate before its tanh; torch resets after the matrix product, bias included."""
    return given + r * (t.matmul(h, weight) + bias)


_ANY: Mapping[str, Callable[..., Any]] = {
    "parameters": lambda t, parameters, config: parameters,
    "initial": lambda t, state: state,
    "sigmoid": lambda t, z: t.sigmoid(z),
    "tanh": lambda t, z: t.tanh(z),
    "carry": lambda t, step, state: state,
    "returned": lambda t, state: state,
}


def _linear(t: Any, p: Parameters, step: Any, h: Any) -> Any:
    return t.matmul(step, p["weight_ih"].T) + p["bias_ih"] + t.matmul(h, p["weight_hh"].T)


SEAMS: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "LSTM": {
        **_ANY,
        "linear": _linear,
        "gates": split_gates,
        "update": lambda t, i, f, g, c: f * c + i * g,
        "output": lambda t, o, shown: o * shown,
        "projected": _projected,
    },
    "GRU": {
        **_ANY,
        "linear": lambda t, p, step: t.matmul(step, p["weight_ih"].T) + p["bias_ih"],
        "gates": partial(split_gates, order=GATES["GRU"]),
        "candidate": _candidate,
        "mix": lambda t, z, n, h: (1 - z) * n + z * h,
    },
    "RNN": {**_ANY, "linear": _linear, "relu": lambda t, z: t.relu(z)},
}


def lstm_step(t: Any, x: Values, p: Parameters, step: Any, state: State) -> Stepped:
    """Source: Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000; Sak et al. 2014."""
    h, c = state
    s = x.seams
    z = s["linear"](t, p, step, h)
    z = s["gates"](t, z + p["bias_hh"] if "bias_hh" in p else z)
    i, f, o = (s["sigmoid"](t, z[gate]) for gate in "ifo")
    c = s["update"](t, i, f, s["tanh"](t, z["g"]), c)
    shown = s["tanh"](t, c)
    h, carried = s["projected"](t, p, s["output"](t, o, shown), o, shown)
    return h, (carried, c)


def gru_step(t: Any, x: Values, p: Parameters, step: Any, state: State) -> Stepped:
    """Source: Cho et al. 2014, with the reset gate where torch has it."""
    (h,) = state
    s = x.seams
    weight, bias = s["gates"](t, p["weight_hh"].T), s["gates"](t, p["bias_hh"])
    z = s["gates"](t, s["linear"](t, p, step))
    r, update = (s["sigmoid"](t, z[gate] + t.matmul(h, weight[gate]) + bias[gate]) for gate in "rz")
    n = s["tanh"](t, s["candidate"](t, z["n"], r, h, weight["n"], bias["n"]))
    h = s["mix"](t, update, n, h)
    return h, (h,)


def rnn_step(t: Any, x: Values, p: Parameters, step: Any, state: State) -> Stepped:
    """Source: Elman 1990."""
    (h,) = state
    z = x.seams["linear"](t, p, step, h) + p["bias_hh"]
    h = x.seams["relu" if x.config["nonlinearity"] == "relu" else "tanh"](t, z)
    return h, (h,)


STEPS: Mapping[str, Callable[[Any, Values, Parameters, Any, State], Stepped]] = {
    "LSTM": lstm_step,
    "GRU": gru_step,
    "RNN": rnn_step,
}
