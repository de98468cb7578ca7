"""One layer and direction of an LSTM over whole sequences, as one op.

A step of a block is `room[t]`, (5H, B): below each other the denominators 1 + e^-x of o, i and f, then g, and
the cell state before the step. So what is done alike is adjacent: one call divides g and c by the
denominators of i and f. For small layers the calls cost most, and for large ones the passes over memory.
"""

from __future__ import annotations

from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.state import state
from mytorch.ops._switch import compiled_for
from mytorch.ops.op import Op
from mytorch.ops.recurrence import Carry, Compiled, Scratch, Walk, joined, rows_of
from mytorch.ops.rows import total

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._core.types import Array, Gradients


def _arranged(given: Array) -> Array:
    """Return the rows of gates i, f, g, o, (4H, K), as those of o, i, f, g.

    The sigmoids' rows are negated: e^-x needs no separate pass.
    """
    height, arranged = len(given) // 4, np.empty_like(given)
    np.multiply(given[3 * height :], -1, out=arranged[:height])
    np.multiply(given[: 2 * height], -1, out=arranged[height : 3 * height])
    arranged[3 * height :] = given[2 * height : 3 * height]
    return arranged


def _advance(room: Array, inputs: Array, h: Array, w: Array, w_hr: Array | None) -> None:
    """Go through the steps of one block.

    i, f, o = σ(·), g = tanh(·), c' = f·c + i·g, h' = o·tanh(c'), or h' = W_hr (o·tanh(c')).

    Nothing is returned: every result is written into the given arrays.

    Args:
        room: (T + 1, 5H, B), with the first cell state in it; or (1, 5H, B), where each step overwrites the
            one before, and the last cell state is left.
        inputs: x, h and 1 of every step on top of each other, (T + 1, K, B); the last has only h.
        h: its part of the hidden states, (T + 1, P, B), with the first one in it.
        w: W_ih, W_hh and b side by side, `_arranged`, (4H, K).
        w_hr: projects o·tanh(c') to h', (P, H), or None.
    """
    height, batch = room.shape[1] // 5, room.shape[2]
    one, work = np.ones((), room.dtype), np.empty((2 * height, batch), room.dtype)
    from_g, from_c = work[:height], work[height:]
    before, after = (room[:-1], room[1:]) if len(room) > 1 else (room, room)
    views: list[Any] = [
        before[:, : 4 * height],
        before[:, : 3 * height],
        before[:, :height],
        before[:, height : 3 * height],
        before[:, 3 * height : 4 * height],
        before[:, 3 * height :],
        after[:, 4 * height :],
    ]
    if len(room) == 1:
        views = [repeat(view[0]) for view in views]
    for in_t, h_t, a_t, s_t, o_t, if_t, g_t, gc_t, c_t in zip(inputs[:-1], h[1:], *views, strict=False):
        # W_ih x + W_hh h + b in one product; for small matrices `dot` takes half the time of `matmul`.
        w.dot(in_t, a_t)
        # The minus is in the weights. Where e^-x overflows, a quotient by inf is the 0 wanted.
        np.exp(s_t, out=s_t)
        np.add(s_t, one, out=s_t)
        np.tanh(g_t, out=g_t)
        np.divide(gc_t, if_t, out=work)
        np.add(from_g, from_c, out=c_t)
        np.tanh(c_t, out=from_c)
        if w_hr is None:
            np.divide(from_c, o_t, out=h_t)
        else:
            np.divide(from_c, o_t, out=from_c)
            w_hr.dot(from_c, h_t)


