"""The steps of a plain recurrent network, compiled; `mytorch.ops.rnn` has the equations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.compiled.functions import tanh
from mytorch.ops.compiled.jit import jit
from mytorch.ops.compiled.products import finish, summed

if TYPE_CHECKING:
    from mytorch._core.types import Array
    from mytorch.ops.compiled.steps import Arrays


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
def advance(x: Array, parameters: Arrays, states: Arrays, steps: Arrays, room: Arrays, relu: bool) -> None:
    """Go through all steps, as `layer` says; h' stands in the place of the gates."""
    w_ih, w_hh, b_ih, b_hh, _ = parameters
    (h, _), (first, count), (after, before, _, out) = states, steps, room
    np.dot(x, w_ih.T, after)
    # BLAS takes rows times it at up to twice the speed.
    weights, bias = np.ascontiguousarray(w_hh.T), summed(b_ih, b_hh, len(w_hh))
    recurrent = np.empty_like(h)
    for step in range(len(first)):
        begin, n = first[step], count[step]
        end = begin + n
        before[begin:end] = h[:n]
        np.dot(h[:n], weights, recurrent[:n])
        _step(after[begin:end], recurrent, bias, relu)
        h[:n] = after[begin:end]
    out[:] = after


@jit
def _step_back(after: Array, dh: Array, relu: bool) -> None:
    """Turn h' of one step, (B, H), into da = dh·(1 - h'²), or dh where not h' ≤ 0."""
    one, zero = after.dtype.type(1), after.dtype.type(0)
    for row in range(len(after)):
        if relu:
            for k in range(after.shape[1]):
                # Multiplying by 0 or 1 would make nan of an infinite gradient.
                after[row, k] = zero if after[row, k] <= zero else dh[row, k]
        else:
            for k in range(after.shape[1]):
                after[row, k] = dh[row, k] * (one - after[row, k] * after[row, k])


@jit
def retreat(
    x: Array, parameters: Arrays, room: Arrays, steps: Arrays, arriving: Arrays, results: Arrays, relu: bool
) -> None:
    """Go back through all steps, as `layer` says; W_ih x + b_ih and W_hh h + b_hh have the same gradient."""
    (w_ih, w_hh, _), (after, before, _, _) = parameters, room
    (first, count), (d_out, _, dh, _) = steps, arriving
    for step in range(len(first) - 1, -1, -1):
        begin, n = first[step], count[step]
        end = begin + n
        if len(d_out):
            dh[:n] += d_out[begin:end]
        _step_back(after[begin:end], dh, relu)
        np.dot(after[begin:end], w_hh, dh[:n])
    finish(x, w_ih, before, (after, after), results)
