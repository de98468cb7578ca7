"""Recurrent layers written step by step on HIPS autograd's NumPy, whose `make_vjp` gives the gradients.

autograd has no layers. What is judged is what such a loop consists of: products, tanh, splitting, stacking,
and the vector-Jacobian products that autograd makes of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.subjects.peers._layers import layers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.sampling.values import Array
    from conformance.subjects.functional import Functional
    from conformance.subjects.peers._layers import Back

    States = tuple[Array, ...]


def autograd() -> Functional:
    """Return the recurrent layers on HIPS autograd, forward and backward, in float64 and in float32.

    Its sigmoid is made of tanh, as in autograd's own example of an LSTM: the error is small beside 1, not
    beside the result. The gradient of one made of exp is NaN where exp overflows.
    """
    return layers("autograd", direction, accuracy="absolute")


def direction(
    kind: str, p: Mapping[str, Array], x: Array, states: States, nonlinearity: str
) -> tuple[tuple[Array, States], Back]:
    """Run one direction of one layer, as `_layers.layers` calls it."""
    import autograd.numpy as np
    from autograd import make_vjp
    from autograd.builtins import tuple as tuple_

    def run(given: Any) -> Any:
        weights, data, state = given
        outputs = []
        for t in range(len(x)):
            state = _STEPS[kind](weights, data[t], state, nonlinearity)
            outputs.append(state[0])
        return tuple_((np.stack(outputs), tuple_(state)))

    vjp, (output, lasts) = make_vjp(run)((dict(p), x, states))

    def pullback(grad_output: Array, grad_lasts: States) -> tuple[dict[str, Array], Array, States]:
        of_p, of_x, of_states = vjp((grad_output, grad_lasts))
        return of_p, of_x, of_states

    return (output, lasts), pullback


def _lstm(p: Any, x: Any, state: Any, _: str) -> tuple[Any, ...]:
    import autograd.numpy as np

    h, c = state
    i, f, g, o = np.split(_linear(p, "ih", x) + _linear(p, "hh", h), 4, axis=1)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


def _gru(p: Any, x: Any, state: Any, _: str) -> tuple[Any, ...]:
    import autograd.numpy as np

    (h,) = state
    xr, xz, xn = np.split(_linear(p, "ih", x), 3, axis=1)
    hr, hz, hn = np.split(_linear(p, "hh", h), 3, axis=1)
    z = _sigmoid(xz + hz)
    n = np.tanh(xn + _sigmoid(xr + hr) * hn)
    return ((1 - z) * n + z * h,)


def _rnn(p: Any, x: Any, state: Any, nonlinearity: str) -> tuple[Any, ...]:
    import autograd.numpy as np

    y = _linear(p, "ih", x) + _linear(p, "hh", state[0])
    # Not np.maximum: its derivative is 1/2 at 0 and 0 at NaN, where that of torch's relu is 0 and 1.
    return (np.where(y <= 0, 0, y) if nonlinearity == "relu" else np.tanh(y),)


def _linear(p: Any, end: str, x: Any) -> Any:
    import autograd.numpy as np

    y = np.dot(x, p[f"weight_{end}"].T)
    return y + p[f"bias_{end}"] if f"bias_{end}" in p else y


def _sigmoid(x: Any) -> Any:
    import autograd.numpy as np

    return 0.5 * (np.tanh(0.5 * x) + 1)


_STEPS = {"LSTM": _lstm, "GRU": _gru, "RNN": _rnn}
