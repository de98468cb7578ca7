"""Cases of nn.LSTMCell, nn.GRUCell and nn.RNNCell: one step of a recurrent layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases import _unrolled
from conformance.cases._axes import gates
from conformance.cases._constant import where
from conformance.cases._steps import GATES, SEAMS, WITHOUT
from conformance.cases.case import (
    BadCall,
    Built,
    Case,
    LayerProgram,
    Values,
    load,
    of_function,
    of_module,
    parameters_of,
)
from conformance.sampling.space import UNBATCHED, Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from conformance.cases.case import Config, Tensors


def cell_inputs(kind: str, config: Config) -> dict[str, Input]:
    """Return the data and parameters of a cell, by torch's names."""
    features, hidden = int(config["I"]), int(config["H"])
    batch = () if config["N"] == UNBATCHED else (int(config["N"]),)
    rows = len(GATES[kind]) * hidden
    inputs = {
        "input": Input((*batch, features)),
        "weight_ih": Input((rows, features), fan_in=features, weight=True),
        "weight_hh": Input((rows, hidden), fan_in=hidden, weight=True),
    }
    if config["states"]:
        inputs |= {name: Input((*batch, hidden)) for name in (("h0", "c0") if kind == "LSTM" else ("h0",))}
    if config["bias"]:
        forget = None if kind == "RNN" else slice(hidden, 2 * hidden)
        inputs["bias_ih"] = Input((rows,), weight=True, forget=forget)
        inputs["bias_hh"] = Input((rows,), weight=True)
    return inputs


def _cell(kind: str) -> LayerProgram:
    def build(t: Any, x: Values, config: Config) -> Built:
        options = {"nonlinearity": config["nonlinearity"]} if kind == "RNN" else {}
        cell = getattr(t.nn, f"{kind}Cell")(
            config["I"], config["H"], bias=config["bias"], **options, dtype=x["weight_ih"].dtype
        )
        parameters = load(cell, parameters_of(x))

        def call(cell: Any, data: Tensors) -> dict[str, Any]:
            states = [data[name] for name in ("h0", "c0") if name in data]
            if kind == "LSTM" and not config.get("alone"):
                states = [(*states, *states[: int(config.get("surplus", 0))])] if states else []
            step = cell(data["input"], *states[:1])
            return {"h": step[0], "c": step[1]} if kind == "LSTM" else {"h": step}

        return of_module(cell, call, parameters)

    return LayerProgram(build)


_BAD = (
    BadCall("rank of the input", ("input", "1D or 2D", "3D"), shapes={"input": (2, 2, 3)}),
    BadCall("width of the input", ("input", "4", "3"), shapes={"input": (2, 4)}),
    BadCall("batch of h0", ("hidden0", "2", "3"), shapes={"h0": (3, 5)}),
    BadCall("batch 1 of h0 is not broadcast", ("hidden0", "2", "1"), shapes={"h0": (1, 5)}),
    BadCall("width of h0", ("hidden0", "6", "5"), shapes={"h0": (2, 6)}),
    BadCall("rank of h0", ("hidden|hx[0]", "1D or 2D", "3D"), shapes={"h0": (1, 2, 5)}),
    BadCall("a batch of states for one input", ("hidden0", "5"), shapes={"input": (3,), "h0": (1, 5)}),
    BadCall("dtype of the input", ("Double", "Float"), dtypes={"input": "float64"}),
    BadCall("dtype of h0", ("Double", "Float"), dtypes={"h0": "float64"}),
)


def _case(kind: str, regimes: tuple[str, ...], flags: dict[str, tuple[str, ...]], *bad: BadCall) -> Case:
    return Case(
        name=f"nn.{kind}Cell",
        space=Space(
            sizes={"N": "batch", "I": "feature", "H": "feature"},
            classes=("small", "one", "empty", "unbatched", "pow2", "wide", "strided", "square", "large"),
            regimes=regimes,
            without=WITHOUT,
            plain={"N": 1, "states": True},
            large={"N": 20, "I": 130, "H": 130},
            flags={"bias": (True, True, False), "states": (True, True, False), **flags},
        ),
        inputs=lambda config: cell_inputs(kind, config),
        program=_cell(kind),
        written_out=LayerProgram(of_function(_unrolled.cell(kind))),
        seams=SEAMS[kind],
        samples=21,
        several_outputs=kind == "LSTM",
        axes=lambda config: gates(kind, config),
        constant={"grad.weight_hh": where("without given states it is multiplied by 0", states=False)},
        base={"N": 2, "I": 3, "H": 5, "bias": True, "states": True}
        | {name: values[0] for name, values in flags.items()},
        bad_calls=(*_BAD, *bad),
    )


CASES = (
    _case(
        "LSTM",
        ("normal", "remembering", "saturated", "steep", "nonfinite"),
        {},
        BadCall("batch of c0", ("hidden1", "2", "3"), shapes={"c0": (3, 5)}),
        BadCall("width of c0", ("hidden1", "6", "5"), shapes={"c0": (2, 6)}),
        BadCall("a tensor for the pair of states", ("hx", "tuple"), {"alone": True}),
        BadCall("three states", ("two hidden states",), {"surplus": 1}),
    ),
    _case("GRU", ("normal", "remembering", "saturated", "steep", "nonfinite"), {}),
    _case(
        "RNN",
        ("normal", "saturated", "steep", "nonfinite"),
        {"nonlinearity": ("tanh", "relu")},
        BadCall("nonlinearity", ("gelu",), {"nonlinearity": "gelu"}),
    ),
)
