"""Faults that make another function of the LSTM: exchanged gates, biases and states."""

from __future__ import annotations

from functools import partial
from itertools import permutations
from typing import TYPE_CHECKING, Any

from conformance.cases._steps import GATES as BLOCKS
from conformance.cases._steps import split_gates
from conformance.faults.fault import GRUS, LSTMS, MODELS, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases.case import Config

    Parameters = Mapping[str, Any]

GATES = BLOCKS["LSTM"]
_ORDER_STORY = "pytorch #43000, keras #8720, coremltools #93"


def _orders(kind: str, cases: tuple[str, ...], prefix: str) -> list[Fault]:
    right = BLOCKS[kind]
    return [
        Fault(
            name=f"{prefix}gates-{order}",
            family="gate order",
            cases=cases,
            seams={"gates": partial(split_gates, order=order)},
            story=f"reads the blocks as {', '.join(order)}; torch stores {', '.join(right)} ({_ORDER_STORY})",
            says=f"gates are ordered {', '.join(order)}; torch's order is {', '.join(right)}",
        )
        for order in map("".join, permutations(right))
        if order != right
    ]


def _block(t: Any, value: Any, gate: str, change: Callable[[Any], Any]) -> Any:
    """Change one gate's block of a parameter."""
    height = value.shape[0] // len(GATES)
    blocks = [value[k * height : (k + 1) * height] for k in range(len(GATES))]
    blocks[GATES.index(gate)] = change(blocks[GATES.index(gate)])
    return t.cat(blocks, dim=0)


def _scaled_bias(gate: str, factor: float) -> Callable[..., Parameters]:
    def parameters(t: Any, p: Parameters, config: Config) -> Parameters:
        return {**p, "bias_ih": _block(t, p["bias_ih"], gate, lambda block: block * factor)}

    return parameters


def _shared_bias(t: Any, p: Parameters, config: Config) -> Parameters:
    """Give the input gate, the forget gate and the candidate the output gate's bias."""
    bias = p["bias_ih"]
    height = bias.shape[0] // len(GATES)
    block = bias[GATES.index("o") * height :][:height]
    return {**p, "bias_ih": t.cat([block] * len(GATES), dim=0)}


def _scaled_head_bias(factor: float) -> Callable[..., Parameters]:
    return lambda t, p, config: {**p, "head.bias": p["head.bias"] * factor}


_BIAS_SOURCE = "which shows only after training (onnx #1127, pytorch #36905)"


def _bias_faults() -> list[Fault]:
    faults = []
    for word, verb, factor in (("dropped", "drops", 0.0), ("doubled", "doubles", 2.0)):
        faults += [
            Fault(
                f"bias-{gate}-{word}",
                "bias",
                LSTMS,
                f"{verb} the bias of the gate {gate}, {_BIAS_SOURCE}",
                seams={"parameters": _scaled_bias(gate, factor)},
            )
            for gate in GATES
        ]
        seams = {"parameters": _scaled_head_bias(factor)}
        story = f"{verb} the bias of the output projection, {_BIAS_SOURCE}"
        faults.append(Fault(f"bias-head-{word}", "bias", MODELS, story, seams=seams))
    shared = "every gate has the output gate's bias (numpy-ml #42)"
    faults.append(Fault("bias-shared", "bias", LSTMS, shared, seams={"parameters": _shared_bias}))
    return faults


def _ignored(which: int) -> Callable[..., Any]:
    def initial(t: Any, state: Any) -> Any:
        return (*state[:which], t.zeros_like(state[which]), *state[which + 1 :])

    return initial


def _swapped(t: Any, state: Any) -> Any:
    # A projected hidden state has another width than the cell state: swapping them raises an error.
    return state[::-1] if state[0].shape == state[1].shape else state


FAULTS = (
    *_orders("LSTM", LSTMS, ""),
    *_orders("GRU", GRUS, "gru-"),
    *_bias_faults(),
    Fault(
        "h0-ignored",
        "states",
        LSTMS,
        "starts from h0 = 0 and ignores the given one",
        seams={"initial": _ignored(0)},
    ),
    Fault(
        "c0-ignored",
        "states",
        LSTMS,
        "starts from c0 = 0 and ignores the given one",
        seams={"initial": _ignored(1)},
    ),
    Fault(
        "gru-h0-ignored",
        "states",
        GRUS,
        "starts from h0 = 0 and ignores the given one",
        seams={"initial": _ignored(0)},
    ),
    Fault(
        "h-c-swapped",
        "states",
        LSTMS,
        "returns (c, h) for (h, c) (nni #2839)",
        seams={"returned": lambda t, state: (state[1], state[0])},
    ),
    Fault("h0-c0-swapped", "states", LSTMS, "takes (c0, h0) for (h0, c0)", seams={"initial": _swapped}),
)
