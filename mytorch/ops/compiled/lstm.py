"""The steps of an LSTM, compiled; `mytorch.ops.lstm` has the equations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.compiled.functions import sigmoid, tanh
from mytorch.ops.compiled.jit import jit
from mytorch.ops.compiled.products import finish, summed

if TYPE_CHECKING:
    from mytorch._core.types import Array
    from mytorch.ops.compiled.steps import Arrays


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
def advance(x: Array, parameters: Arrays, states: Arrays, steps: Arrays, room: Arrays, _: bool) -> None:
    """Go through all steps, as `layer` says; the gates are i, f, g, o."""
    w_ih, w_hh, b_ih, b_hh, w_hr = parameters
    (h, c), (first, count), (gates, before, cells, out) = states, steps, room
    np.dot(x, w_ih.T, gates)
    # BLAS takes rows times it at up to twice the speed.
    weights, projection = np.ascontiguousarray(w_hh.T), np.ascontiguousarray(w_hr.T)
    bias = summed(b_ih, b_hh, len(w_hh)).reshape(4, c.shape[1])
    recurrent, shown = np.empty((len(h), len(w_hh)), h.dtype), np.empty_like(c) if len(w_hr) else h
    by_gate, each = recurrent.reshape(len(c), 4, c.shape[1]), gates.reshape(len(gates), 4, c.shape[1])
    batch = len(c)
    cells[:batch] = c
    for step in range(len(first)):
        begin, n = first[step], count[step]
        end = begin + n
        before[begin:end] = h[:n]
        np.dot(h[:n], weights, recurrent[:n])
        _step(each[begin:end], by_gate, bias, c, shown)
        cells[batch + begin : batch + end] = c[:n]
        if len(w_hr):
            np.dot(shown[:n], projection, h[:n])
        out[begin:end] = h[:n]


@jit
def _step_back(gates: Array, cells: Array, dm: Array, dc: Array) -> None:
    """Take the gradients of one step, (B, ·), through c', and turn the gates into their gradients da.

    With dc = dc' + dm·o·(1 - tanh²(c')): da_o = dm·tanh(c')·o·(1 - o), da_i = dc·g·i·(1 - i) and
    da_g = dc·i·(1 - g²); da_f becomes dc·f·(1 - f), which the cell state before the step has yet to multiply,
    and dc becomes dc·f. A loop over all four would read and write so many rows that it is not vectorized.
    """
    (_, _, height), one = gates.shape, gates.dtype.type(1)
    da_i = np.empty(height, gates.dtype)
    for row in range(len(gates)):
        for k in range(height):
            o, shown = gates[row, 3, k], tanh(cells[row, k])
            gates[row, 3, k] = dm[row, k] * shown * o * (one - o)
            dc[row, k] += dm[row, k] * o * (one - shown * shown)
        for k in range(height):
            i = gates[row, 0, k]
            da_i[k] = dc[row, k] * gates[row, 2, k] * i * (one - i)
        for k in range(height):
            g = gates[row, 2, k]
            gates[row, 2, k] = dc[row, k] * gates[row, 0, k] * (one - g * g)
        for k in range(height):
            gates[row, 0, k] = da_i[k]
        for k in range(height):
            f = gates[row, 1, k]
            dc[row, k] *= f
            gates[row, 1, k] = dc[row, k] * (one - f)


@jit
def _times_before(da: Array, before: Array) -> None:
    """Multiply da_f, of (B, 4, H), by the cell state before, (≥ B, H)."""
    for row in range(len(da)):
        for k in range(da.shape[2]):
            da[row, 1, k] *= before[row, k]


@jit
def retreat(
    x: Array, parameters: Arrays, room: Arrays, steps: Arrays, arriving: Arrays, results: Arrays, _: bool
) -> None:
    """Go back through all steps, as `layer` says; W_ih x + b_ih and W_hh h + b_hh have the same gradient."""
    (w_ih, w_hh, w_hr), (gates, before, cells, dh_rows) = parameters, room
    (first, count), (d_out, d_cells, dh, dc) = steps, arriving
    (batch, height), dm = dc.shape, np.empty_like(dc) if len(w_hr) else dh
    da, c0, cells = gates.reshape(len(gates), 4, height), cells[:batch], cells[batch:]
    for step in range(len(first) - 1, -1, -1):
        begin, n = first[step], count[step]
        end = begin + n
        if len(d_out):
            dh[:n] += d_out[begin:end]
        if len(d_cells):
            dc[:n] += d_cells[begin:end]
        if len(w_hr):
            dh_rows[begin:end] = dh[:n]
            np.dot(dh[:n], w_hr, dm[:n])
        _step_back(da[begin:end], cells[begin:end], dm, dc)
        # Sequences that begin with this step, as shorter ones do read from their ends, have none before it.
        begun = min(n, count[step - 1]) if step else 0
        _times_before(da[begin : begin + begun], cells[first[step - 1] :])
        _times_before(da[begin + begun : end], c0[begun:])
        np.dot(gates[begin:end], w_hh, dh[:n])
    finish(x, w_ih, before, (gates, gates), results)