def _factors(room: Array, consume: bool, scratch: Scratch) -> Array:
    """Return what dm and dc are multiplied with in each step, (T, 6H, B): see `_retreat`.

    Args:
        room: as `_advance` left it, (T + 1, 5H, B).
        consume: whether it may be overwritten.
        scratch: the memory of the result.
    """
    steps, height, batch = len(room) - 1, room.shape[1] // 5, room.shape[2]
    denominators, g, gc = room[:-1, : 3 * height], room[:-1, 3 * height : 4 * height], room[:-1, 3 * height :]
    sigma = np.reciprocal(denominators, out=denominators if consume else None)
    factors = scratch.array(steps, 6 * height, batch)
    each = factors.reshape(steps, 6, height, batch)
    # As the arguments are negated, dσ/da is σ(σ - 1).
    of_sigma, of_if = factors[:, height : 4 * height], factors[:, 2 * height : 4 * height]
    np.subtract(sigma, 1, out=of_sigma)
    np.multiply(of_sigma, sigma, out=of_sigma)
    np.multiply(of_if, gc, out=of_if)
    # tanh(c') and g become o·(1 - tanh²(c')) and i·(1 - g²).
    tanh_c, of_o, tanhs = factors[:, :height], factors[:, height : 2 * height], each[:, ::4]
    np.tanh(room[1:, 4 * height :], out=tanh_c)
    np.copyto(factors[:, 4 * height : 5 * height], g)
    np.multiply(of_o, tanh_c, out=of_o)
    np.multiply(tanhs, tanhs, out=tanhs)
    np.subtract(1, tanhs, out=tanhs)
    np.multiply(tanhs, sigma[:, : 2 * height].reshape(steps, 2, height, batch), out=tanhs)
    np.copyto(factors[:, 5 * height :], sigma[:, 2 * height :])
    return factors


def _retreat(
    factors: Array,
    dh_out: Array,
    dc_out: Array | None,
    dh: Array,
    dc: Array,
    w_hh: Array,
    w_hr: Array | None,
) -> tuple[Array, Array, Array]:
    """Go back through the steps of one block.

    With dm = W_hrᵀ dh', or dh' without a projection, and the whole gradient dc = dc' + dm·o·(1 - tanh²(c')),
    a step gives da_o = dm·tanh(c')·σ', da_i = dc·g·σ', da_f = dc·c·σ', da_g = dc·i·(1 - g²), and returns
    dh = W_hhᵀ da and dc·f. The factors without dm and dc are computed for all steps at once, before the loop:
    two that dm is multiplied with, and then four for dc.

    Args:
        factors: from `_factors`, (T, 6H, B); overwritten.
        dh_out: gradient of every h' from outside, (T, P, B); becomes the whole gradient of h'.
        dc_out: gradient of every c' from outside, (T, H, B), or None.
        dh: gradient of the last h' from later steps, (P, B).
        dc: gradient of the last c' from later steps, (H, B).
        w_hh: its part of `_advance`'s w, (4H, P).
        w_hr: as `_advance` had it.

    Returns:
        The gradients of `_advance`'s products, (T, 4H, B), of the first h and of the first c.
    """
    steps, height, batch = len(factors), factors.shape[1] // 6, factors.shape[2]
    each = factors.reshape(steps, 6, height, batch)[::-1]
    da = factors[:, height : 5 * height]
    dh, work, back = dh.copy(), np.empty((height, batch), factors.dtype), w_hh.T
    extra = repeat(None) if dc_out is None else dc_out[::-1]
    for dh_t, dc_t, by_m, by_c, through, da_t, dc_next in zip(
        dh_out[::-1], extra, each[:, :2], each[:, 2:], each[:, 0], da[::-1], each[:, 5], strict=False
    ):
        np.add(dh_t, dh, out=dh_t)
        dm = dh_t if w_hr is None else w_hr.T @ dh_t  # of o·tanh(c')
        np.multiply(by_m, dm, out=by_m)
        np.add(through, dc, out=work)
        if dc_t is not None:
            np.add(work, dc_t, out=work)
        np.multiply(by_c, work, out=by_c)
        back.dot(da_t, dh)
        dc = dc_next
    return da, dh, dc.copy()


