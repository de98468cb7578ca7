"""Faults of the steps of a GRU and of a plain RNN."""

from __future__ import annotations

from typing import Any

from conformance.faults.fault import GRUS, RNNS, Fault


def _gru(name: str, seam: str, text: Any, story: str, says: str = "") -> Fault:
    return Fault(name, "GRU", GRUS, story, seams={seam: text}, says=says)


FAULTS = (
    _gru(
        "gru-reset-before",
        "candidate",
        lambda t, given, r, h, weight, bias: given + t.matmul(r * h, weight) + bias,
        "resets the state before the matrix product, as the paper and Keras's reset_after=False "
        "(onnxscript #2852, coremltools #1124, burn #2704)",
        "the reset gate is applied before the recurrent product",
    ),
    _gru(
        "gru-bias-not-reset",
        "candidate",
        lambda t, given, r, h, weight, bias: given + r * t.matmul(h, weight) + bias,
        "leaves the recurrent bias outside the reset gate",
    ),
    _gru(
        "gru-plus-for-times-reset",
        "candidate",
        lambda t, given, r, h, weight, bias: given + r + t.matmul(h, weight) + bias,
        "adds the reset gate instead of multiplying by it",
    ),
    _gru(
        "gru-no-reset",
        "candidate",
        lambda t, given, r, h, weight, bias: given + t.matmul(h, weight) + bias,
        "has no reset gate",
    ),
    _gru(
        "gru-update-complement",
        "mix",
        lambda t, z, n, h: z * n + (1 - z) * h,
        "exchanges z and 1 - z, as Chung et al. 2014 write it",
    ),
    _gru("gru-update-ungated", "mix", lambda t, z, n, h: n + z * h, "the candidate enters ungated"),
    _gru(
        "gru-plus-for-times-mix",
        "mix",
        lambda t, z, n, h: (1 - z) + n + z * h,
        "adds 1 - z instead of multiplying by it",
    ),
    _gru(
        "gru-no-path-through-z",
        "mix",
        lambda t, z, n, h: (1 - z.detach()) * n + z.detach() * h,
        "z is detached",
    ),
    _gru("gru-no-path-through-n", "mix", lambda t, z, n, h: (1 - z) * n.detach() + z * h, "n is detached"),
    _gru("gru-no-path-through-h", "mix", lambda t, z, n, h: (1 - z) * n + z * h.detach(), "h is detached"),
    _gru(
        "gru-no-path-through-r",
        "candidate",
        lambda t, given, r, h, weight, bias: given + r.detach() * (t.matmul(h, weight) + bias),
        "the reset gate is detached",
    ),
    _gru("gru-candidate-by-sigmoid", "tanh", lambda t, z: t.sigmoid(z), "takes sigmoid for tanh"),
    _gru("gru-gates-by-tanh", "sigmoid", lambda t, z: t.tanh(z), "takes tanh for sigmoid in every gate"),
    Fault("rnn-relu-for-tanh", "RNN", RNNS, "takes relu for tanh", seams={"tanh": lambda t, z: t.relu(z)}),
    Fault("rnn-tanh-for-relu", "RNN", RNNS, "takes tanh for relu", seams={"relu": lambda t, z: t.tanh(z)}),
    Fault("rnn-linear", "RNN", RNNS, "is linear", seams={"tanh": lambda t, z: z, "relu": lambda t, z: z}),
    Fault(
        "rnn-h0-ignored",
        "RNN",
        RNNS,
        "starts from 0",
        seams={"initial": lambda t, state: tuple(part * 0 for part in state)},
    ),
    Fault(
        "rnn-no-path-to-input",
        "RNN",
        RNNS,
        "the input is detached",
        seams={
            "linear": lambda t, p, step, h: (
                t.matmul(step.detach(), p["weight_ih"].T) + p["bias_ih"] + t.matmul(h, p["weight_hh"].T)
            )
        },
    ),
)
