"""One direction of a recurrent layer that jax computes, compiled and differentiated by it.

Called by the peers that are written in jax. A sequence is compiled once per shape and dtype, forward and
backward: jax without `jit` compiles each operation of each step apart, which takes three times as long.

jaxlib 0.10.2 returns wrong gradients of some GRUs in float64 on CPUs with AVX-512, such as those of N = 4 and
H = 5 in `lax.scan`. The same loop without `scan` has the right ones, and so has
`XLA_FLAGS=--xla_cpu_max_isa=AVX2`.
Runs that meet one fail, as they should: `nn.GRU` of equinox at seed 2 does.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.subjects.declarations import Excuse
from conformance.subjects.layouts import cell_map

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.sampling.values import Array
    from conformance.subjects.layouts import Layout
    from conformance.subjects.peers._layers import Arrays, Back, Direction

    # From a nonlinearity, parameters by the framework's names, x (L, N, I) and states (N, H) to the output
    # (L, N, H) and the last states; all arrays are jax's.
    Sequence = Callable[[str, Mapping[str, Any], Any, tuple[Any, ...]], tuple[Any, tuple[Any, ...]]]

# What is lost at the NaN of one step is missing in gradients of others, which may be finite.
RELU_AT_NAN = Excuse(
    case="nn.RNN*",
    observable="grad.*",
    regime="nonfinite",
    reason="jax.nn.relu passes the gradient on where x > 0, which NaN is not; torch where not x <= 0",
    link="https://docs.jax.dev/en/latest/_autosummary/jax.nn.relu.html",
)


def direction(sequences: Mapping[str, tuple[Layout, Sequence]]) -> Direction:
    """Return what runs one direction of one layer, forward and backward.

    Args:
        sequences: by kind, how the framework lays out the parameters, and what runs a sequence.
    """
    compiled: dict[str, Any] = {}
    shapes: list[object] = []

    def run(
        kind: str, p: Arrays, x: Array, states: tuple[Array, ...], nonlinearity: str
    ) -> tuple[tuple[Array, tuple[Array, ...]], Back]:
        import jax

        # Without it, jax computes float64 in float32. float32 is computed as jax comes.
        wide = x.dtype == np.float64
        layout, sequence = sequences[kind]
        weights = cell_map(layout, bias="bias_ih" in p)
        # jax keeps what it compiled, some MB for each shape, though the next sample has another.
        if shapes != [x.shape, states[0].shape, x.dtype]:
            shapes[:] = x.shape, states[0].shape, x.dtype
            jax.clear_caches()
        if kind not in compiled:
            compiled[kind] = jax.jit(sequence, static_argnums=0)
        with jax.enable_x64(wide):
            (output, lasts), back = jax.vjp(
                partial(compiled[kind], nonlinearity), weights.to_subject(p), x, states
            )

        def pullback(
            grad_output: Array, grad_lasts: tuple[Array, ...]
        ) -> tuple[Arrays, Array, tuple[Array, ...]]:
            with jax.enable_x64(wide):
                of_parts, of_x, of_states = back((grad_output, grad_lasts))
            named = {name: np.asarray(each) for name, each in of_parts.items()}
            return weights.to_reference(named, gradients=True), of_x, of_states

        return (output, lasts), pullback

    return run
