"""Rows of a table by number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


# With as many numbers as rows, drawn at random, 99.6 % of the gradient is added in four rounds.
_ROUNDS = 4


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
        flat = places.reshape(-1)
        _add_rows(whole, flat, grad.reshape(flat.size, shape[1]))
        if by_frequency:
            whole /= np.maximum(np.bincount(flat, minlength=shape[0]), 1)[:, None].astype(grad.dtype)
        if padding is not None:
            whole[padding] = 0
        return whole, None


def _add_rows(table: Array, places: Array, rows: Array) -> None:
    """Add rows to those of a table at row numbers that may repeat; many times faster than np.add.at."""
    if places.size <= len(table):
        # Few repeats: each round adds one row at each number that is left, the one that was written last.
        last = np.empty(len(table), np.intp)
        for _ in range(_ROUNDS):
            order = np.arange(places.size)
            last[places] = order
            chosen = last[places] == order
            table[places[chosen]] += rows[chosen]
            places, rows = places[~chosen], rows[~chosen]
            if not places.size:
                return
    # Sorted, so that each run of equal numbers is summed at once.
    order = np.argsort(places, kind="stable")
    numbers = places[order]
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    table[numbers[starts]] += np.add.reduceat(rows[order], starts, axis=0)
