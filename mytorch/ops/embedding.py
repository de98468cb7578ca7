"""Rows of a table by number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


class Embedding(Op):
    """The rows of a table (V, D) at row numbers (*); the row `padding` gets no gradient.

    With `by_frequency` the gradient of a row is divided by how often it was selected.
    """

    uses = ((1,), ())

    @staticmethod
    def forward(table: Array, places: Array, padding: int | None, by_frequency: bool) -> tuple[Array, Any]:
        return table[places], (table.shape, places, padding, by_frequency)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        shape, places, padding, by_frequency = saved
        whole = np.zeros(shape, grad.dtype)
        if not places.size:
            return whole, None
        # Sorted, so that each run of equal numbers is summed at once: many times faster than np.add.at.
        flat = places.reshape(-1)
        order = np.argsort(flat, kind="stable")
        rows, starts, counts = np.unique(flat[order], return_index=True, return_counts=True)
        sums = np.add.reduceat(grad.reshape(flat.size, shape[1])[order], starts, axis=0)
        whole[rows] = sums / counts[:, None].astype(grad.dtype) if by_frequency else sums
        if padding is not None:
            whole[padding] = 0
        return whole, None
