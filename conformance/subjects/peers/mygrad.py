"""Recurrent layers written step by step on MyGrad's tensors, whose `backward` gives the gradients.

MyGrad has no layer of torch's: its GRU resets before the recurrent product, and there is no LSTM. What is
judged is what such a loop consists of: products, the activations of `mygrad.nnet`, indexing and the graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.subjects.peers._layers import layers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.sampling.values import Array
    from conformance.subjects.functional import Functional
    from conformance.subjects.peers._layers import Back

    States = tuple[Array, ...]


def mygrad() -> Functional:
    """Return the recurrent layers on MyGrad, forward and backward, in float64 and in float32.

    `mygrad.nnet.relu` multiplies by 0 or 1: at -inf it is NaN, where torch's is 0, and its derivative at NaN
    is 0, where torch's is 1. That is not declared, and fails in the regime `nonfinite` of the RNN with relu.
    """
    return layers("mygrad", direction)


def direction(
    kind: str, p: Mapping[str, Array], x: Array, states: States, nonlinearity: str
) -> tuple[tuple[Array, States], Back]:
    """Run one direction of one layer, as `_layers.layers` calls it."""
    import mygrad as mg

    # Copies: MyGrad makes arrays that are in a graph read-only.
    weights = {name: mg.tensor(array) for name, array in p.items()}
    data, initial = mg.tensor(x), tuple(map(mg.tensor, states))
    outputs, state = [], initial
    for t in range(len(x)):
        state = _STEPS[kind](weights, data[t], state, nonlinearity)
        outputs.append(state[0])
    # One tensor of all results, as `backward` clears the graph that it went through.
    results = mg.concatenate([each.reshape(-1) for each in (*outputs, *state)])

    def pullback(grad_output: Array, grad_lasts: States) -> tuple[dict[str, Array], Array, States]:
        results.backward(np.concatenate([each.reshape(-1) for each in (grad_output, *grad_lasts)]))
        of_p = {name: _gradient(weight) for name, weight in weights.items()}
        return of_p, _gradient(data), tuple(map(_gradient, initial))

    return (np.stack([each.data for each in outputs]), tuple(each.data for each in state)), pullback


def _gradient(tensor: Any) -> Array:
    """Return the gradient, which is None where no result depends on the tensor."""
    return np.zeros_like(tensor.data) if tensor.grad is None else tensor.grad


def _lstm(p: Mapping[str, Any], x: Any, state: tuple[Any, ...], _: str) -> tuple[Any, ...]:
    import mygrad as mg
    from mygrad.nnet import sigmoid

    h, c = state
    i, f, g, o = _cut(_linear(p, "ih", x) + _linear(p, "hh", h), 4)
    c = sigmoid(f) * c + sigmoid(i) * mg.tanh(g)
    return sigmoid(o) * mg.tanh(c), c


def _gru(p: Mapping[str, Any], x: Any, state: tuple[Any, ...], _: str) -> tuple[Any, ...]:
    import mygrad as mg
    from mygrad.nnet import sigmoid

    (h,) = state
    xr, xz, xn = _cut(_linear(p, "ih", x), 3)
    hr, hz, hn = _cut(_linear(p, "hh", h), 3)
    z = sigmoid(xz + hz)
    n = mg.tanh(xn + sigmoid(xr + hr) * hn)
    # Not (1 - z) * n: with a Python number MyGrad's float32 becomes float64.
    return (n + z * (h - n),)


def _rnn(p: Mapping[str, Any], x: Any, state: tuple[Any, ...], nonlinearity: str) -> tuple[Any, ...]:
    import mygrad as mg
    from mygrad.nnet import relu

    y = _linear(p, "ih", x) + _linear(p, "hh", state[0])
    return (relu(y) if nonlinearity == "relu" else mg.tanh(y),)


def _linear(p: Mapping[str, Any], end: str, x: Any) -> Any:
    y = x @ p[f"weight_{end}"].T
    return y + p[f"bias_{end}"] if f"bias_{end}" in p else y


def _cut(y: Any, gates: int) -> list[Any]:
    """Return the blocks of the gates; there is no `split`."""
    width = y.shape[1] // gates
    return [y[:, k * width : (k + 1) * width] for k in range(gates)]


_STEPS = {"LSTM": _lstm, "GRU": _gru, "RNN": _rnn}
