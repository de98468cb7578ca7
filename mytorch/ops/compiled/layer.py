"""One layer and direction, compiled: what is the same for LSTM, GRU and RNN, around the kernels of each.

A kind of layer has two kernels. Both take arrays in groups; an array that a layer lacks has no elements.

`advance(x, parameters, states, steps, room, relu)` goes through all steps:

- x: the input, (R, I);
- parameters: W_ih, (G, I); W_hh, (G, P); b_ih and b_hh, (G,); W_hr, (P, H);
- states: the first h, (N, P), and c, (N, H), which become the last ones;
- steps: the first row of each step and how many it has, (T,);
- room: for the gates of every row, (R, G); for h before every step, (R, P); for what else backward needs,
  which is c of every row after the first c, (N + R, H), of an LSTM, and what r scales, (R, H), of a GRU; and
  for h' of every row, (R, P);
- relu: the second nonlinearity of an RNN.

`retreat(x, parameters, room, steps, arriving, results, relu)` goes back:

- parameters: W_ih, W_hh and W_hr;
- room: as `advance` left it, but the gates become the gradient of W_hh h + b_hh, (R, G), and instead of h'
  there is room for the gradient of W_ih x + b_ih, (R, G), of a GRU, where it is another, and for that of
  every h', (R, P), where it is projected;
- arriving: the gradients of every h' and of every c' from outside, and of the last h and c, which become
  those of the first;
- results: see `products.finish`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mytorch.ops.compiled import gru, lstm, rnn
from mytorch.ops.compiled.steps import by_rows, nothing, plain, runner, start, steps_of
from mytorch.ops.recurrence import Compiled, matrix_gradients

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from mytorch._core.types import Array, Gradients
    from mytorch.ops.compiled.steps import Arrays, Steps

# Multiplications over all steps up to which one compiled call computes all gradients. Beyond it the products
# are those of NumPy's BLAS, which is quicker there, and only what is asked for is computed.
_SMALL = 1 << 19


class _Kind(NamedTuple):
    """A kind of layer: the number of gates, and its kernels."""

    gates: int
    advance: Callable[..., Any]
    retreat: Callable[..., Any]


_KINDS = {
    "LSTM": _Kind(4, lstm.advance, lstm.retreat),
    "GRU": _Kind(3, gru.advance, gru.retreat),
    "RNN": _Kind(1, rnn.advance, rnn.retreat),
}


_NO_RESULTS = {
    np.dtype(real).char: (*[nothing(np.dtype(real))] * 3, *[nothing(np.dtype(real), 1)] * 2)
    for real in (np.float32, np.float64)
}


@dataclass(slots=True)
class Trail(Compiled):
    """What `forward` leaves for `backward`: the arrays of `advance`, and shapes of inputs."""

    kind: str
    x_rows: Array
    shape: tuple[int, ...]
    begins: tuple[tuple[int, ...] | None, tuple[int, ...] | None]
    parameters: Arrays
    batch: int
    steps: Steps
    room: Arrays
    every_cell: bool
    relu: bool

    def backward(self, grads: tuple[Array | None, ...], *, last: bool = False) -> Gradients:
        """Go back through the steps; products over many steps are computed at the end, if asked for."""
        w_ih, w_hh, w_hr = self.parameters
        gates, before, extra, _ = self.room
        batch, d_out, (d_cells, dh, dc) = self.batch, by_rows(grads[0], before), self._last(grads)
        shown = gates[:, -dc.shape[1] :] * np.tanh(extra[batch:]) if len(w_hr) else None
        if not last:
            gates = gates.copy()
        into_state = into_input = gates
        more = np.empty_like(before) if len(w_hr) else nothing(gates.dtype)
        if self.kind == "GRU":
            into_input = more = np.empty_like(gates)
        whole = gates.size * (w_ih.shape[1] + before.shape[1]) <= _SMALL
        results = self._room_for_results() if whole else _NO_RESULTS[gates.dtype.char]
        rows = self.x_rows.shape if whole else (0, 0)
        runner(_KINDS[self.kind].retreat, batch, w_hh)(
            self.x_rows,
            self.parameters,
            (gates, before, extra, more),
            self.steps,
            (d_out, d_cells, dh, dc),
            (results[0].reshape(rows), *results[1:]),
            self.relu,
        )
        if whole:
            dx, dw_ih, dw_hh, db_ih, db_hh = results
            products: Gradients = dx, dw_ih, dw_hh, db_ih, db_hh if len(db_hh) else db_ih
        else:
            x = self.x_rows.reshape(self.shape)
            products = matrix_gradients(x, w_ih, lambda: before, into_input.T, into_state.T)
        h0, c0 = self.begins
        dh0 = None if h0 is None else dh.reshape(h0)
        if self.kind != "LSTM":
            return products[0], dh0, *products[1:]
        dc0 = None if c0 is None else dc.reshape(c0)
        return products[0], dh0, dc0, *products[1:], lambda: more.T @ shown

    def _last(self, grads: tuple[Array | None, ...]) -> Arrays:
        """Return the gradients of every c', of the last h and of the last c."""
        _, before, extra, _ = self.room
        batch, width, dtype = self.batch, before.shape[1], before.dtype
        none = nothing(dtype)
        if self.kind != "LSTM":
            return none, start(grads[1], batch, width, dtype), none
        height = extra.shape[1]
        if self.every_cell:
            d_cells = by_rows(grads[1], extra[batch:])
            return d_cells, start(None, batch, width, dtype), start(None, batch, height, dtype)
        return none, start(grads[1], batch, width, dtype), start(grads[2], batch, height, dtype)

    def _room_for_results(self) -> Arrays:
        """Return room for the gradients of x, W_ih, W_hh, b_ih and, where it is not that of b_ih, b_hh."""
        w_ih, w_hh, _ = self.parameters
        dtype, height = w_hh.dtype, len(w_hh)
        db_hh = np.empty(height, dtype) if self.kind == "GRU" else nothing(dtype, 1)
        weights = np.empty(w_ih.shape, dtype), np.empty(w_hh.shape, dtype)
        # Of the input's own shape: of a view autograd would make a copy.
        return np.empty(self.shape, dtype), *weights, np.empty(height, dtype), db_hh


