"""keras's LSTM, GRU and SimpleRNN as implementations of torch's layers and cells.

keras runs on a backend, which a process chooses once: `on_numpy` runs forward only, `on_jax` has gradients
by `jax.vjp` of a stateless call. The other backends of keras are not run here.

Example:
    conformance run nn.LSTM nn.GRU nn.RNN --implementation conformance.subjects.peers.keras:on_jax
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.errors import UsageError
from conformance.subjects.layouts import FRAMEWORKS, cell_map
from conformance.subjects.peers._jax import RELU_AT_NAN, direction
from conformance.subjects.peers._layers import layers
from conformance.subjects.supports import Supports

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.sampling.values import Array
    from conformance.subjects.peers._layers import Arrays
    from conformance.subjects.protocol import Implementation

# On every backend but tensorflow, keras promotes float64 to float32 (keras.backend.result_type): matmul on
# NumPy and tanh on jax return float32 from float64, whatever the dtype policy is.
DTYPES = ("float32",)

_LAYERS = {"LSTM": "LSTM", "GRU": "GRU", "RNN": "SimpleRNN"}


def on_numpy() -> Implementation:
    """Return keras on NumPy, forward only."""
    return layers("keras on numpy", _forward, supports=Supports(dtypes=DTYPES, backward=False))


def on_jax() -> Implementation:
    """Return keras on jax, forward and backward."""
    run = direction(
        {kind: (FRAMEWORKS["keras"].of_kind(kind), partial(_stateless, kind)) for kind in _LAYERS}
    )
    return layers("keras on jax", run, supports=Supports(dtypes=DTYPES), excuses=[RELU_AT_NAN])


def _keras(backend: str) -> Any:
    """Return keras on a backend.

    Raises:
        UsageError: this process has keras on another backend.
    """
    os.environ["KERAS_BACKEND"] = backend
    import keras

    if keras.backend.backend() != backend:
        raise UsageError(f"keras: expected the backend {backend}, got {keras.backend.backend()}")
    return keras


def _made(keras: Any, kind: str, x: Any, hidden: int, nonlinearity: str, *, bias: bool) -> Any:
    """Return a layer whose parameters are zero."""
    options = {"activation": nonlinearity} if kind == "RNN" else {"use_cudnn": False}
    layer = getattr(keras.layers, _LAYERS[kind])(
        hidden,
        return_sequences=True,
        return_state=True,
        use_bias=bias,
        kernel_initializer="zeros",
        recurrent_initializer="zeros",
        dtype=x.dtype.name,
        **options,
    )
    layer.build(x.shape)
    return layer


def _forward(
    kind: str, p: Arrays, x: Array, states: tuple[Array, ...], nonlinearity: str
) -> tuple[tuple[Array, tuple[Array, ...]], None]:
    parts = cell_map(FRAMEWORKS["keras"].of_kind(kind), bias="bias_ih" in p).to_subject(p)
    layer = _made(_keras("numpy"), kind, x, states[0].shape[1], nonlinearity, bias="bias" in parts)
    layer.set_weights([parts[variable.name] for variable in layer.weights])
    # keras has the batch first.
    output, *lasts = layer(x.swapaxes(0, 1), initial_state=list(states))
    return (np.swapaxes(output, 0, 1), tuple(lasts)), None


def _stateless(
    kind: str, nonlinearity: str, parts: Mapping[str, Any], x: Any, states: tuple[Any, ...]
) -> tuple[Any, tuple[Any, ...]]:
    keras = _keras("jax")
    x = x.swapaxes(0, 1)
    layer = _made(keras, kind, x, states[0].shape[1], nonlinearity, bias="bias" in parts)
    trained = [parts[variable.name] for variable in layer.trainable_variables]
    others = [variable.value for variable in layer.non_trainable_variables]
    (output, *lasts), _ = layer.stateless_call(trained, others, x, initial_state=list(states))
    return output.swapaxes(0, 1), tuple(lasts)
