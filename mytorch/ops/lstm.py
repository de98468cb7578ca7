"""One layer and direction of an LSTM over whole sequences, as one op."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops._switch import compiled_for
from mytorch.ops.op import Op
from mytorch.ops.recurrence import Carry, Compiled, Walk, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._core.types import Array, Gradients
    from mytorch.ops.recurrence import Block


def _ordered(w: Array) -> Array:
    """Return W or b in the order o, i, f, g, so that the rows of the sigmoids, and those of c', are adjacent.

    The sigmoids' rows are negated, so that e^-x needs no separate pass.
    """
    i, f, g, o = w.reshape(4, len(w) // 4, *w.shape[1:])
    return np.concatenate((-o, -i, -f, g))


def _gates(a: Array) -> Array:
    """View the four gates of (T, 4H, B), each (T, H, B)."""
    return a.reshape(len(a), 4, a.shape[1] // 4, a.shape[2]).transpose(1, 0, 2, 3)


def _unordered(d: Array) -> Array:
    """Undo `_ordered` for a gradient of (4H, K)."""
    o, i, f, g = d.reshape(4, len(d) // 4, *d.shape[1:])
    return np.concatenate((-i, -f, g, -o))


def _across(columns: Array, walk: Walk, block: Block) -> Array:
    """View a block of columns, (F, R), as steps in the order of the walk, (F, T, B)."""
    part = columns[:, block.first : block.first + block.steps * block.batch]
    steps = part.reshape(len(columns), block.steps, block.batch)
    return steps[:, ::-1] if walk.reverse else steps


def _advance(a: Array, inputs: Array, h: Array, c: Array, w: Array, w_hr: Array | None) -> None:
    """Go through the steps of one block.

    i, f, o = σ(·), g = tanh(·), c' = f·c + i·g, h' = o·tanh(c').

    Nothing is returned: every result is written into the given arrays. A step goes one of two ways to its h':

    - without a projection, o·tanh(c') is written into `h`;
    - with `w_hr`, o·tanh(c') is computed aside, and its product with `w_hr` is written into `h`.

    Args:
        a: room for the gates o, i, f, g, (T, 4H, B).
        inputs: x, h and 1 of every step on top of each other, (T + 1, K, B); the last has only h.
        h: its part of the hidden states, (T + 1, P, B), with the first one in it.
        c: room for the cell states, (T + 1, H, B), with the first one in it.
        w: W_ih, W_hh and b side by side, in the order o, i, f, negated, and g, (4H, K).
        w_hr: projects o·tanh(c') to h', (P, H), or None.
    """
    height, batch = c.shape[1:]
    work = np.empty((height, batch), c.dtype)
    squashed, (o, i, f, g) = a[:, : 3 * height], _gates(a)
    steps = zip(a, squashed, o, i, f, g, inputs[:-1], h[1:], c[:-1], c[1:], strict=True)
    for a_t, s_t, o_t, i_t, f_t, g_t, in_t, h_t, c_before, c_t in steps:
        # W_ih x + W_hh h + b in one product: for small layers calls cost most, and for large ones passes.
        np.matmul(w, in_t, out=a_t)
        # σ(x) = 1 / (1 + e^-x); the minus is in the weights. Where e^-x overflows, 1/inf is the 0 wanted.
        np.exp(s_t, out=s_t)
        np.add(s_t, 1, out=s_t)
        np.reciprocal(s_t, out=s_t)
        np.tanh(g_t, out=g_t)
        np.multiply(f_t, c_before, out=c_t)
        np.multiply(i_t, g_t, out=work)
        np.add(c_t, work, out=c_t)
        np.tanh(c_t, out=work)
        if w_hr is None:
            np.multiply(o_t, work, out=h_t)
        else:
            np.multiply(o_t, work, out=work)
            np.matmul(w_hr, work, out=h_t)


def _retreat(
    gates: Array,
    c: Array,
    dh_out: Array,
    dc_out: Array | None,
    dh: Array,
    dc: Array,
    w_hh: Array,
    w_hr: Array | None,
) -> tuple[Array, Array, Array]:
    """Go back through the steps of one block.

    The gradients go through a step in three parts, from h' and c' to h and c:

    - dh' goes through o, and through tanh(c') into dc; with `w_hr`, dm = W_hrᵀ dh' does instead of dh'.
    - dc goes through i, f and g, and times f into the c before.
    - The gates' gradients da go through W_hh into the h before.

    The factors without dh and dc are computed for all steps at once, before the loop.

    With dm = W_hrᵀ dh' and the whole gradient dc = dc' + dm·o·(1 - tanh²(c')), a step gives
    da_o = dm·tanh(c')·σ', da_i = dc·g·σ', da_f = dc·c·σ', da_g = dc·i·(1 - g²), and returns
    dh = W_hhᵀ da and dc·f.

    Args:
        gates: o, i, f, g, (T, 4H, B).
        c: the cell states before, between and after the steps, (T + 1, H, B).
        dh_out: gradient of every h' from outside, (T, P, B); becomes the whole gradient of h'.
        dc_out: gradient of every c' from outside, (T, H, B), or None.
        dh: gradient of the last h' from later steps, (P, B).
        dc: gradient of the last c' from later steps, (H, B).
        w_hh: its part of `_advance`'s w, (4H, P).
        w_hr: as `_advance` had it.

    Returns:
        The gradients of `_advance`'s a, of the first h and of the first c.
    """
    height = c.shape[1]
    o, i, f, g = _gates(gates)
    tanh_c = np.tanh(c[1:])
    # The factors without dh and dc, for all steps at once. As `a` is negated, dσ/da is σ(σ - 1).
    da = gates - 1
    da[:, : 3 * height] *= gates[:, : 3 * height]
    da_o, da_i, da_f, da_g = _gates(da)
    da_o *= tanh_c
    da_i *= g
    da_f *= c[:-1]
    np.multiply(g, g, out=da_g)
    np.subtract(1, da_g, out=da_g)
    da_g *= i
    np.multiply(tanh_c, tanh_c, out=tanh_c)
    through = np.subtract(1, tanh_c, out=tanh_c)
    through *= o

    dh, dc, work, back = dh.copy(), dc.copy(), np.empty_like(dc), w_hh.T
    into_cell = da.reshape(len(da), 4, *dc.shape)[:, 1:]
    for t in range(len(da) - 1, -1, -1):
        dh_t = dh_out[t]
        dh_t += dh
        dm = dh_t if w_hr is None else w_hr.T @ dh_t  # of o·tanh(c')
        np.multiply(dm, through[t], out=work)
        dc += work
        if dc_out is not None:
            dc += dc_out[t]
        da_o[t] *= dm
        into_cell[t] *= dc
        np.matmul(back, da[t], out=dh)
        dc *= f[t]
    return da, dh, dc


class Lstm(Op):
    """Gates i, f, g, o as torch orders them; outputs every h', and the last ones of h and c, or every c'.

    Source: Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000 and the projection of
    Sak et al. 2014.
    """

    # w_hh is copied here, but torch raises an error for a weight that has changed since, and so does this.
    uses = ((3, 4, 7), (4, 7), (4, 7), (0, 4, 7), (4, 7), (4, 7), (4, 7), (4, 7))
    spends = True

    @staticmethod
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
    ) -> tuple[tuple[Array, ...], Any]:
        """Compute (h' of every step (…, P), last h (1, N, P), last c (1, N, H)) for x (…, I).

        With `every_cell`: (h' of every step (…, P), c' of every step (…, H)).
        """
        if (compiled := compiled_for(x, w_hh)) is not None:
            arrays = x, h0, c0, w_ih, w_hh, b_ih, b_hh, w_hr
            return compiled("LSTM", arrays, runs, reverse=reverse, every_cell=every_cell)  # type: ignore[no-any-return]
        (height, width), dtype = (len(w_hh) // 4, w_hh.shape[1]), x.dtype
        walk, features = Walk(runs, reverse, len(w_hh)), w_ih.shape[1]
        rows = x.reshape(walk.rows, features)
        biases = [b for b in (b_ih, b_hh) if b is not None]
        parts = [w_ih, w_hh]
        if biases:
            parts.append(sum(biases[1:], start=biases[0])[:, None])
        w = _ordered(np.concatenate(parts, axis=1))
        hidden, cell = Carry(h0, walk.batch, width, dtype), Carry(c0, walk.batch, height, dtype)
        blocks = []
        for block in walk.blocks:
            state = hidden.enter(block.batch)
            inputs = np.empty((block.steps + 1, w.shape[1], block.batch), dtype)
            inputs[:-1, :features] = walk.steps(rows, block).transpose(0, 2, 1)
            inputs[:, features + width :] = 1
            h, c = inputs[:, features : features + width], cell.start(block)
            h[0] = state
            a = np.empty((block.steps, len(w), block.batch), dtype)
            _advance(a, inputs, h, c, w, w_hr)
            hidden.state, cell.state = h[-1], c[-1]
            blocks.append((a, c, inputs))
        out = rows_of(
            walk, [inputs[1:, features : features + width] for _, _, inputs in blocks], width, dtype
        ).reshape(*x.shape[:-1], width)
        if every_cell:
            cells = rows_of(walk, [c[1:] for _, c, _ in blocks], height, dtype)
            outs: tuple[Array, ...] = out, cells.reshape(*x.shape[:-1], height)
        else:
            outs = out, hidden.finish(1, walk.batch, width), cell.finish(1, walk.batch, height)
        shapes = None if h0 is None else h0.shape, None if c0 is None else c0.shape
        return outs, (x, w, width, w_hr, walk, blocks, every_cell, shapes)

    @staticmethod
    def backward(saved: Any, grads: tuple[Array | None, ...], *, last: bool = False) -> Gradients:
        """Go back through the blocks; products over all steps are computed at the end, if asked for."""
        if isinstance(saved, Compiled):
            return saved.backward(grads, last=last)
        x, w, width, w_hr, walk, blocks, every_cell, (h0, c0) = saved
        height, dtype, features = len(w) // 4, x.dtype, x.shape[-1]
        v = np.ascontiguousarray(w[:, features : features + width])  # BLAS is slower on rows with gaps
        d_out = None if grads[0] is None else grads[0].reshape(walk.rows, width)
        d_cells = grads[1].reshape(walk.rows, height) if every_cell and grads[1] is not None else None
        last_h, last_c = (None, None) if every_cell else grads[1:]
        hidden, cell = Carry(last_h, walk.batch, width, dtype), Carry(last_c, walk.batch, height, dtype)
        da_columns = np.empty((4 * height, walk.rows), dtype)
        dh_blocks = []
        for block, (gates, c, _) in zip(walk.blocks[::-1], blocks[::-1], strict=True):
            dh_out = walk.columns(d_out, block, width, dtype)
            dc_out = None if d_cells is None else walk.columns(d_cells, block, height, dtype)
            dh, dc = hidden.enter(block.batch), cell.enter(block.batch)
            da, hidden.state, cell.state = _retreat(gates, c, dh_out, dc_out, dh, dc, v, w_hr)
            _across(da_columns, walk, block)[...] = da.transpose(1, 0, 2)
            if w_hr is not None:
                dh_blocks.append(dh_out)

        @cache
        def weights() -> Array:
            inputs = np.empty((w.shape[1], walk.rows), dtype)
            for block, (_, _, each) in zip(walk.blocks, blocks, strict=True):
                _across(inputs, walk, block)[...] = each[:-1].transpose(1, 0, 2)
            return _unordered(da_columns @ inputs.T)

        def bias() -> Array:
            return weights()[:, features + width]

        def projection() -> Array:
            shown = [_gates(gates)[0] * np.tanh(c[1:]) for gates, c, _ in blocks]
            dh_rows = rows_of(walk, dh_blocks[::-1], width, dtype)
            return dh_rows.T @ rows_of(walk, shown, height, dtype)

        dh0 = None if h0 is None else lambda: hidden.finish(*h0)
        dc0 = None if c0 is None else lambda: cell.finish(*c0)
        return (
            lambda: (da_columns.T @ w[:, :features]).reshape(x.shape),
            dh0,
            dc0,
            lambda: weights()[:, :features],
            lambda: weights()[:, features : features + width],
            bias,
            bias,
            projection,
        )
