"""The steps of a plain recurrent network, compiled; `mytorch.ops.rnn` has the equations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.compiled.functions import tanh
from mytorch.ops.compiled.jit import jit
from mytorch.ops.compiled.steps import by_rows, columns, plain, row_bias, runner, start, steps_of
from mytorch.ops.recurrence import Compiled, matrix_gradients

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mytorch._core.types import Array, Gradients
    from mytorch.ops.compiled.steps import Steps


@jit
def _step(after: Array, recurrent: Array, bias: Array, relu: bool) -> None:
    """Turn W_ih x, (B, H), into h' = tanh(W_ih x + W_hh h + b), or max(·, 0)."""
    zero = after.dtype.type(0)
    for row in range(len(after)):
        for k in range(len(bias)):
            after[row, k] += recurrent[row, k] + bias[k]
        if relu:
            for k in range(len(bias)):
                after[row, k] = max(after[row, k], zero)  # a nan, as it stands first, stays
        else:
            for k in range(len(bias)):
                after[row, k] = tanh(after[row, k])


@jit
def advance(
    after: Array,
    bias: Array,
    weights: Array,
    h: Array,
    first: Array,
    count: Array,
    before: Array,
    relu: bool,
) -> None:
    """Go through all steps.

    Args:
        after: W_ih x of every row, (R, H); becomes h' of every step.
        bias: b_ih + b_hh, (H,).
        weights: W_hhᵀ, (H, H).
        h: the first state, (N, H); becomes the last one.
        first: the first row of each step, (T,).
        count: how many rows it has, (T,).
        before: room for h before every step, (R, H).
        relu: the second nonlinearity and not the first.
    """
    recurrent = np.empty_like(h)
    for step in range(len(first)):
        begin, n = first[step], count[step]
        end = begin + n
        before[begin:end] = h[:n]
        np.dot(h[:n], weights, recurrent[:n])
        _step(after[begin:end], recurrent, bias, relu)
        h[:n] = after[begin:end]


@jit
def _step_back(after: Array, dh: Array, da: Array, relu: bool) -> None:
    """Write da = dh·(1 - h'²) of one step, (B, H), or dh where not h' ≤ 0."""
    one, zero = after.dtype.type(1), after.dtype.type(0)
    for row in range(len(after)):
        if relu:
            for k in range(after.shape[1]):
                # Multiplying by 0 or 1 would make nan of an infinite gradient.
                da[row, k] = zero if after[row, k] <= zero else dh[row, k]
        else:
            for k in range(after.shape[1]):
                da[row, k] = dh[row, k] * (one - after[row, k] * after[row, k])


@jit
def retreat(
    after: Array,
    weights: Array,
    d_out: Array,
    dh: Array,
    first: Array,
    count: Array,
    da: Array,
    relu: bool,
) -> None:
    """Go back through all steps.

    Args:
        after: h' of every step, (R, H).
        weights: W_hh, (H, H).
        d_out: gradient of every h' from outside, (R, H), or no rows.
        dh: gradient of the last h, (N, H); becomes that of the first.
        first: as `advance` had it.
        count: as `advance` had it.
        da: room for the gradient of W_ih x + b_ih, (R, H).
        relu: as `advance` had it.
    """
    for step in range(len(first) - 1, -1, -1):
        begin, n = first[step], count[step]
        end = begin + n
        if len(d_out):
            dh[:n] += d_out[begin:end]
        _step_back(after[begin:end], dh, da[begin:end], relu)
        np.dot(da[begin:end], weights, dh[:n])


@dataclass
class Trail(Compiled):
    """What `forward` leaves for `backward`: the inputs, and what `advance` filled."""

    x: Array
    h0: Array | None
    w_ih: Array
    w_hh: Array
    after: Array
    before: Array
    steps: Steps
    relu: bool

    def backward(self, grads: tuple[Array | None, ...]) -> Gradients:
        """Go back through the steps; products over all steps are computed at the end, if asked for."""
        height, batch = len(self.w_hh), int(self.steps[1].max())
        dh, da = start(grads[1], batch, height, self.x.dtype), np.empty_like(self.after)
        d_out = by_rows(grads[0], self.after)
        retreat_here = runner(retreat, batch, self.w_hh)
        retreat_here(self.after, plain(self.w_hh), d_out, dh, *self.steps, da, self.relu)
        dx, dw_ih, dw_hh, db_ih, db_hh = matrix_gradients(self.x, self.w_ih, lambda: self.before, da, da)
        return dx, None if self.h0 is None else dh.reshape(self.h0.shape), dw_ih, dw_hh, db_ih, db_hh


def forward(
    x: Array,
    h0: Array | None,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None,
    b_hh: Array | None,
    *,
    runs: Sequence[tuple[int, int]],
    reverse: bool = False,
    relu: bool = False,
) -> tuple[tuple[Array, Array], Trail]:
    """Compute what `mytorch.ops.rnn.Rnn.forward` does."""
    height, dtype, batch = len(w_hh), x.dtype, runs[0][1]
    steps = steps_of(runs, reverse)
    after = np.matmul(x.reshape(-1, x.shape[-1]), w_ih.T)
    h, before = start(h0, batch, height, dtype), np.empty_like(after)
    runner(advance, batch, w_hh)(after, row_bias(b_ih, b_hh, h), columns(w_hh), h, *steps, before, relu)
    outs = after.reshape(*x.shape[:-1], height).copy(), h[None]
    return outs, Trail(x, h0, w_ih, w_hh, after, before, steps, relu)
