"""flax's recurrent cells (`flax.nnx`), forward and backward, as implementations of torch's layers and cells.

flax has cells; `jax.lax.scan` runs them over the steps, as `nnx.RNN` does. Each function returns the
implementation that one class of cells makes.

Example:
    conformance run nn.GRU --implementation conformance.subjects.peers.flax:gru_cell
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.subjects.layouts import FRAMEWORKS
from conformance.subjects.peers._jax import RELU_AT_NAN, direction
from conformance.subjects.peers._layers import layers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases.case import Config
    from conformance.subjects.protocol import Implementation


def lstm_cell() -> Implementation:
    """Return `nnx.LSTMCell`, which has eight kernels."""
    return _cell("flax", "LSTM")


def optimized_lstm_cell() -> Implementation:
    """Return `nnx.OptimizedLSTMCell`, which has two."""
    return _cell("flax-optimized", "LSTM")


def gru_cell() -> Implementation:
    """Return `nnx.GRUCell`; it has no b_hn, so it is judged without biases."""
    return _cell("flax", "GRU")


def simple_cell() -> Implementation:
    """Return `nnx.SimpleCell`, with tanh or relu."""
    return _cell("flax", "RNN")


def _cell(framework: str, kind: str) -> Implementation:
    layout = FRAMEWORKS[framework].of_kind(kind)

    def declines(_: str, config: Config) -> str | None:
        # torch's b_hn is multiplied by the reset gate; as any number may be drawn, it cannot be left out.
        return f"{layout.cell} has no b_hn" if layout.zero and config["bias"] else None

    run = direction({kind: (layout, partial(_sequence, layout.cell))})
    excuses = [RELU_AT_NAN] if kind == "RNN" else []
    return layers(f"flax.nnx.{layout.cell}", run, kinds=[kind], declines=declines, excuses=excuses)


def _sequence(
    cell: str, nonlinearity: str, parts: Mapping[str, Any], x: Any, states: tuple[Any, ...]
) -> tuple[Any, tuple[Any, ...]]:
    """Run a cell over the steps; biases that are not among the parameters stay zero."""
    import jax
    from flax import nnx

    zeros = nnx.initializers.zeros_init()
    options: dict[str, Any] = {"kernel_init": zeros, "recurrent_kernel_init": zeros, "bias_init": zeros}
    if cell == "SimpleCell":
        options["activation_fn"] = getattr(nnx, nonlinearity)
    made = getattr(nnx, cell)(
        x.shape[2], states[0].shape[1], dtype=x.dtype, param_dtype=x.dtype, rngs=nnx.Rngs(0), **options
    )
    for name, array in parts.items():
        owner, _, parameter = name.partition(".")
        setattr(getattr(made, owner), parameter, nnx.Param(array))
    # An LSTM carries (c, h), the others h alone.
    carry = states[::-1] if len(states) == 2 else states[0]
    carry, output = jax.lax.scan(made, carry, x)
    return output, carry[::-1] if len(states) == 2 else (carry,)
