"""Cases of models.LSTMCell and models.LSTM: an LSTM with a linear head, as a cell and as a sequence.

The reference computes them by torch.nn.LSTMCell, the subject by its own model. The text below writes the same
function out in torch's API, with seams that faults replace; it is run on a namespace without models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._axes import gates, steps
from conformance.cases._steps import SEAMS, WITHOUT, lstm_step
from conformance.cases.case import BadCall, Case, LayerProgram, Values, of_function
from conformance.sampling.space import UNBATCHED, Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases._steps import State
    from conformance.cases.case import Config


def _initial_state(t: Any, x: Values, like: Any) -> State:
    """Return the given initial state, or zeros."""
    if "h0" in x:
        return x["h0"], x["c0"]
    zeros = t.zeros(like.shape[0], int(x.config["H"]), dtype=like.dtype)
    return zeros, zeros


_PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "head.weight", "head.bias")


def _parameters(t: Any, x: Values) -> Mapping[str, Any]:
    given = x.seams["parameters"](t, {name: x[name] for name in _PARAMETERS}, x.config)
    return dict(given)


def _head(t: Any, p: Mapping[str, Any], h: Any) -> Any:
    return t.matmul(h, p["head.weight"].T) + p["head.bias"]


def cell(t: Any, x: Values) -> dict[str, Any]:
    """One step of models.LSTMCell: (Y, H, C)."""
    p = _parameters(t, x)
    _, state = lstm_step(t, x, p, x["input"], x.seams["initial"](t, _initial_state(t, x, x["input"])))
    h, c = x.seams["returned"](t, state)
    return {"output": _head(t, p, h), "h": h, "c": c}


def sequence(t: Any, x: Values) -> dict[str, Any]:
    """models.LSTM over (N, L, I): every step's output, hidden and cell state."""
    p = _parameters(t, x)
    state = x.seams["initial"](t, _initial_state(t, x, x["input"]))
    hidden, cells = [], []
    for step in range(x["input"].shape[1]):
        _, state = lstm_step(t, x, p, x["input"][:, step, :], state)
        state = x.seams["carry"](t, step, state)
        h, c = x.seams["returned"](t, state)
        hidden.append(h)
        cells.append(c)
    h, c = t.stack(hidden, 1), t.stack(cells, 1)
    return {"outputs": _head(t, p, h), "h_states": h, "c_states": c}


def _weights(config: Config) -> dict[str, Input]:
    i, h, o = (int(config[name]) for name in "IHO")
    return {
        "weight_ih": Input((4 * h, i), fan_in=i, weight=True),
        "weight_hh": Input((4 * h, h), fan_in=h, weight=True),
        "bias_ih": Input((4 * h,), weight=True, forget=slice(h, 2 * h)),
        "head.weight": Input((o, h), fan_in=h, weight=True),
        "head.bias": Input((o,), weight=True),
    }


def _cell_inputs(config: Config) -> dict[str, Input]:
    batch = () if config["N"] == UNBATCHED else (int(config["N"]),)
    state = Input((*batch, int(config["H"])))
    return {"input": Input((*batch, int(config["I"]))), "h0": state, "c0": state} | _weights(config)


def _sequence_inputs(config: Config) -> dict[str, Input]:
    n, length, i, h = (int(config[name]) for name in "NLIH")
    state = {name: Input((n, h)) for name in ("h0", "c0")} if config["init_states"] else {}
    return {"input": Input((n, length, i))} | state | _weights(config)


_REGIMES = ("normal", "remembering", "saturated", "huge", "nonfinite")
# The names of the two states in torch, in mytorch.models and in others.
_HIDDEN, _CELL = "hidden0|h_prev|h0", "hidden1|c_prev|c0"
_BAD_STATES = (
    BadCall("width of h0", (_HIDDEN, "6", "5"), shapes={"h0": (2, 6)}),
    BadCall("width of c0", (_CELL, "6", "5"), shapes={"c0": (2, 6)}),
    BadCall("batch of h0", (_HIDDEN, "3", "2"), shapes={"h0": (3, 5)}),
    BadCall("batch 1 of c0 is not broadcast", (_CELL, "1", "2"), shapes={"c0": (1, 5)}),
)

# A subject may store its parameters by gate, or with one bias for two.
_BY_GATE = {"frozen-in-turn": "its parameters may have other names and layouts"}

CASES = (
    Case(
        name="models.LSTMCell",
        space=Space(
            sizes={"N": "batch", "I": "feature", "H": "feature", "O": "feature"},
            classes=("small", "one", "empty", "unbatched", "pow2", "wide", "strided", "square", "large"),
            regimes=_REGIMES,
            without=WITHOUT,
            plain={"N": 1},
            large={"N": 20, "I": 130, "H": 130},
        ),
        inputs=_cell_inputs,
        program=LayerProgram(of_function(cell)),
        several_outputs=True,
        axes=lambda config: gates("LSTM", config),
        unused=_BY_GATE,
        seams=SEAMS["LSTM"],
        samples=28,
        base={"N": 2, "I": 3, "H": 5, "O": 2},
        bad_calls=(
            BadCall("width of the input", ("input|x", "4", "3"), shapes={"input": (2, 4)}),
            BadCall("rank of the input", ("input|x", "3"), shapes={"input": (2, 2, 3)}),
            *_BAD_STATES,
        ),
    ),
    Case(
        name="models.LSTM",
        space=Space(
            sizes={"N": "batch", "L": "length", "I": "feature", "H": "feature", "O": "feature"},
            classes=("small", "one", "empty", "pow2", "long", "wide", "strided", "square", "large"),
            regimes=_REGIMES,
            without=WITHOUT,
            plain={"N": 1, "L": 2, "init_states": True},
            large={"N": 20, "L": 140, "H": 130},
            flags={"init_states": (True, True, False)},
        ),
        inputs=_sequence_inputs,
        program=LayerProgram(of_function(sequence)),
        several_outputs=True,
        axes=lambda config: (
            steps(config, 1, "outputs", "h_states", "c_states", "grad.input") | gates("LSTM", config)
        ),
        unused={**_BY_GATE, "fed-back": "it returns the states of all steps, and takes those of one"},
        seams=SEAMS["LSTM"],
        samples=28,
        base={"N": 2, "L": 3, "I": 3, "H": 5, "O": 2, "init_states": True},
        bad_calls=(
            BadCall("width of the input", ("input|x", "4", "3"), shapes={"input": (2, 3, 4)}),
            *_BAD_STATES,
        ),
    ),
)
