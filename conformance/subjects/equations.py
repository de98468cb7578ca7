"""One step of each framework's recurrent layers, in NumPy, as the framework documents its equations.

They read parameters in the framework's own layout and know nothing of weight maps, so that they can judge
what a weight map made. Called by subjects.layer_runs where the framework is not installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.sampling.values import Array

    Activation = Callable[[Array], Array]
    Parts = Mapping[str, Array]
    # (parameters, x (N, I), state, activation of an RNN) → the next state; a state is (h,) or (h, c).
    Step = Callable[[Parts, Array, tuple[Array, ...], Activation], tuple[Array, ...]]


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x))."""
    with np.errstate(over="ignore"):  # exp(-x) = inf gives 0
        return np.asarray(1 / (1 + np.exp(-x)))


def relu(x: Array) -> Array:
    """Return the larger of x and 0."""
    return np.asarray(np.maximum(x, 0))


def _lstm(i: Array, f: Array, g: Array, o: Array, c: Array) -> tuple[Array, ...]:
    new_c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(new_c), new_c


def _bias(p: Parts, name: str) -> Any:
    return p.get(name, 0)


def _keras_lstm(p: Parts, x: Array, state: tuple[Array, ...], _: Activation) -> tuple[Array, ...]:
    h, c = state
    z = x @ p["kernel"] + h @ p["recurrent_kernel"] + _bias(p, "bias")
    i, f, g, o = np.split(z, 4, axis=1)
    return _lstm(i, f, g, o, c)


def _keras_gru(p: Parts, x: Array, state: tuple[Array, ...], _: Activation) -> tuple[Array, ...]:
    (h,) = state
    input_bias, recurrent_bias = p.get("bias", (0, 0))
    xz, xr, xh = np.split(x @ p["kernel"] + input_bias, 3, axis=1)
    hz, hr, hh = np.split(h @ p["recurrent_kernel"] + recurrent_bias, 3, axis=1)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    return (z * h + (1 - z) * np.tanh(xh + r * hh),)


def _keras_rnn(p: Parts, x: Array, state: tuple[Array, ...], activation: Activation) -> tuple[Array, ...]:
    return (activation(x @ p["kernel"] + _bias(p, "bias") + state[0] @ p["recurrent_kernel"]),)


def _onnx_lstm(p: Parts, x: Array, state: tuple[Array, ...], _: Activation) -> tuple[Array, ...]:
    h, c = state
    wb, rb = np.split(p["B"], 2) if "B" in p else (0, 0)
    i, o, f, g = np.split(x @ p["W"].T + h @ p["R"].T + wb + rb, 4, axis=1)
    return _lstm(i, f, g, o, c)


def _onnx_gru(p: Parts, x: Array, state: tuple[Array, ...], _: Activation) -> tuple[Array, ...]:
    """Return the next state, with linear_before_reset=1."""
    (h,) = state
    wb, rb = np.split(p["B"], 2) if "B" in p else (0, 0)
    xz, xr, xh = np.split(x @ p["W"].T + wb, 3, axis=1)
    hz, hr, hh = np.split(h @ p["R"].T + rb, 3, axis=1)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    return ((1 - z) * np.tanh(xh + r * hh) + z * h,)


def _onnx_rnn(p: Parts, x: Array, state: tuple[Array, ...], activation: Activation) -> tuple[Array, ...]:
    wb, rb = np.split(p["B"], 2) if "B" in p else (0, 0)
    return (activation(x @ p["W"].T + state[0] @ p["R"].T + wb + rb),)


def _flax_lstm(p: Parts, x: Array, state: tuple[Array, ...], _: Activation) -> tuple[Array, ...]:
    h, c = state
    if "dense_i.kernel" in p:  # OptimizedLSTMCell
        y = x @ p["dense_i.kernel"] + h @ p["dense_h.kernel"] + p["dense_h.bias"]
        i, f, g, o = np.split(y, 4, axis=1)
    else:
        i, f, g, o = (
            x @ p[f"i{name}.kernel"] + h @ p[f"h{gate}.kernel"] + p[f"h{gate}.bias"]
            for name, gate in (("i", "i"), ("f_", "f"), ("g", "g"), ("o", "o"))
        )
    return _lstm(i, f, g, o, c)


def _flax_gru(p: Parts, x: Array, state: tuple[Array, ...], _: Activation) -> tuple[Array, ...]:
    (h,) = state
    xr, xz, xn = np.split(x @ p["dense_i.kernel"] + p["dense_i.bias"], 3, axis=1)
    hr, hz, hn = np.split(h @ p["dense_h.kernel"], 3, axis=1)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return ((1 - z) * np.tanh(xn + r * hn) + z * h,)


def _flax_rnn(p: Parts, x: Array, state: tuple[Array, ...], activation: Activation) -> tuple[Array, ...]:
    return (activation(x @ p["dense_i.kernel"] + p["dense_i.bias"] + state[0] @ p["dense_h.kernel"]),)


def _equinox_lstm(p: Parts, x: Array, state: tuple[Array, ...], _: Activation) -> tuple[Array, ...]:
    h, c = state
    i, f, g, o = np.split(x @ p["weight_ih"].T + h @ p["weight_hh"].T + _bias(p, "bias"), 4, axis=1)
    return _lstm(i, f, g, o, c)


def _equinox_gru(p: Parts, x: Array, state: tuple[Array, ...], _: Activation) -> tuple[Array, ...]:
    (h,) = state
    xr, xz, xn = np.split(x @ p["weight_ih"].T + _bias(p, "bias"), 3, axis=1)
    hr, hz, hn = np.split(h @ p["weight_hh"].T, 3, axis=1)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    new = np.tanh(xn + r * (hn + _bias(p, "bias_n")))
    return (new + z * (h - new),)


EQUATIONS: dict[str, dict[str, Step]] = {
    "keras": {"LSTM": _keras_lstm, "GRU": _keras_gru, "RNN": _keras_rnn},
    "onnx": {"LSTM": _onnx_lstm, "GRU": _onnx_gru, "RNN": _onnx_rnn},
    "flax": {"LSTM": _flax_lstm, "GRU": _flax_gru, "RNN": _flax_rnn},
    "equinox": {"LSTM": _equinox_lstm, "GRU": _equinox_gru},
}