def forward(
    kind: str,
    arrays: tuple[Array | None, ...],
    runs: Sequence[tuple[int, int]],
    *,
    reverse: bool,
    every_cell: bool = False,
    relu: bool = False,
) -> tuple[tuple[Array, ...], Trail]:
    """Compute what the forward of an op does.

    Args:
        kind: "LSTM", "GRU" or "RNN".
        arrays: the inputs of `mytorch.ops.lstm.Lstm.forward`; None where another op has none.
        runs: as the op has it.
        reverse: as the op has it.
        every_cell: as `Lstm.forward` has it.
        relu: as `mytorch.ops.rnn.Rnn.forward` has it.
    """
    x, h0, c0, w_ih, w_hh, b_ih, b_hh, w_hr = arrays
    assert x is not None and w_ih is not None and w_hh is not None  # noqa: S101, PT018 - only the others are optional
    gates, advance, _ = _KINDS[kind]
    dtype, batch, (height, width) = x.dtype, runs[0][1], w_hh.shape
    height //= gates
    none, no_bias = nothing(dtype), nothing(dtype, 1)
    x_rows, w_ih, w_hh = plain(x.reshape(-1, x.shape[-1])), plain(w_ih), plain(w_hh)
    w_hr = none if w_hr is None else plain(w_hr)
    biases = no_bias if b_ih is None else plain(b_ih), no_bias if b_hh is None else plain(b_hh)
    rows = len(x_rows)
    h, c = start(h0, batch, width, dtype), none
    out, extra = np.empty((*x.shape[:-1], width), dtype), none
    if kind == "LSTM":
        c, extra = start(c0, batch, height, dtype), np.empty((batch + rows, height), dtype)
    elif kind == "GRU":
        extra = np.empty((rows, height), dtype)
    room = np.empty((rows, len(w_hh)), dtype), np.empty((rows, width), dtype), extra, out.reshape(rows, width)
    steps = steps_of(runs, reverse)
    runner(advance, batch, w_hh)(x_rows, (w_ih, w_hh, *biases, w_hr), (h, c), steps, room, relu)
    # backward reads no outputs: they are the caller's, who may write into them.
    kept = *room[:3], none
    begins = None if h0 is None else h0.shape, None if c0 is None else c0.shape
    trail = Trail(kind, x_rows, x.shape, begins, (w_ih, w_hh, w_hr), batch, steps, kept, every_cell, relu)
    if every_cell:
        return (out, extra[batch:].reshape(*x.shape[:-1], height).copy()), trail
    return (out, h[None]) if kind != "LSTM" else (out, h[None], c[None]), trail
