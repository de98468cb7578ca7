"""The steps of a GRU, compiled; `mytorch.ops.gru` has the equations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.compiled.functions import sigmoid, tanh
from mytorch.ops.compiled.jit import jit
from mytorch.ops.compiled.steps import by_rows, columns, plain, runner, start, steps_of
from mytorch.ops.recurrence import Compiled, matrix_gradients

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mytorch._core.types import Array, Gradients
    from mytorch.ops.compiled.steps import Steps


@jit
def _step(gates: Array, recurrent: Array, bias: Array, h: Array) -> None:
    """Turn W_ih x, (B, 3, H), into the gates r, z, n, and h into h' = n + z·(h - n).

    n's part of `recurrent` becomes m = W_hn h + b_hn, which r scales.
    """
    _, _, height = gates.shape
    for row in range(len(gates)):
        for k in range(height):
            gates[row, 0, k] = sigmoid(gates[row, 0, k] + recurrent[row, 0, k] + bias[0, k])
        for k in range(height):
            gates[row, 1, k] = sigmoid(gates[row, 1, k] + recurrent[row, 1, k] + bias[1, k])
        for k in range(height):
            recurrent[row, 2, k] += bias[3, k]
        for k in range(height):
            gates[row, 2, k] = tanh(gates[row, 2, k] + bias[2, k] + gates[row, 0, k] * recurrent[row, 2, k])
        for k in range(height):
            h[row, k] = gates[row, 2, k] + gates[row, 1, k] * (h[row, k] - gates[row, 2, k])


@jit
def advance(
    gates: Array,
    bias: Array,
    weights: Array,
    h: Array,
    first: Array,
    count: Array,
    before: Array,
    scaled: Array,
    out: Array,
) -> None:
    """Go through all steps.

    Args:
        gates: W_ih x of every row, (R, 3, H); becomes the gates r, z, n.
        bias: of r, of z, of n's input and of n's state, (4, H).
        weights: W_hhᵀ, (H, 3H).
        h: the first state, (N, H); becomes the last one.
        first: the first row of each step, (T,).
        count: how many rows it has, (T,).
        before: room for h before every step, (R, H).
        scaled: room for m = W_hn h + b_hn of every step, (R, H).
        out: room for h' of every step, (R, H).
    """
    recurrent = np.empty((len(h), weights.shape[1]), h.dtype)
    by_gate = recurrent.reshape(len(h), 3, h.shape[1])
    for step in range(len(first)):
        begin, n = first[step], count[step]
        end = begin + n
        before[begin:end] = h[:n]
        np.dot(h[:n], weights, recurrent[:n])
        _step(gates[begin:end], by_gate, bias, h)
        scaled[begin:end] = by_gate[:n, 2]
        out[begin:end] = h[:n]


@jit
def _step_back(gates: Array, before: Array, scaled: Array, dh: Array, du: Array, da_n: Array) -> None:
    """Take the gradient of h' through one step, and turn dh into its part that goes past the gates, dh·z.

    da_n = dh·(1 - z)·(1 - n²), of W_in x + b_in; and of W_hh h + b_hh, (B, 3, H): du_r = da_n·m·r·(1 - r),
    du_z = dh·(h - n)·z·(1 - z), du_n = da_n·r.
    """
    (_, _, height), one = gates.shape, gates.dtype.type(1)
    for row in range(len(gates)):
        for k in range(height):
            z, n = gates[row, 1, k], gates[row, 2, k]
            da_n[row, k] = dh[row, k] * (one - z) * (one - n * n)
        for k in range(height):
            z = gates[row, 1, k]
            du[row, 1, k] = dh[row, k] * (before[row, k] - gates[row, 2, k]) * z * (one - z)
        for k in range(height):
            r = gates[row, 0, k]
            du[row, 0, k] = da_n[row, k] * scaled[row, k] * r * (one - r)
        for k in range(height):
            du[row, 2, k] = da_n[row, k] * gates[row, 0, k]
        for k in range(height):
            dh[row, k] *= gates[row, 1, k]


@jit
def retreat(
    gates: Array,
    before: Array,
    scaled: Array,
    weights: Array,
    d_out: Array,
    dh: Array,
    first: Array,
    count: Array,
    du: Array,
    da_n: Array,
) -> None:
    """Go back through all steps.

    Args:
        gates: as `advance` left them, (R, 3, H).
        before: h before every step, (R, H).
        scaled: m of every step, (R, H).
        weights: W_hh, (3H, H).
        d_out: gradient of every h' from outside, (R, H), or no rows.
        dh: gradient of the last h, (N, H); becomes that of the first.
        first: as `advance` had it.
        count: as `advance` had it.
        du: room for the gradient of W_hh h + b_hh, (R, 3, H).
        da_n: room for that of W_in x + b_in, (R, H).
    """
    flat, through = du.reshape(len(du), len(weights)), np.empty_like(dh)
    for step in range(len(first) - 1, -1, -1):
        begin, n = first[step], count[step]
        end = begin + n
        if len(d_out):
            dh[:n] += d_out[begin:end]
        _step_back(gates[begin:end], before[begin:end], scaled[begin:end], dh, du[begin:end], da_n[begin:end])
        np.dot(flat[begin:end], weights, through[:n])
        dh[:n] += through[:n]


@dataclass
class Trail(Compiled):
    """What `forward` leaves for `backward`: the inputs, and what `advance` filled."""

    x: Array
    h0: Array | None
    w_ih: Array
    w_hh: Array
    rows: tuple[Array, Array, Array]
    steps: Steps

    def backward(self, grads: tuple[Array | None, ...]) -> Gradients:
        """Go back through the steps; products over all steps are computed at the end, if asked for."""
        gates, before, _ = self.rows
        (rows, height), batch = before.shape, int(self.steps[1].max())
        dh = start(grads[1], batch, height, gates.dtype)
        du, da_n = np.empty_like(gates), np.empty_like(before)
        retreat_here = runner(retreat, batch, self.w_hh)
        retreat_here(*self.rows, plain(self.w_hh), by_rows(grads[0], before), dh, *self.steps, du, da_n)
        into_input = du.copy()
        into_input[:, 2] = da_n
        into_state, into_input = du.reshape(rows, 3 * height), into_input.reshape(rows, 3 * height)
        gradients = matrix_gradients(self.x, self.w_ih, lambda: before, into_input, into_state)
        dx, dw_ih, dw_hh, db_ih, db_hh = gradients
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
) -> tuple[tuple[Array, Array], Trail]:
    """Compute what `mytorch.ops.gru.Gru.forward` does."""
    height, dtype, batch = w_hh.shape[1], x.dtype, runs[0][1]
    steps = steps_of(runs, reverse)
    gates = np.matmul(x.reshape(-1, x.shape[-1]), w_ih.T).reshape(-1, 3, height)
    bias = np.zeros((4, height), dtype)
    if b_ih is not None and b_hh is not None:
        # r scales n's recurrent bias too; the other biases are only added.
        into_input, into_state = b_ih.reshape(3, height), b_hh.reshape(3, height)
        np.add(into_input[:2], into_state[:2], out=bias[:2])
        bias[2], bias[3] = into_input[2], into_state[2]
    h = start(h0, batch, height, dtype)
    before, scaled, out = (np.empty((len(gates), height), dtype) for _ in range(3))
    runner(advance, batch, w_hh)(gates, bias, columns(w_hh), h, *steps, before, scaled, out)
    outs = out.reshape(*x.shape[:-1], height), h[None]
    return outs, Trail(x, h0, w_ih, w_hh, (gates, before, scaled), steps)
