"""equinox's LSTMCell and GRUCell, forward and backward, as implementations of torch's layers and cells.

equinox has cells of one row; `jax.vmap` runs them over a batch, and `jax.lax.scan` over the steps, as its
documentation does.

Example:
    conformance run nn.LSTM nn.GRU --implementation conformance.subjects.peers.equinox:make
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.subjects.layouts import FRAMEWORKS
from conformance.subjects.peers._jax import direction
from conformance.subjects.peers._layers import layers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.subjects.protocol import Implementation


def make() -> Implementation:
    """Return `equinox.nn.LSTMCell` and `equinox.nn.GRUCell`; equinox has no plain RNN."""
    layouts = {layout.kind: layout for layout in FRAMEWORKS["equinox"].layouts}
    run = direction({kind: (layout, partial(_sequence, kind)) for kind, layout in layouts.items()})
    return layers("equinox", run, kinds=[*layouts])


def _sequence(
    kind: str, nonlinearity: str, parts: Mapping[str, Any], x: Any, states: tuple[Any, ...]
) -> tuple[Any, tuple[Any, ...]]:
    """Run a cell over the rows of a batch and the steps."""
    import equinox as eqx
    import jax

    del nonlinearity  # an RNN's
    cell = eqx.filter_eval_shape(
        getattr(eqx.nn, f"{kind}Cell"),
        x.shape[2],
        states[0].shape[1],
        use_bias="bias" in parts,
        dtype=x.dtype,
        key=jax.random.PRNGKey(0),
    )
    cell = eqx.tree_at(lambda each: [getattr(each, name) for name in parts], cell, [*parts.values()])
    rows = jax.vmap(cell)

    def step(state: Any, given: Any) -> tuple[Any, Any]:
        # An LSTM's state is (h, c), a GRU's h alone.
        state = rows(given, state)
        return state, state[0] if kind == "LSTM" else state

    last, output = jax.lax.scan(step, states if kind == "LSTM" else states[0], x)
    return output, last if kind == "LSTM" else (last,)
