"""One layer and direction of a GRU over whole sequences, as one op."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops._switch import compiled_for
from mytorch.ops.op import Op
from mytorch.ops.recurrence import Carry, Compiled, Walk, matrix_gradients, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._core.types import Array, Gradients


def _signed(w: Array) -> Array:
    """Return W or b with the rows of r and z, the sigmoids', negated, so that e^-x needs no separate pass."""
    split = len(w) // 3 * 2
    return np.concatenate((-w[:split], w[split:]))


def _gates(a: Array) -> Array:
    """View the three gates of (T, 3H, B), each (T, H, B)."""
    return a.reshape(len(a), 3, a.shape[1] // 3, a.shape[2]).transpose(1, 0, 2, 3)


def _advance(a: Array, h: Array, m: Array, w_hh: Array, b_n: Array | None) -> None:
    """Go through the steps of one block.

    r, z = σ(·), m = W_hn h + b_hn, n = tanh(· + r·m), h' = (1 - z)·n + z·h = n + z·(h - n).

    Args:
        a: W_ih x + b of r and z, negated, and of n, (T, 3H, B); becomes 1/r, 1/z and n.
        h: room for the hidden states, (T + 1, H, B), with the first one in it.
        m: room for what the reset gate r scales, (T, H, B).
        w_hh: with the signs of `a`, (3H, H).
        b_n: b_hn, (H, 1), or None.
    """
    split = 2 * h.shape[1]
    one, recurrent = np.ones((), a.dtype), np.empty(a.shape[1:], a.dtype)
    into_squashed, into_n = recurrent[:split], recurrent[split:]
    squashed, (r, z, n) = a[:, :split], _gates(a)
    b_n = np.zeros((), a.dtype) if b_n is None else b_n
    for s_t, r_t, z_t, n_t, m_t, h_before, h_t in zip(squashed, r, z, n, m, h[:-1], h[1:], strict=True):
        w_hh.dot(h_before, recurrent)
        np.add(s_t, into_squashed, out=s_t)
        # σ(x) = 1 / (1 + e^-x); the minus is in the weights. Where e^-x overflows, a quotient by inf is the 0
        # wanted.
        np.exp(s_t, out=s_t)
        np.add(s_t, one, out=s_t)
        np.add(into_n, b_n, out=m_t)
        np.divide(m_t, r_t, out=into_n)
        np.add(n_t, into_n, out=n_t)
        np.tanh(n_t, out=n_t)
        np.subtract(h_before, n_t, out=h_t)
        np.divide(h_t, z_t, out=h_t)
        np.add(h_t, n_t, out=h_t)


def _retreat(
    gates: Array, h: Array, m: Array, dh_out: Array, dh: Array, w_hh: Array
) -> tuple[Array, Array, Array]:
    """Go back through the steps of one block.

    A step gives da_n = dh'·(1 - z)·(1 - n²), da_z = dh'·(h - n)·σ', da_r = da_n·m·σ', dm = da_n·r, and hands
    back dh = W_hhᵀ (da_r, da_z, dm) + dh'·z.

    Args:
        gates: 1/r, 1/z and n, as `_advance` left them, (T, 3H, B).
        h: the hidden states before, between and after the steps, (T + 1, H, B).
        m: W_hn h + b_hn, (T, H, B).
        dh_out: gradient of every h' from outside, (T, H, B); becomes the whole gradient of h'.
        dh: gradient of the last h' from later steps, (H, B).
        w_hh: as `_advance` had it, (3H, H).

    Returns:
        The gradients of W_hh h + b_hh, with the signs of `a`, (T, 3H, B), of n's part of `a`, and of the
        first h.
    """
    height = h.shape[1]
    split, n = 2 * height, gates[:, 2 * height :]
    # The factors without dh, for all steps at once. As `a` is negated, dσ/da is σ(σ - 1).
    sigma, da_n, work = np.reciprocal(gates[:, :split]), n * n, np.empty_like(m)
    r, z = sigma[:, :height], sigma[:, height:]
    np.subtract(1, da_n, out=da_n)
    np.subtract(1, z, out=work)
    np.multiply(da_n, work, out=da_n)
    du = np.empty_like(gates)
    du_r, du_z, du_m = _gates(du)
    np.subtract(sigma, 1, out=du[:, :split])
    np.multiply(r, m, out=work)
    np.multiply(work, da_n, out=work)
    np.multiply(du_r, work, out=du_r)
    np.subtract(h[:-1], n, out=work)
    np.multiply(work, z, out=work)
    np.multiply(du_z, work, out=du_z)
    np.multiply(da_n, r, out=du_m)

    dh, through, back = dh.copy(), np.empty_like(dh), w_hh.T
    gatewise = du.reshape(len(du), 3, *dh.shape)
    for dh_t, by_dh, du_t, z_t in zip(dh_out[::-1], gatewise[::-1], du[::-1], z[::-1], strict=True):
        np.add(dh_t, dh, out=dh_t)
        np.multiply(by_dh, dh_t, out=by_dh)
        back.dot(du_t, dh)
        np.multiply(z_t, dh_t, out=through)
        np.add(dh, through, out=dh)
    da_n *= dh_out
    return du, da_n, dh


class Gru(Op):
    """Gates r, z, n as torch orders them; outputs all h', and the last one.

    Source: Cho et al. 2014, with the reset gate behind the recurrent matrix, as in torch.
    """

    # w_hh is copied here, but torch raises an error for a weight that has changed since, and so does this.
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
        height, dtype = w_hh.shape[1], x.dtype
        walk = Walk(runs, reverse, len(w_hh))
        rows = x.reshape(walk.rows, w_ih.shape[1])
        u, v = _signed(w_ih), _signed(w_hh)
        bias = b_n = None
        if b_ih is not None and b_hh is not None:
            # r scales n's recurrent bias too; the other biases are only added.
            b_n = b_hh[2 * height :, None]
            bias = _signed(np.concatenate((b_ih[: 2 * height] + b_hh[: 2 * height], b_ih[2 * height :])))
        hidden = Carry(h0, walk.batch, height, dtype)
        blocks = []
        for block in walk.blocks:
            a, h = walk.project(u, rows, bias, block), hidden.start(block)
            m = np.empty((block.steps, height, block.batch), dtype)
            _advance(a, h, m, v, b_n)
            hidden.state = h[-1]
            blocks.append((a, h, m))
        out = rows_of(walk, [h[1:] for _, h, _ in blocks], height, dtype).reshape(*x.shape[:-1], height)
        shape = None if h0 is None else h0.shape
        return (out, hidden.finish(1, walk.batch, height)), (x, w_ih, v, walk, blocks, shape)

    @staticmethod
    def backward(saved: Any, grads: tuple[Array | None, ...], *, last: bool = False) -> Gradients:
        """Go back through the blocks; products over all steps are computed at the end, if asked for."""
        if isinstance(saved, Compiled):
            return saved.backward(grads, last=last)
        x, w_ih, v, walk, blocks, h0 = saved
        height, dtype = v.shape[1], x.dtype
        d_out = None if grads[0] is None else grads[0].reshape(walk.rows, height)
        hidden = Carry(grads[1], walk.batch, height, dtype)
        du_columns, da_columns = (np.empty((3 * height, walk.rows), dtype) for _ in range(2))
        split = 2 * height
        for block, (gates, h, m) in zip(walk.blocks[::-1], blocks[::-1], strict=True):
            dh_out, dh = walk.columns(d_out, block, height, dtype), hidden.enter(block.batch)
            du, da_n, hidden.state = _retreat(gates, h, m, dh_out, dh, v)
            into_state, into_input = walk.across(du_columns, block), walk.across(da_columns, block)
            across = du.transpose(1, 0, 2)
            # Not np.negative: in NumPy 2.4 that gives wrong numbers from some strides into others.
            np.multiply(across[:split], -1, out=into_state[:split])
            into_state[split:] = across[split:]
            into_input[:split] = into_state[:split]
            into_input[split:] = da_n.transpose(1, 0, 2)

        def before() -> Array:
            return rows_of(walk, [h[:-1] for _, h, _ in blocks], height, dtype)

        dx, dw_ih, dw_hh, db_ih, db_hh = matrix_gradients(x, w_ih, before, da_columns, du_columns)
        dh0 = None if h0 is None else lambda: hidden.finish(*h0)
        return dx, dh0, dw_ih, dw_hh, db_ih, db_hh
