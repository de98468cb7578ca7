"""The steps of an LSTM, compiled; `mytorch.ops.lstm` has the equations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.compiled.functions import sigmoid, tanh
from mytorch.ops.compiled.jit import jit
from mytorch.ops.compiled.steps import by_rows, columns, nothing, plain, row_bias, runner, start, steps_of
from mytorch.ops.recurrence import Compiled, matrix_gradients

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mytorch._core.types import Array, Gradients
    from mytorch.ops.compiled.steps import Steps


@jit
def _step(gates: Array, recurrent: Array, bias: Array, c: Array, shown: Array) -> None:
    """Turn W_ih x, (B, 4, H), into the gates i, f, g, o, and c into c' = f·c + i·g; write o·tanh(c')."""
    _, _, height = gates.shape
    for row in range(len(gates)):
        for k in range(height):
            gates[row, 0, k] = sigmoid(gates[row, 0, k] + recurrent[row, 0, k] + bias[0, k])
        for k in range(height):
            gates[row, 1, k] = sigmoid(gates[row, 1, k] + recurrent[row, 1, k] + bias[1, k])
        for k in range(height):
            gates[row, 2, k] = tanh(gates[row, 2, k] + recurrent[row, 2, k] + bias[2, k])
        for k in range(height):
            gates[row, 3, k] = sigmoid(gates[row, 3, k] + recurrent[row, 3, k] + bias[3, k])
        for k in range(height):
            c[row, k] = gates[row, 1, k] * c[row, k] + gates[row, 0, k] * gates[row, 2, k]
        for k in range(height):
            shown[row, k] = gates[row, 3, k] * tanh(c[row, k])


@jit
def advance(
    gates: Array,
    bias: Array,
    weights: Array,
    projection: Array,
    h: Array,
    c: Array,
    first: Array,
    count: Array,
    before: Array,
    cells: Array,
    out: Array,
) -> None:
    """Go through all steps.

    Args:
        gates: W_ih x of every row, (R, 4, H); becomes the gates i, f, g, o.
        bias: b_ih + b_hh, (4, H).
        weights: W_hhᵀ, (P, 4H).
        projection: W_hrᵀ, (H, P), or no rows.
        h: the first hidden state, (N, P); becomes the last one.
        c: the first cell state, (N, H); becomes the last one.
        first: the first row of each step, (T,).
        count: how many rows it has, (T,).
        before: room for h before every step, (R, P).
        cells: room for c' of every step, (R, H).
        out: room for h' of every step, (R, P).
    """
    recurrent, shown = np.empty((len(h), weights.shape[1]), h.dtype), np.empty_like(c)
    by_gate = recurrent.reshape(len(c), 4, c.shape[1])
    for step in range(len(first)):
        begin, n = first[step], count[step]
        end = begin + n
        before[begin:end] = h[:n]
        np.dot(h[:n], weights, recurrent[:n])
        _step(gates[begin:end], by_gate, bias, c, shown)
        cells[begin:end] = c[:n]
        if len(projection):
            np.dot(shown[:n], projection, h[:n])
        else:
            h[:n] = shown[:n]
        out[begin:end] = h[:n]


@jit
def _step_back(gates: Array, cells: Array, dm: Array, dc: Array, da: Array) -> None:
    """Take the gradients of one step, (B, ·), through c'.

    With dc = dc' + dm·o·(1 - tanh²(c')): da_o = dm·tanh(c')·o·(1 - o), da_i = dc·g·i·(1 - i) and
    da_g = dc·i·(1 - g²); da_f becomes dc·f·(1 - f), which the cell state before the step has yet to multiply,
    and dc becomes dc·f.
    """
    (_, _, height), one = gates.shape, gates.dtype.type(1)
    for row in range(len(gates)):
        for k in range(height):
            o, shown = gates[row, 3, k], tanh(cells[row, k])
            da[row, 3, k] = dm[row, k] * shown * o * (one - o)
            dc[row, k] += dm[row, k] * o * (one - shown * shown)
        for k in range(height):
            i = gates[row, 0, k]
            da[row, 0, k] = dc[row, k] * gates[row, 2, k] * i * (one - i)
        for k in range(height):
            g = gates[row, 2, k]
            da[row, 2, k] = dc[row, k] * gates[row, 0, k] * (one - g * g)
        for k in range(height):
            f = gates[row, 1, k]
            dc[row, k] *= f
            da[row, 1, k] = dc[row, k] * (one - f)


@jit
def _times_before(da: Array, before: Array) -> None:
    """Multiply da_f, of (B, 4, H), by the cell state before, (≥ B, H)."""
    for row in range(len(da)):
        for k in range(da.shape[2]):
            da[row, 1, k] *= before[row, k]


@jit
def retreat(
    gates: Array,
    c0: Array,
    cells: Array,
    weights: Array,
    projection: Array,
    d_out: Array,
    d_cells: Array,
    dh: Array,
    dc: Array,
    first: Array,
    count: Array,
    da: Array,
    dh_rows: Array,
) -> None:
    """Go back through all steps.

    Args:
        gates: as `advance` left them, (R, 4, H).
        c0: the first cell state, (N, H).
        cells: c' of every step, (R, H).
        weights: W_hh, (4H, P).
        projection: W_hr, (P, H), or no rows.
        d_out: gradient of every h' from outside, (R, P), or no rows.
        d_cells: gradient of every c' from outside, (R, H), or no rows.
        dh: gradient of the last h, (N, P); becomes that of the first.
        dc: gradient of the last c, (N, H); becomes that of the first.
        first: as `advance` had it.
        count: as `advance` had it.
        da: room for the gradient of W_ih x + b_ih, (R, 4, H).
        dh_rows: room for the whole gradient of every h', (R, P); not used without projection.
    """
    dm = np.empty_like(dc) if len(projection) else dh
    flat = da.reshape(len(da), len(weights))
    for step in range(len(first) - 1, -1, -1):
        begin, n = first[step], count[step]
        end = begin + n
        if len(d_out):
            dh[:n] += d_out[begin:end]
        if len(d_cells):
            dc[:n] += d_cells[begin:end]
        if len(projection):
            dh_rows[begin:end] = dh[:n]
            np.dot(dh[:n], projection, dm[:n])
        _step_back(gates[begin:end], cells[begin:end], dm, dc, da[begin:end])
        # Sequences that begin with this step, as shorter ones do read from their ends, have none before it.
        begun = min(n, count[step - 1]) if step else 0
        _times_before(da[begin : begin + begun], cells[first[step - 1] :])
        _times_before(da[begin + begun : end], c0[begun:])
        np.dot(flat[begin:end], weights, dh[:n])


@dataclass
class Trail(Compiled):
    """What `forward` leaves for `backward`: the inputs, and what `advance` filled."""

    inputs: tuple[Array | None, ...]
    rows: tuple[Array, Array, Array, Array]
    steps: Steps
    every_cell: bool

    def backward(self, grads: tuple[Array | None, ...]) -> Gradients:
        """Go back through the steps; products over all steps are computed at the end, if asked for."""
        x, h0, c0, w_ih, w_hh, w_hr = self.inputs
        gates, first_c, before, cells = self.rows
        assert x is not None and w_ih is not None and w_hh is not None  # noqa: S101, PT018 - only the others are optional
        (rows, width), (batch, height) = before.shape, first_c.shape
        none = nothing(gates)
        d_out = by_rows(grads[0], before)
        d_cells, last = none, grads[1:]
        if self.every_cell:
            d_cells = by_rows(grads[1], cells)
            last = None, None
        dh, dc = start(last[0], batch, width, gates.dtype), start(last[1], batch, height, gates.dtype)
        da = np.empty_like(gates)
        flat = da.reshape(rows, 4 * height)
        projection, dh_rows = (none, none) if w_hr is None else (plain(w_hr), np.empty_like(before))
        runner(retreat, batch, w_hh)(
            gates, first_c, cells, plain(w_hh), projection, d_out, d_cells, dh, dc, *self.steps, da, dh_rows
        )  # fmt: skip

        def into_projection() -> Array:
            gradient: Array = dh_rows.T @ (gates[:, 3] * np.tanh(cells))
            return gradient

        dx, dw_ih, dw_hh, db_ih, db_hh = matrix_gradients(x, w_ih, lambda: before, flat, flat)
        dh0 = None if h0 is None else dh.reshape(h0.shape)
        dc0 = None if c0 is None else dc.reshape(c0.shape)
        return dx, dh0, dc0, dw_ih, dw_hh, db_ih, db_hh, into_projection


def forward(
    x: Array,
    h0: Array | None,
    c0: Array | None,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None,
    b_hh: Array | None,
    w_hr: Array | None,
    *,
    runs: Sequence[tuple[int, int]],
    reverse: bool = False,
    every_cell: bool = False,
) -> tuple[tuple[Array, ...], Trail]:
    """Compute what `mytorch.ops.lstm.Lstm.forward` does."""
    (height, width), dtype, batch = (len(w_hh) // 4, w_hh.shape[1]), x.dtype, runs[0][1]
    steps = steps_of(runs, reverse)
    gates = np.matmul(x.reshape(-1, x.shape[-1]), w_ih.T).reshape(-1, 4, height)
    rows = len(gates)
    h, first_c = start(h0, batch, width, dtype), start(c0, batch, height, dtype)
    c = first_c.copy()
    before, cells, out = (np.empty((rows, size), dtype) for size in (width, height, width))
    projection = nothing(x) if w_hr is None else columns(w_hr)
    runner(advance, batch, w_hh)(
        gates, row_bias(b_ih, b_hh, gates), columns(w_hh), projection, h, c, *steps, before, cells, out
    )  # fmt: skip
    shape = x.shape[:-1]
    if every_cell:
        outs: tuple[Array, ...] = out.reshape(*shape, width), cells.reshape(*shape, height).copy()
    else:
        outs = out.reshape(*shape, width), h[None], c[None]
    return outs, Trail((x, h0, c0, w_ih, w_hh, w_hr), (gates, first_c, before, cells), steps, every_cell)