def _restore(da: Array, steps: Array) -> None:
    """Write gradients of o, i, f, negated, and g, (T, 4H, B), as those of i, f, g, o, (4H, T, B)."""
    height, across = da.shape[1] // 4, da.transpose(1, 0, 2)
    # Not np.negative: in NumPy 2.4 that gives wrong numbers from some strides into others.
    np.multiply(across[height : 3 * height], -1, out=steps[: 2 * height])
    np.copyto(steps[2 * height : 3 * height], across[3 * height :])
    np.multiply(across[:height], -1, out=steps[3 * height :])


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
        w = _arranged(joined(w_ih, w_hh, b_ih, b_hh))
        hidden, cell = Carry(h0, walk.batch, width, dtype), Carry(c0, walk.batch, height, dtype)
        out = np.empty((walk.rows, width), dtype)
        # Else each step can overwrite the one before.
        kept = state.enabled or every_cell
        befores = np.empty((width, walk.rows if kept else 0), dtype)
        rooms, scratch = [], Scratch(dtype)
        for block in walk.blocks:
            inputs, h = walk.stacked(rows, block, hidden.enter(block.batch), w.shape[1], scratch)
            room = np.empty((block.steps + 1 if kept else 1, 5 * height, block.batch), dtype)
            room[0, 4 * height :] = cell.enter(block.batch)
            _advance(room, inputs, h, w, w_hr)
            hidden.state, cell.state = h[-1].copy(), room[-1, 4 * height :]
            walk.steps(out, block)[...] = h[1:].transpose(0, 2, 1)
            if kept:
                rooms.append(room)
                walk.across(befores, block)[...] = h[:-1].transpose(1, 0, 2)
        shown = out.reshape(*x.shape[:-1], width)
        if every_cell:
            cells = rows_of(walk, [room[1:, 4 * height :] for room in rooms], height, dtype)
            outs: tuple[Array, ...] = shown, cells.reshape(*x.shape[:-1], height)
        else:
            outs = shown, hidden.finish(1, walk.batch, width), cell.finish(1, walk.batch, height)
        shapes = None if h0 is None else h0.shape, None if c0 is None else c0.shape
        v = w[:, features : features + width]
        return outs, (x, w_ih, v, w_hr, walk, rooms, befores, every_cell, shapes)

    @staticmethod
    def backward(saved: Any, grads: tuple[Array | None, ...], *, last: bool = False) -> Gradients:
        """Go back through the blocks; products over all steps are computed at the end, if asked for.

        If it is the last call, the memory of each block is freed when its gradients are known.
        """
        if isinstance(saved, Compiled):
            return saved.backward(grads, last=last)
        x, w_ih, v, w_hr, walk, rooms, befores, every_cell, (h0, c0) = saved
        height, width, dtype = len(v) // 4, v.shape[1], x.dtype
        v = np.ascontiguousarray(v)  # BLAS is slower on rows with gaps
        d_out = None if grads[0] is None else grads[0].reshape(walk.rows, width)
        d_cells = grads[1].reshape(walk.rows, height) if every_cell and grads[1] is not None else None
        last_h, last_c = (None, None) if every_cell else grads[1:]
        hidden, cell = Carry(last_h, walk.batch, width, dtype), Carry(last_c, walk.batch, height, dtype)
        da_columns = np.empty((4 * height, walk.rows), dtype)
        dh_blocks, scratch = [], Scratch(dtype)
        # The projection's gradient needs the gates.
        consume = last and w_hr is None
        for number in range(len(walk.blocks) - 1, -1, -1):
            block, room = walk.blocks[number], rooms[number]
            dh_out = walk.columns(d_out, block, width, dtype)
            dc_out = None if d_cells is None else walk.columns(d_cells, block, height, dtype)
            dh, dc = hidden.enter(block.batch), cell.enter(block.batch)
            factors = _factors(room, consume, scratch)
            if consume:
                del room
                rooms.pop()
            da, hidden.state, cell.state = _retreat(factors, dh_out, dc_out, dh, dc, v, w_hr)
            _restore(da, walk.across(da_columns, block))
            if w_hr is not None:
                dh_blocks.append(dh_out)

        def projection() -> Array:
            shown = [np.tanh(room[1:, 4 * height :]) / room[:-1, :height] for room in rooms]
            dh_rows = rows_of(walk, dh_blocks[::-1], width, dtype)
            return dh_rows.T @ rows_of(walk, shown, height, dtype)

        bias = cache(lambda: total(da_columns, 1)[:, 0])
        return (
            lambda: (da_columns.T @ w_ih).reshape(x.shape),
            None if h0 is None else lambda: hidden.finish(*h0),
            None if c0 is None else lambda: cell.finish(*c0),
            lambda: da_columns @ x.reshape(walk.rows, x.shape[-1]),
            lambda: da_columns @ befores.T,
            bias,
            bias,
            projection,
        )
