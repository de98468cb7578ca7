"""The recurrent layers: LSTM, GRU and RNN, trained and run, on the grid of sizes.

Next to torch's stands `products`: the matrix products of the layer alone, as NumPy computes them, into arrays
that are there. Without compiled code no NumPy library is faster, so where a layer misses its target the ratio
of its products says how much was to be had.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.bench.libraries import torch_like
from conformance.bench.workload import Side, Workload
from conformance.bench.workloads._drawing import Draws, inferred, load, trained

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.bench.workload import Array, Size

# (batch, steps, input size, hidden size): from those of the notebook to those that fill a core's caches.
GRID: tuple[Size, ...] = (
    (1, 10, 8, 16),
    (4, 16, 8, 16),
    (16, 32, 32, 64),
    (32, 64, 64, 128),
    (32, 128, 128, 256),
    (64, 100, 256, 512),
)
LETTERS = ("N", "L", "I", "H")
# The number of gates, whose blocks of H rows stand in a weight.
_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


@dataclass(frozen=True)
class Layer:
    """A recurrent layer, and how it is called.

    Attributes:
        kind: LSTM, GRU or RNN.
        train: whether gradients are computed.
        dtype: of all numbers.
        layers: how many are stacked.
        directions: 1 or 2.
        projected: whether the hidden state is projected to half its size.
    """

    kind: str
    train: bool = True
    dtype: str = "float32"
    layers: int = 1
    directions: int = 1
    projected: bool = False

    def side(self, library: Any, size: Size) -> Side:
        """Return the side of a library with torch's names."""
        N, L, I, H = size
        options: dict[str, Any] = {"num_layers": self.layers, "bidirectional": self.directions == 2}
        if self.projected:
            options["proj_size"] = H // 2
        module = getattr(library.nn, self.kind)(I, H, **options).to(getattr(library, self.dtype))
        parameters = load(library, module, H, self.dtype)
        draws = Draws()
        x = library.from_numpy(draws.normal(L, N, I, dtype=self.dtype))

        def forward() -> list[Any]:
            output, state = module(x)
            return [output, *(state if isinstance(state, tuple) else (state,))]

        if not self.train:
            module.eval()
            return inferred(library, forward)
        P, rows = self._width(H), self.layers * self.directions
        shapes = [(L, N, self.directions * P), (rows, N, P), (rows, N, H)][: 3 if self.kind == "LSTM" else 2]
        cotangents = [library.from_numpy(draws.normal(*shape, dtype=self.dtype)) for shape in shapes]
        return trained(library, [x.requires_grad_(), *parameters], forward, cotangents)

    def products(self, size: Size) -> Side:
        """Return the yardstick: the products of all layers and directions."""
        _, _, I, H = size
        widths = [I, *[self.directions * self._width(H)] * (self.layers - 1)]
        runs = [self._run(size, width) for width in widths for _ in range(self.directions)]

        def step() -> None:
            for run in runs:
                run()

        return Side(step, None)

    def _width(self, H: int) -> int:
        return H // 2 if self.projected else H

    def _run(self, size: Size, width: int) -> Callable[[], None]:
        """Return what computes the products of one direction of one layer.

        Weights stand on the left, which OpenBLAS likes best; whatever needs no earlier step is one product.
        """
        N, L, _, H = size
        P, rows, dtype = self._width(H), _GATES[self.kind] * H, self.dtype
        draws = Draws()
        w_ih, w_hh = draws.normal(rows, width, dtype=dtype), draws.normal(rows, P, dtype=dtype)
        x, h, gates = (draws.normal(n, L * N, dtype=dtype) for n in (width, P, rows))
        one_h, one_gates, before = (np.empty((n, N), dtype) for n in (P, rows, P))
        steps = [(w_hh, one_h, one_gates)] * L
        if self.projected:
            w_hr = draws.normal(P, H, dtype=dtype)
            steps += [(w_hr, np.ones((H, N), dtype), one_h)] * L
        sequence = [(w_ih, x, np.empty_like(gates))]
        if self.train:
            steps += [(w_hh.T, one_gates, before)] * L
            sequence += [
                (w_ih.T, gates, np.empty_like(x)),
                (gates, x.T, np.empty_like(w_ih)),
                (gates, h.T, np.empty_like(w_hh)),
            ]
            if self.projected:
                steps += [(w_hr.T, one_h, np.empty((H, N), dtype))] * L
                sequence.append((h, np.ones((L * N, H), dtype), np.empty_like(w_hr)))
        one_h[...], one_gates[...] = 0.5, 0.5
        return lambda: _multiplied([*sequence, *steps])


def _multiplied(products: list[tuple[Array, Array, Array]]) -> None:
    for left, right, out in products:
        np.matmul(left, right, out=out)


def workload(name: str, layer: Layer, sizes: tuple[Size, ...] = GRID) -> Workload:
    """Return the workload of a layer: against torch, with the products as a yardstick."""
    return Workload(
        name,
        "recurrent layers",
        LETTERS,
        sizes,
        {**torch_like(layer.side), "products": layer.products},
        (("mytorch", "torch"), ("numba", "torch"), ("products", "torch")),
        rounding=1e-4 if layer.dtype == "float32" else 1e-11,
    )


WORKLOADS = (
    *(
        workload(f"{kind} {'train' if train else 'inference'}", Layer(kind, train))
        for kind in _GATES
        for train in (True, False)
    ),
    workload("LSTM two layers, bidirectional, train", Layer("LSTM", layers=2, directions=2), GRID[:4]),
    workload("LSTM projected to H/2, train", Layer("LSTM", projected=True), GRID[1:4]),
    workload("LSTM float64, train", Layer("LSTM", dtype="float64"), GRID[:4]),
    workload("LSTM float64, inference", Layer("LSTM", train=False, dtype="float64"), GRID[:4]),
)
