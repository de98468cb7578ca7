"""One layer and direction of an LSTM over whole sequences, as one op."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op
from mytorch.ops.recurrence import Carry, Compiled, Walk, is_compiled, matrix_gradients, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._core.types import Array, Gradients


def _ordered(w: Array) -> Array:
    """Return W or b in the order o, i, f, g, so that the rows of the sigmoids, and those of c', are adjacent.

    The sigmoids' rows are negated, so that e^-x needs no separate pass.
    """
    i, f, g, o = w.reshape(4, len(w) // 4, *w.shape[1:])
    return np.concatenate((-o, -i, -f, g))


def _restore(da: Array, rows: Array) -> None:
    """Write gradients of o, i, f, negated, and g, (T, B, 4H), into rows of i, f, g, o."""
    height = rows.shape[2] // 4
    # Not np.negative: in NumPy 2.4 that gives wrong numbers from some strides into others.
    np.multiply(da[..., height : 3 * height], -1, out=rows[..., : 2 * height])
    rows[..., 2 * height : 3 * height] = da[..., 3 * height :]
    np.multiply(da[..., :height], -1, out=rows[..., 3 * height :])


def _gates(a: Array) -> Array:
    """View the four gates of (T, 4H, B), each (T, H, B)."""
    return a.reshape(len(a), 4, a.shape[1] // 4, a.shape[2]).transpose(1, 0, 2, 3)


def _advance(a: Array, h: Array, c: Array, w_hh: Array, w_hr: Array | None) -> None:
    """Go through the steps of one block.

    i, f, o = σ(·), g = tanh(·), c' = f·c + i·g, h' = o·tanh(c').

    Nothing is returned: every result is written into the given arrays. A step goes one of two ways to its h':

    - without a projection, o·tanh(c') is written into `h`;
    - with `w_hr`, o·tanh(c') is computed aside, and its product with `w_hr` is written into `h`.

    Args:
        a: W_ih x + b of the gates o, i, f, negated, and of g, (T, 4H, B); becomes the gates.
        h: room for the hidden states, (T + 1, P, B), with the first one in it.
        c: room for the cell states, (T + 1, H, B), with the first one in it.
        w_hh: in the order and with the signs of `a`, (4H, P).
        w_hr: projects o·tanh(c') to h', (P, H), or None.
    """
    height, batch = c.shape[1:]
    recurrent, work = np.empty(a.shape[1:], a.dtype), np.empty((height, batch), c.dtype)
    squashed, (o, i, f, g) = a[:, : 3 * height], _gates(a)
    steps = zip(a, squashed, o, i, f, g, h[:-1], h[1:], c[:-1], c[1:], strict=True)
    for a_t, s_t, o_t, i_t, f_t, g_t, h_before, h_t, c_before, c_t in steps:
        np.matmul(w_hh, h_before, out=recurrent)
        np.add(a_t, recurrent, out=a_t)
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
        w_hh: as `_advance` had it, (4H, P).
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
        if is_compiled(x, w_hh):
            from mytorch.ops.compiled import lstm as compiled  # noqa: PLC0415 - it imports numba

            return compiled.forward(
                x, h0, c0, w_ih, w_hh, b_ih, b_hh, w_hr, runs=runs, reverse=reverse, every_cell=every_cell
            )
        (height, width), dtype = (len(w_hh) // 4, w_hh.shape[1]), x.dtype
        walk = Walk(runs, reverse, len(w_hh))
        rows = x.reshape(walk.rows, w_ih.shape[1])
        u, v = _ordered(w_ih), _ordered(w_hh)
        biases = [b for b in (b_ih, b_hh) if b is not None]
        bias = _ordered(sum(biases[1:], start=biases[0])) if biases else None
        hidden, cell = Carry(h0, walk.batch, width, dtype), Carry(c0, walk.batch, height, dtype)
        blocks = []
        for block in walk.blocks:
            a, h, c = walk.project(u, rows, bias, block), hidden.start(block), cell.start(block)
            _advance(a, h, c, v, w_hr)
            hidden.state, cell.state = h[-1], c[-1]
            blocks.append((a, h, c))
        out = rows_of(walk, [h[1:] for _, h, _ in blocks], width, dtype).reshape(*x.shape[:-1], width)
        if every_cell:
            cells = rows_of(walk, [c[1:] for _, _, c in blocks], height, dtype)
            outs: tuple[Array, ...] = out, cells.reshape(*x.shape[:-1], height)
        else:
            outs = out, hidden.finish(1, walk.batch, width), cell.finish(1, walk.batch, height)
        shapes = None if h0 is None else h0.shape, None if c0 is None else c0.shape
        return outs, (x, w_ih, v, w_hr, walk, blocks, every_cell, shapes)

    @staticmethod
    def backward(saved: Any, grads: tuple[Array | None, ...]) -> Gradients:
        """Go back through the blocks; products over all steps are computed at the end, if asked for."""
        if isinstance(saved, Compiled):
            return saved.backward(grads)
        x, w_ih, v, w_hr, walk, blocks, every_cell, (h0, c0) = saved
        (height, width), dtype = (len(v) // 4, v.shape[1]), x.dtype
        d_out = None if grads[0] is None else grads[0].reshape(walk.rows, width)
        d_cells = grads[1].reshape(walk.rows, height) if every_cell and grads[1] is not None else None
        last_h, last_c = (None, None) if every_cell else grads[1:]
        hidden, cell = Carry(last_h, walk.batch, width, dtype), Carry(last_c, walk.batch, height, dtype)
        da_rows = np.empty((walk.rows, 4 * height), dtype)
        dh_blocks = []
        for block, (gates, _, c) in zip(walk.blocks[::-1], blocks[::-1], strict=True):
            dh_out = walk.columns(d_out, block, width, dtype)
            dc_out = None if d_cells is None else walk.columns(d_cells, block, height, dtype)
            dh, dc = hidden.enter(block.batch), cell.enter(block.batch)
            da, hidden.state, cell.state = _retreat(gates, c, dh_out, dc_out, dh, dc, v, w_hr)
            _restore(da.transpose(0, 2, 1), walk.steps(da_rows, block))
            if w_hr is not None:
                dh_blocks.append(dh_out)

        def before() -> Array:
            return rows_of(walk, [h[:-1] for _, h, _ in blocks], width, dtype)

        def projection() -> Array:
            shown = [_gates(gates)[0] * np.tanh(c[1:]) for gates, _, c in blocks]
            dh_rows = rows_of(walk, dh_blocks[::-1], width, dtype)
            return dh_rows.T @ rows_of(walk, shown, height, dtype)

        dx, dw_ih, dw_hh, db_ih, db_hh = matrix_gradients(x, w_ih, before, da_rows, da_rows)
        dh0 = None if h0 is None else lambda: hidden.finish(*h0)
        dc0 = None if c0 is None else lambda: cell.finish(*c0)
        return dx, dh0, dc0, dw_ih, dw_hh, db_ih, db_hh, projection
