"""The steps of a GRU, compiled; `mytorch.ops.gru` has the equations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.compiled.functions import sigmoid, tanh
from mytorch.ops.compiled.jit import jit
from mytorch.ops.compiled.products import finish

if TYPE_CHECKING:
    from mytorch._core.types import Array
    from mytorch.ops.compiled.steps import Arrays


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
def _bias(b_ih: Array, b_hh: Array, height: int) -> Array:
    """Return the bias of r, of z, of n's input and of n's state, which r scales, (4, H)."""
    bias = np.zeros((4, height), b_ih.dtype)
    if len(b_ih):
        into_input, into_state = b_ih.reshape(3, height), b_hh.reshape(3, height)
        bias[:2] = into_input[:2] + into_state[:2]
        bias[2] = into_input[2]
        bias[3] = into_state[2]
    return bias


@jit
def advance(x: Array, parameters: Arrays, states: Arrays, steps: Arrays, room: Arrays, _: bool) -> None:
    """Go through all steps, as `layer` says; the gates are r, z, n, and m = W_hn h + b_hn is kept."""
    w_ih, w_hh, b_ih, b_hh, __ = parameters
    (h, __), (first, count), (gates, before, scaled, out) = states, steps, room
    height = h.shape[1]
    np.dot(x, w_ih.T, gates)
    # BLAS takes rows times it at up to twice the speed.
    weights, bias = np.ascontiguousarray(w_hh.T), _bias(b_ih, b_hh, height)
    recurrent = np.empty((len(h), len(w_hh)), h.dtype)
    by_gate, each = recurrent.reshape(len(h), 3, height), gates.reshape(len(gates), 3, height)
    for step in range(len(first)):
        begin, n = first[step], count[step]
        end = begin + n
        before[begin:end] = h[:n]
        np.dot(h[:n], weights, recurrent[:n])
        _step(each[begin:end], by_gate, bias, h)
        scaled[begin:end] = by_gate[:n, 2]
        out[begin:end] = h[:n]


@jit
def _step_back(gates: Array, before: Array, scaled: Array, dh: Array, da: Array) -> None:
    """Take the gradient of h' through one step, and turn dh into its part that goes past the gates, dh·z.

    Of W_ih x + b_ih, (B, 3, H): da_r = da_n·m·r·(1 - r), da_z = dh·(h - n)·z·(1 - z) and
    da_n = dh·(1 - z)·(1 - n²). The gates become those of W_hh h + b_hh, the same but for du_n = da_n·r.
    """
    (_, _, height), one = gates.shape, gates.dtype.type(1)
    for row in range(len(gates)):
        for k in range(height):
            z, n = gates[row, 1, k], gates[row, 2, k]
            da[row, 2, k] = dh[row, k] * (one - z) * (one - n * n)
        for k in range(height):
            z = gates[row, 1, k]
            da[row, 1, k] = dh[row, k] * (before[row, k] - gates[row, 2, k]) * z * (one - z)
        for k in range(height):
            dh[row, k] *= gates[row, 1, k]
        for k in range(height):
            gates[row, 1, k] = da[row, 1, k]
        for k in range(height):
            gates[row, 2, k] = da[row, 2, k] * gates[row, 0, k]
        for k in range(height):
            r = gates[row, 0, k]
            gates[row, 0, k] = da[row, 2, k] * scaled[row, k] * r * (one - r)
        for k in range(height):
            da[row, 0, k] = gates[row, 0, k]


@jit
def retreat(
    x: Array, parameters: Arrays, room: Arrays, steps: Arrays, arriving: Arrays, results: Arrays, _: bool
) -> None:
    """Go back through all steps, as `layer` says."""
    (w_ih, w_hh, __), (gates, before, scaled, into_input) = parameters, room
    (first, count), (d_out, __, dh, __) = steps, arriving
    shape, through = (len(gates), 3, dh.shape[1]), np.empty_like(dh)
    du, da = gates.reshape(shape), into_input.reshape(shape)
    for step in range(len(first) - 1, -1, -1):
        begin, n = first[step], count[step]
        end = begin + n
        if len(d_out):
            dh[:n] += d_out[begin:end]
        _step_back(du[begin:end], before[begin:end], scaled[begin:end], dh, da[begin:end])
        np.dot(gates[begin:end], w_hh, through[:n])
        dh[:n] += through[:n]
    finish(x, w_ih, before, (gates, into_input), results)
