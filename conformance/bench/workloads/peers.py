"""Other frameworks: a training step of an LSTM in JAX, compiled with `lax.scan`, in MyGrad and in autograd.

The loops are those of the peers that the suite judges. JAX's step, forward and backward, is compiled as one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.bench.libraries import of_mytorch
from conformance.bench.workload import Side, Workload
from conformance.bench.workloads._drawing import Draws, weights
from conformance.bench.workloads.recurrent import GRID, LETTERS, Layer

if TYPE_CHECKING:
    from conformance.bench.workload import Array, Maker, Size

_PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def _arrays(size: Size) -> tuple[dict[str, Array], Array, tuple[Array, Array], tuple[Array, Array, Array]]:
    """Return parameters, input, initial states and cotangents, as mytorch's side draws them."""
    N, L, I, H = size
    shapes = dict(zip(_PARAMETERS, ((4 * H, I), (4 * H, H), (4 * H,), (4 * H,)), strict=True))
    draws = Draws()
    x = draws.normal(L, N, I)
    output, h, c = (draws.normal(*shape) for shape in ((L, N, H), (1, N, H), (1, N, H)))
    zeros = np.zeros((N, H), np.float32)
    return dict(weights(shapes, H)), x, (zeros, zeros), (output, h[0], c[0])


def _results(output: Any, lasts: Any, of_p: Any, of_x: Any) -> list[Array]:
    """Return outputs and gradients in the order of mytorch's side; a layer's states have one row more."""
    h, c = (np.asarray(each)[None] for each in lasts)
    return [np.asarray(output), h, c, np.asarray(of_x), *(np.asarray(of_p[name]) for name in _PARAMETERS)]


def _scanned(size: Size) -> Side:
    """Return the side of JAX."""
    import jax

    from conformance.subjects.peers.jax_scan import sequence

    p, x, states, (of_output, *of_lasts) = jax.tree.map(jax.numpy.asarray, _arrays(size))

    def train(p: Any, x: Any) -> Any:
        (output, lasts), back = jax.vjp(lambda p, x: sequence("LSTM", "tanh", p, x, states), p, x)
        return output, lasts, *back((of_output, tuple(of_lasts)))

    compiled = jax.jit(train)

    def step() -> Any:
        return jax.block_until_ready(compiled(p, x))

    return Side(step, lambda: _results(*step()))


def _by_hand(framework: str) -> Maker:
    """Return what makes the side of a framework whose loop is Python's."""

    def make(size: Size) -> Side:
        direction = import_module(f"conformance.subjects.peers.{framework}").direction
        p, x, states, (of_output, *of_lasts) = _arrays(size)

        def step() -> Any:
            (output, lasts), back = direction("LSTM", p, x, states, "tanh")
            of_p, of_x, _ = back(of_output, tuple(of_lasts))
            return output, lasts, of_p, of_x

        return Side(step, lambda: _results(*step()))

    return make


def _workload(named: str, name: str, sizes: tuple[Size, ...], make: Maker) -> Workload:
    return Workload(
        f"LSTM train against {named}",
        "other frameworks",
        LETTERS,
        sizes,
        {name: make, **of_mytorch(Layer("LSTM").side)},
        (("mytorch", name), ("numba", name)),
    )


WORKLOADS = (
    _workload("JAX", "jax", GRID, _scanned),
    _workload("MyGrad", "mygrad", GRID[:3], _by_hand("mygrad")),
    _workload("autograd", "autograd", GRID[:3], _by_hand("autograd")),
)
