"""JAX: recurrent layers by hand with `lax.scan`, as implementations of torch's layers and cells.

JAX has no layers. What is judged is what such a scan consists of: products, sigmoid, tanh, relu, and the
gradients that JAX makes of them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.subjects.layouts import FRAMEWORKS, GATES
from conformance.subjects.peers._jax import RELU_AT_NAN, direction
from conformance.subjects.peers._layers import layers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.subjects.functional import Functional


def make() -> Functional:
    """Return the recurrent layers on JAX, forward and backward, in float64 and in float32."""
    layouts = {kind: FRAMEWORKS["torch"].of_kind(kind) for kind in GATES}
    run = direction({kind: (layout, partial(sequence, kind)) for kind, layout in layouts.items()})
    return layers("jax", run, excuses=[RELU_AT_NAN])


def sequence(
    kind: str, nonlinearity: str, p: Mapping[str, Any], x: Any, states: tuple[Any, ...]
) -> tuple[Any, tuple[Any, ...]]:
    """Run one direction of one layer, as `_jax.direction` calls it."""
    import jax

    lasts, output = jax.lax.scan(partial(_step, kind, nonlinearity, p), states, x)
    return output, lasts


def _step(
    kind: str, nonlinearity: str, p: Mapping[str, Any], states: tuple[Any, ...], x: Any
) -> tuple[tuple[Any, ...], Any]:
    """Return the next states, and the output of a step."""
    import jax
    import jax.numpy as jnp

    sigmoid, tanh = jax.nn.sigmoid, jnp.tanh
    h = states[0]
    given = x @ p["weight_ih"].T + p.get("bias_ih", 0)
    held = h @ p["weight_hh"].T + p.get("bias_hh", 0)
    if kind == "LSTM":
        i, f, g, o = jnp.split(given + held, 4, axis=-1)
        c = sigmoid(f) * states[1] + sigmoid(i) * tanh(g)
        states = (sigmoid(o) * tanh(c), c)
    elif kind == "GRU":
        (xr, xz, xn), (hr, hz, hn) = (jnp.split(each, 3, axis=-1) for each in (given, held))
        z = sigmoid(xz + hz)
        states = ((1 - z) * tanh(xn + sigmoid(xr + hr) * hn) + z * h,)
    else:
        states = ((jax.nn.relu if nonlinearity == "relu" else tanh)(given + held),)
    return states, states[0]
