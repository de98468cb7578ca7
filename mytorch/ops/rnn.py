"""One layer and direction of a plain recurrent network over whole sequences, as one op."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.state import state
from mytorch.ops._switch import compiled_for
from mytorch.ops.op import Op
from mytorch.ops.recurrence import Carry, Compiled, Scratch, Walk, joined, matrix_gradients, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._core.types import Array, Gradients


def _advance(inputs: Array, h: Array, w: Array, *, relu: bool) -> None:
    """Go through the steps of one block: h' = tanh(W_ih x + W_hh h + b), or max(…, 0).

    Args:
        inputs: x, h and 1 of every step on top of each other, (T + 1, K, B); the last has only h.
        h: its part of the hidden states, (T + 1, H, B), with the first one in it.
        w: W_ih, W_hh and b side by side, (H, K).
        relu: the second nonlinearity and not the first.
    """
    a = np.empty(h.shape[1:], h.dtype)
    for in_t, h_t in zip(inputs[:-1], h[1:], strict=True):
        w.dot(in_t, a)
        if relu:
            np.maximum(a, 0, out=h_t)
        else:
            np.tanh(a, out=h_t)


def _retreat(h: Array, dh_out: Array, dh: Array, w_hh: Array, *, relu: bool) -> tuple[Array, Array]:
    """Go back through the steps of one block: da = dh'·(1 - h'²), or dh' where h' > 0, and dh = W_hhᵀ da.

    Args:
        h: the hidden states after every step, (T, H, B).
        dh_out: gradient of every h' from outside, (T, H, B); becomes the gradient of every `a`.
        dh: gradient of the last h' from later steps, (H, B).
        w_hh: (H, H).
        relu: as `_advance` had it.

    Returns:
        The gradients of `_advance`'s a, and of the first h.
    """
    slope = h <= 0 if relu else 1 - h * h
    dh, back = dh.copy(), w_hh.T
    for slope_t, da_t in zip(slope[::-1], dh_out[::-1], strict=True):
        np.add(da_t, dh, out=da_t)
        if relu:
            # Multiplying by the mask would make nan of an infinite gradient.
            np.copyto(da_t, 0, where=slope_t)
        else:
            np.multiply(da_t, slope_t, out=da_t)
        back.dot(da_t, dh)
    return dh_out, dh


class Rnn(Op):
    """Outputs all h', and the last one.

    Source: Elman 1990.
    """

    uses = ((2, 3), (3,), (0, 3), (3,), (3,), (3,))
    spends = True

    @staticmethod
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
    ) -> tuple[tuple[Array, Array], Any]:
        """Compute (h' of every step (…, H), last h (1, N, H)) for x (…, I)."""
        if (compiled := compiled_for(x, w_hh)) is not None:
            arrays = x, h0, None, w_ih, w_hh, b_ih, b_hh, None
            return compiled("RNN", arrays, runs, reverse=reverse, relu=relu)  # type: ignore[no-any-return]
        height, dtype = len(w_hh), x.dtype
        walk = Walk(runs, reverse, height)
        rows, w = x.reshape(walk.rows, w_ih.shape[1]), joined(w_ih, w_hh, b_ih, b_hh)
        hidden, scratch = Carry(h0, walk.batch, height, dtype), Scratch(dtype)
        out = np.empty((walk.rows, height), dtype)
        blocks = []
        for block in walk.blocks:
            inputs, h = walk.stacked(rows, block, hidden.enter(block.batch), w.shape[1], scratch)
            _advance(inputs, h, w, relu=relu)
            walk.steps(out, block)[...] = h[1:].transpose(0, 2, 1)
            h = h.copy() if state.enabled else h[-1:].copy()
            hidden.state = h[-1]
            blocks.append(h)
        shape = None if h0 is None else h0.shape
        last = hidden.finish(1, walk.batch, height)
        return (out.reshape(*x.shape[:-1], height), last), (x, w_ih, w_hh, walk, blocks, relu, shape)

    @staticmethod
    def backward(saved: Any, grads: tuple[Array | None, ...], *, last: bool = False) -> Gradients:
        """Go back through the blocks; products over all steps are computed at the end, if asked for."""
        if isinstance(saved, Compiled):
            return saved.backward(grads, last=last)
        x, w_ih, w_hh, walk, blocks, relu, h0 = saved
        height, dtype = len(w_hh), x.dtype
        d_out = None if grads[0] is None else grads[0].reshape(walk.rows, height)
        hidden = Carry(grads[1], walk.batch, height, dtype)
        da_columns = np.empty((height, walk.rows), dtype)
        for block, h in zip(walk.blocks[::-1], blocks[::-1], strict=True):
            dh_out, dh = walk.columns(d_out, block, height, dtype), hidden.enter(block.batch)
            da, hidden.state = _retreat(h[1:], dh_out, dh, w_hh, relu=relu)
            np.copyto(walk.across(da_columns, block), da.transpose(1, 0, 2))

        def before() -> Array:
            return rows_of(walk, [h[:-1] for h in blocks], height, dtype)

        dx, dw_ih, dw_hh, db_ih, db_hh = matrix_gradients(x, w_ih, before, da_columns, da_columns)
        dh0 = None if h0 is None else lambda: hidden.finish(*h0)
        return dx, dh0, dw_ih, dw_hh, db_ih, db_hh
