"""JAX: recurrent layers by hand with `lax.scan`, compiled by `jit`, and their gradients by `vjp`.

Found by the table of peers; JAX is imported when it runs. In the lane float64 it runs with `enable_x64`, and
in float32 as it comes, without.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.subjects.peers._layers import layers

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.sampling.values import Array
    from conformance.subjects.functional import Functional
    from conformance.subjects.peers._layers import Arrays, Back, States


def make() -> Functional:
    """Return JAX's layers."""
    return layers("jax", _direction)


def _step(kind: str, nonlinearity: str, p: Any, states: Any, x: Any) -> tuple[Any, Any]:
    """Return the next states, and the output of a step, as `lax.scan` takes them."""
    import jax
    import jax.numpy as jnp

    sigmoid, tanh = jax.nn.sigmoid, jnp.tanh
    h = states[0]
    zi = x @ p["weight_ih"].T + p.get("bias_ih", 0)
    zh = h @ p["weight_hh"].T + p.get("bias_hh", 0)
    if kind == "LSTM":
        i, f, g, o = jnp.split(zi + zh, 4, axis=-1)
        c = sigmoid(f) * states[1] + sigmoid(i) * tanh(g)
        states = (sigmoid(o) * tanh(c), c)
    elif kind == "GRU":
        (ri, zi, ni), (rh, zh, nh) = jnp.split(zi, 3, axis=-1), jnp.split(zh, 3, axis=-1)
        z = sigmoid(zi + zh)
        states = ((1 - z) * tanh(ni + sigmoid(ri + rh) * nh) + z * h,)
    else:
        states = ((jax.nn.relu if nonlinearity == "relu" else tanh)(zi + zh),)
    return states, states[0]


@cache
def _programs(kind: str, nonlinearity: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the compiled layer, and its compiled gradients."""
    import jax

    def forward(p: Any, x: Any, states: Any) -> tuple[Any, Any]:
        lasts, output = jax.lax.scan(partial(_step, kind, nonlinearity, p), states, x)
        return output, lasts

    def backward(given: tuple[Any, Any, Any], cotangents: Any) -> Any:
        return jax.vjp(forward, *given)[1](cotangents)

    return jax.jit(forward), jax.jit(backward)


def _direction(
    kind: str, p: Arrays, x: Array, states: States, nonlinearity: str
) -> tuple[tuple[Array, States], Back]:
    import jax

    forward, backward = _programs(kind, nonlinearity)
    wide = x.dtype == np.float64
    given = (dict(p), x, states)

    def back(of_output: Array, of_lasts: States) -> tuple[Arrays, Array, States]:
        with jax.enable_x64(wide):
            found: tuple[Arrays, Array, States] = jax.device_get(backward(given, (of_output, of_lasts)))
        return found

    with jax.enable_x64(wide):
        output, lasts = jax.device_get(forward(*given))
    return (output, lasts), back
