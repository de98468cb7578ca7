"""One layer and direction of a GRU over whole sequences, as one op.

A step of a block is `room[t]`, (5H, B): below each other n, m, h - n, and the denominators 1 + e^-x of r and
z. In the backward it becomes da_n, da_r, da_z, dm and dh'·z. So what is done alike is adjacent, and so are
the gradients that W_hh takes back to h.
"""

from __future__ import annotations

from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.state import state
from mytorch.ops._switch import compiled_for
from mytorch.ops.op import Op
from mytorch.ops.recurrence import Carry, Compiled, Scratch, Walk, joined
from mytorch.ops.rows import total

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._core.types import Array, Gradients


def _blocks(room: Array) -> Array:
    """View (T, 5H, B) as what lies below each other in a step, (T, 5, H, B)."""
    steps, rows, batch = room.shape
    return room.reshape(steps, 5, rows // 5, batch)


def _advance(room: Array, n: Array, inputs: Array, h: Array, w: Array, w_n: Array) -> None:
    """Go through the steps of one block.

    r, z = σ(·), m = W_hn h + b_hn, n = tanh(· + r·m), h' = (1 - z)·n + z·h = n + z·(h - n).

    Nothing is returned: every result is written into the given arrays.

    Args:
        room: (T, 5H, B); or (1, 5H, B), where each step overwrites the one before.
        n: W_in x + b_in, (T, H, B), which becomes n; its part of the room, if that has one for each step.
        inputs: x, h and 1 of every step on top of each other, (T + 1, K, B); the last has only h.
        h: its part of the hidden states, (T + 1, H, B), with the first one in it.
        w: W_ih, W_hh and b of r and z side by side, negated, (2H, K).
        w_n: W_hn and b_hn side by side, (H, K - I).
    """
    height, one, work = h.shape[1], np.ones((), room.dtype), np.empty(h.shape[1:], room.dtype)
    before, states = h[0], inputs[:-1, inputs.shape[1] - w_n.shape[1] :]
    views: list[Any] = [room[:, 3 * height :], *_blocks(room).transpose(1, 0, 2, 3)[1:]]
    if len(room) < len(n):
        views = [repeat(view[0]) for view in views]
    for in_t, state_t, n_t, h_t, s_t, m_t, change_t, r_t, z_t in zip(
        inputs[:-1], states, n, h[1:], *views, strict=False
    ):
        # For small matrices `dot` takes half the time of `matmul`.
        w.dot(in_t, s_t)
        w_n.dot(state_t, m_t)
        # The minus is in the weights. Where e^-x overflows, a quotient by inf is the 0 wanted.
        np.exp(s_t, out=s_t)
        np.add(s_t, one, out=s_t)
        np.divide(m_t, r_t, out=work)
        np.add(n_t, work, out=n_t)
        np.tanh(n_t, out=n_t)
        np.subtract(before, n_t, out=change_t)
        np.divide(change_t, z_t, out=h_t)
        np.add(h_t, n_t, out=h_t)
        before = h_t


def _into_factors(room: Array, scratch: Scratch) -> None:
    """Turn what `_advance` left into what dh' is multiplied with in each step: see `_retreat`.

    Args:
        room: (T, 5H, B); overwritten.
        scratch: memory for two of the five parts.
    """
    each = _blocks(room)
    steps, _, height, batch = each.shape
    da_n, changes, sigma, scaled = each[:, :1], each[:, 1:3], each[:, 3:], each[:, 1:4:2]
    slope = scratch.array(steps, 2, height, batch)
    np.reciprocal(sigma, out=sigma)
    np.subtract(1, sigma, out=slope)
    np.multiply(da_n, da_n, out=da_n)
    np.subtract(1, da_n, out=da_n)
    np.multiply(da_n, slope[:, 1:], out=da_n)
    np.multiply(slope, sigma, out=slope)
    np.multiply(changes, slope, out=changes)
    # Of da_r and dm, which are computed from da_n.
    np.multiply(scaled, da_n, out=scaled)


def _retreat(factors: Array, dh_out: Array, dh: Array, w_hh: Array) -> Array:
    """Go back through the steps of one block.

    A step gives da_n = dh'·(1 - z)·(1 - n²), da_r = da_n·m·σ', da_z = dh'·(h - n)·σ', dm = da_n·r, and hands
    back dh = W_hhᵀ (da_r, da_z, dm) + dh'·z. The factors without dh' are computed for all steps at once,
    before the loop.

    Args:
        factors: from `_into_factors`, (T, 5H, B); become da_n, da_r, da_z, dm and dh'·z.
        dh_out: gradient of every h' from outside, (T, H, B); becomes the whole gradient of h'.
        dh: gradient of the last h' from later steps, (H, B).
        w_hh: (3H, H).

    Returns:
        The gradient of the first h.
    """
    height, back, dh = len(dh), w_hh.T, dh.copy()
    each, into_state, through = _blocks(factors), factors[:, height : 4 * height], factors[:, 4 * height :]
    for dh_t, by_dh, du_t, through_t in zip(
        dh_out[::-1], each[::-1], into_state[::-1], through[::-1], strict=True
    ):
        np.add(dh_t, dh, out=dh_t)
        np.multiply(by_dh, dh_t, out=by_dh)
        back.dot(du_t, dh)
        np.add(dh, through_t, out=dh)
    return dh


def _restore(gradients: Array, steps: Array) -> None:
    """Write da_n, da_r, da_z and dm, (T, 4H, B), as dm, da_r, da_z and da_n, (4H, T, B).

    da_n are the largest numbers. A sum that begins with them, as that of the input's gradient, has twice the
    error in float32 of one that ends with them.
    """
    height, across = len(steps) // 4, gradients.transpose(1, 0, 2)
    steps[:height] = across[3 * height :]
    steps[height : 3 * height] = across[height : 3 * height]
    steps[3 * height :] = across[:height]


def _n_last(rows: Array) -> Array:
    """Return the rows of n, r and z, (3H, …), as those of r, z and n."""
    height = len(rows) // 3
    return np.concatenate((rows[height:], rows[:height]))


class Gru(Op):
    """Gates r, z, n as torch orders them; outputs all h', and the last one.

    Source: Cho et al. 2014, with the reset gate behind the recurrent matrix, as in torch.
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
    ) -> tuple[tuple[Array, Array], Any]:
        """Compute (h' of every step (…, H), last h (1, N, H)) for x (…, I)."""
        if (compiled := compiled_for(x, w_hh)) is not None:
            arrays = x, h0, None, w_ih, w_hh, b_ih, b_hh, None
            return compiled("GRU", arrays, runs, reverse=reverse)  # type: ignore[no-any-return]
        (height, features), dtype, kept = (w_hh.shape[1], w_ih.shape[1]), x.dtype, state.enabled
        walk, split = Walk(runs, reverse, len(w_hh)), 2 * height
        rows, w = x.reshape(walk.rows, features), joined(w_ih, w_hh, b_ih, b_hh)
        w_n, w = w[split:, features:].copy(), -w[:split]
        # r scales n's recurrent bias, so n's two biases stay apart.
        w_n[:, height:] = 0 if b_hh is None else b_hh[split:, None]
        b_n = None if b_ih is None else b_ih[split:, None]
        hidden, scratch, reused = Carry(h0, walk.batch, height, dtype), Scratch(dtype), Scratch(dtype)
        out = np.empty((walk.rows, height), dtype)
        befores = np.empty((height, walk.rows if kept else 0), dtype)
        rooms = []
        for block in walk.blocks:
            inputs, h = walk.stacked(rows, block, hidden.enter(block.batch), w.shape[1], scratch)
            room = np.empty((block.steps if kept else 1, 5 * height, block.batch), dtype)
            n = room[:, :height] if kept else reused.array(block.steps, height, block.batch)
            np.matmul(w_ih[split:], inputs[:-1, :features], out=n)
            if b_n is not None:
                np.add(n, b_n, out=n)
            _advance(room, n, inputs, h, w, w_n)
            hidden.state = h[-1].copy()
            walk.steps(out, block)[...] = h[1:].transpose(0, 2, 1)
            if kept:
                rooms.append(room)
                walk.across(befores, block)[...] = h[:-1].transpose(1, 0, 2)
        shape = None if h0 is None else h0.shape
        out = out.reshape(*x.shape[:-1], height)
        return (out, hidden.finish(1, walk.batch, height)), (x, w_ih, w_hh, walk, rooms, befores, shape)

    @staticmethod
    def backward(saved: Any, grads: tuple[Array | None, ...], *, last: bool = False) -> Gradients:
        """Go back through the blocks; products over all steps are computed at the end, if asked for.

        If it is the last call, what forward left of each block is overwritten, and freed at once.
        """
        if isinstance(saved, Compiled):
            return saved.backward(grads, last=last)
        x, w_ih, w_hh, walk, rooms, befores, h0 = saved
        height, dtype = w_hh.shape[1], x.dtype
        d_out = None if grads[0] is None else grads[0].reshape(walk.rows, height)
        hidden, scratch = Carry(grads[1], walk.batch, height, dtype), Scratch(dtype)
        columns = np.empty((4 * height, walk.rows), dtype)
        for number in range(len(walk.blocks) - 1, -1, -1):
            block, room = walk.blocks[number], rooms.pop() if last else rooms[number].copy()
            dh_out, dh = walk.columns(d_out, block, height, dtype), hidden.enter(block.batch)
            _into_factors(room, scratch)
            hidden.state = _retreat(room, dh_out, dh, w_hh)
            _restore(room[:, : 4 * height], walk.across(columns, block))
        into_state, into_input = columns[: 3 * height], columns[height:]
        biases = cache(lambda: total(columns, 1)[:, 0])
        return (
            lambda: (into_input.T @ w_ih).reshape(x.shape),
            None if h0 is None else lambda: hidden.finish(*h0),
            lambda: into_input @ x.reshape(walk.rows, x.shape[-1]),
            lambda: _n_last(into_state @ befores.T),
            lambda: biases()[height:],
            lambda: _n_last(biases()[: 3 * height]),
        )
