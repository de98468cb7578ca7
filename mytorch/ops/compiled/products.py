"""Parts of the kernels that are the same for every layer: sums of biases, and products over all steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.compiled.jit import jit

if TYPE_CHECKING:
    from mytorch._core.types import Array
    from mytorch.ops.compiled.steps import Arrays


@jit
def summed(b_ih: Array, b_hh: Array, height: int) -> Array:
    """Return the sum of the biases that have elements, (F,)."""
    bias = np.zeros(height, b_ih.dtype)
    if len(b_ih):
        bias += b_ih
    if len(b_hh):
        bias += b_hh
    return bias


@jit
def _total(rows: Array, total: Array) -> None:
    """Add up rows, (R, F)."""
    total[:] = 0
    for row in range(len(rows)):
        for k in range(len(total)):
            total[k] += rows[row, k]


@jit
def finish(x: Array, w_ih: Array, before: Array, into: Arrays, results: Arrays) -> None:
    """Compute the gradients that are products over all steps, if there is room for them.

    Args:
        x: the input, (R, I).
        w_ih: (G, I).
        before: h before every step, (R, P).
        into: the gradients of W_hh h + b_hh and of W_ih x + b_ih, (R, G).
        results: room for those of x, W_ih, W_hh, b_ih and b_hh, or no rows.
    """
    into_state, into_input = into
    dx, dw_ih, dw_hh, db_ih, db_hh = results
    if len(dx):
        np.dot(into_input, w_ih, dx)
        np.dot(into_input.T, x, dw_ih)
        np.dot(into_state.T, before, dw_hh)
        _total(into_input, db_ih)
        if len(db_hh):
            _total(into_state, db_hh)
