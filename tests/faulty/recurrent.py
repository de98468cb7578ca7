"""An LSTM and a GRU in NumPy, forward only, that can be wrong in the ways in which ports are.

Written from the equations, by none of the code that the faults replace: subjects from the outside, which a
diagnosis has to name.
"""

from __future__ import annotations

import numpy as np

from conformance.subjects.functional import Functional
from conformance.subjects.supports import Supports

GATES = {"nn.LSTM": "ifgo", "nn.GRU": "rzn"}


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _blocks(rows, order):
    """Return the blocks of rows by gate, in the order in which the subject believes they are stored."""
    return dict(zip(order, np.split(rows, len(order), axis=-1), strict=True))


def _lstm(order, weights, x, state, second):
    h, c = state
    z = x @ weights["weight_ih"].T + h @ weights["weight_hh"].T
    z = z + weights.get("bias_ih", 0) + second * weights.get("bias_hh", 0)
    z = _blocks(z, order)
    c = _sigmoid(z["f"]) * c + _sigmoid(z["i"]) * np.tanh(z["g"])
    return _sigmoid(z["o"]) * np.tanh(c), c


def _gru(order, weights, x, state, second):
    (h,) = state
    given = _blocks(x @ weights["weight_ih"].T + weights.get("bias_ih", 0), order)
    carried = _blocks(h @ weights["weight_hh"].T + second * weights.get("bias_hh", 0), order)
    r, z = (_sigmoid(given[gate] + carried[gate]) for gate in "rz")
    return ((1 - z) * np.tanh(given["n"] + r * carried["n"]) + z * h,)


_STEPS = {"nn.LSTM": _lstm, "nn.GRU": _gru}


def _run(case, config, arrays, *, order, second, reversed_reverse):
    batched = config["N"] != -1
    sequence = arrays["input"] if batched else arrays["input"][:, None]
    if batched and config["batch_first"]:
        sequence = sequence.swapaxes(0, 1)
    names = ("h0", "c0")[: 2 if case == "nn.LSTM" else 1]
    finals = []
    for layer in range(config["layers"]):
        shown = []
        for direction in range(1 + config["bidirectional"]):
            suffix = f"_l{layer}" + "_reverse" * direction
            own = [name for name in arrays if name.endswith(suffix)]
            weights = {name.removesuffix(suffix): arrays[name] for name in own}
            width = weights["weight_hh"].shape[1]
            state = tuple(
                (arrays[name] if batched else arrays[name][:, None])[len(finals)]
                if name in arrays
                else np.zeros((sequence.shape[1], width), sequence.dtype)
                for name in names
            )
            backwards = direction and reversed_reverse
            out = []
            for x in sequence[::-1] if backwards else sequence:
                state = _STEPS[case](order or GATES[case], weights, x, state, second)
                out.append(state[0])
            shown.append(np.stack(out[::-1] if backwards else out))
            finals.append(state)
        sequence = np.concatenate(shown, -1)
    parts = [np.stack(part) for part in zip(*finals, strict=True)]
    found = {f"{name[0]}_n": part for name, part in zip(names, parts, strict=True)}
    found["output"] = sequence.swapaxes(0, 1) if batched and config["batch_first"] else sequence
    return found if batched else {name: each.squeeze(1) for name, each in found.items()}


def _subject(case, *, order="", second=1.0, reversed_reverse=True):
    """Return the subject of one case.

    Args:
        case: `nn.LSTM` or `nn.GRU`.
        order: the order in which it believes the gates are stored; by default torch's.
        second: how often it adds the second bias.
        reversed_reverse: whether the reverse direction begins at the end.
    """
    supports = Supports(cases=[case], backward=False, packed=False, projection=False, empty_batch=False)

    def function(name, config, arrays):
        if config["dropout"] == "all":
            # All that a layer gives to the next is dropped.
            later = {key for key in arrays if key.startswith("weight_ih_l") and "_l0" not in key}
            arrays = {key: each * (key not in later) for key, each in arrays.items()}
        with np.errstate(over="ignore"):
            return _run(name, config, arrays, order=order, second=second, reversed_reverse=reversed_reverse)

    return Functional("ported", function, supports)


right_lstm, right_gru = _subject("nn.LSTM"), _subject("nn.GRU")
# keras stores z, r, h and ONNX i, o, f, c: their numbers are taken as they are.
gru_of_keras = _subject("nn.GRU", order="zrn")
lstm_of_onnx = _subject("nn.LSTM", order="iofg")
one_bias = _subject("nn.LSTM", second=0.0)
bias_twice = _subject("nn.LSTM", second=2.0)
both_forward = _subject("nn.GRU", reversed_reverse=False)
