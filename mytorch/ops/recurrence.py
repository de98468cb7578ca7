"""The parts that the recurrent ops share: cutting a batch into rectangles, and going from one to the next.

All steps of all sequences are rows of one matrix, step after step: (R, F). Inside the ops a step is (F, B),
so that every gate is one contiguous block of it, and the sequences are its columns.
"""

from __future__ import annotations

from functools import cache
from math import prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mytorch.ops.rows import total

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mytorch._core.types import Array, Gradients

# Elements of the gates that are worked on at a time. Larger blocks fall out of the cache between the passes
# over them: with 2¹⁹, the backward of an LSTM takes 1.2 times as long at N 32, H 128. Smaller ones cost
# calls.
_BLOCK = 1 << 17


class Compiled:
    """What the compiled forward of a recurrent op leaves behind; its own backward goes on from there."""

    def backward(self, grads: tuple[Array | None, ...], *, last: bool = False) -> Gradients:
        """Do what the op's backward does; `last` is as in `Op.spends`."""
        raise NotImplementedError(f"{type(self).__name__} has no backward")


class Block(NamedTuple):
    """Steps in a row with the same number of sequences: rows `first` to `first + steps · batch`."""

    first: int
    steps: int
    batch: int


class Walk:
    """The blocks of a batch of sequences in the order in which one direction visits them.

    Values go one of three ways through a walk: `stacked` and `columns` take rows into a block, Carry takes a
    state from one block to the next, and `rows_of` puts the blocks' results back into rows. The backward
    visits the blocks in reverse order and goes the same ways.

    Args:
        runs: (steps, batch) of consecutive steps with the same number of sequences, which never grows.
        reverse: whether the last step comes first.
        height: how many gate elements a step of one sequence has.
    """

    def __init__(self, runs: Sequence[tuple[int, int]], reverse: bool, height: int) -> None:
        self.reverse = reverse
        self.batch = runs[0][1]
        self.blocks: list[Block] = []
        first = 0
        for steps, batch in runs:
            longest = max(1, _BLOCK // max(1, height * batch))
            for start in range(0, steps, longest):
                self.blocks.append(Block(first + start * batch, min(longest, steps - start), batch))
            first += steps * batch
        self.rows = first
        if reverse:
            self.blocks.reverse()

    def steps(self, rows: Array, block: Block) -> Array:
        """Return a block of rows, (R, F), viewed as steps in the order of the walk, (T, B, F)."""
        part = rows[block.first : block.first + block.steps * block.batch]
        steps = part.reshape(block.steps, block.batch, rows.shape[1])
        return steps[::-1] if self.reverse else steps

    def across(self, columns: Array, block: Block) -> Array:
        """Return a block of columns, (F, R), viewed as steps in the order of the walk, (F, T, B)."""
        part = columns[:, block.first : block.first + block.steps * block.batch]
        steps = part.reshape(len(columns), block.steps, block.batch)
        return steps[:, ::-1] if self.reverse else steps

    def columns(self, rows: Array | None, block: Block, height: int, dtype: np.dtype[np.generic]) -> Array:
        """Copy a block of rows, (R, F), as steps of columns, (T, F, B); zeros without rows."""
        if rows is None:
            return np.zeros((block.steps, height, block.batch), dtype)
        return np.array(self.steps(rows, block).transpose(0, 2, 1), order="C")

    def stacked(
        self, rows: Array, block: Block, state: Array, height: int, scratch: Scratch
    ) -> tuple[Array, Array]:
        """Stack what `joined` multiplies in each step of a block: x, h and 1 on top of each other.

        Args:
            rows: x, (R, I).
            block: the steps.
            state: the first h, (P, B).
            height: K, of the stack; I + P without a bias.
            scratch: the memory of the result.

        Returns:
            (T + 1, K, B), and h's part of it, (T + 1, P, B), in which all but the first have to be written.
        """
        features = rows.shape[1]
        inputs = scratch.array(block.steps + 1, height, block.batch)
        inputs[:-1, :features] = self.steps(rows, block).transpose(0, 2, 1)
        inputs[:, features + len(state) :] = 1
        h = inputs[:, features : features + len(state)]
        h[0] = state
        return inputs, h


class Carry:
    """A state on its way through the blocks: sequences that end leave it, sequences that begin join it.

    Walking forwards through ragged sequences the batch shrinks, walking backwards it grows; so one class
    serves both directions, and back-propagation through both.

    Args:
        rows: where the sequences begin, (N, F) after flattening; None for zeros.
        batch: N.
        height: F.
        dtype: of the state.
    """

    def __init__(self, rows: Array | None, batch: int, height: int, dtype: np.dtype[np.generic]) -> None:
        if rows is None:
            self._source: Array = np.zeros((height, batch), dtype)
        else:
            self._source = rows.reshape(batch, height).T
        self._sink: Array | None = None
        self.state = self._source[:, :0]

    def enter(self, batch: int) -> Array:
        """Return the state, (F, B), of the sequences that take part in the next block."""
        present = self.state.shape[1]
        if not present:
            self.state = self._source[:, :batch]
        elif batch > present:
            self.state = np.concatenate((self.state, self._source[:, present:batch]), axis=1)
        elif batch < present:
            if self._sink is None:
                self._sink = np.empty_like(self._source, order="C")
            self._sink[:, batch:present] = self.state[:, batch:]
            self.state = self.state[:, :batch]
        return self.state

    def finish(self, *shape: int) -> Array:
        """Return where every sequence ended, (N, F), in another shape of as many elements."""
        if self._sink is None:
            # A copy in any case: an LSTM's state is a part of what it saves.
            return np.array(self.state.T, order="C").reshape(shape)
        self._sink[:, : self.state.shape[1]] = self.state
        return np.ascontiguousarray(self._sink.T).reshape(shape)


class Scratch:
    """Memory that one block after the other uses: fresh memory costs as much as a few passes over it.

    Args:
        dtype: of the arrays.
    """

    def __init__(self, dtype: np.dtype[np.generic]) -> None:
        self._memory: Array = np.empty(0, dtype)

    def array(self, *shape: int) -> Array:
        """Return an array with any numbers in it, in the memory of the one that was asked for before."""
        size = prod(shape)
        if size > self._memory.size:
            self._memory = np.empty(size, self._memory.dtype)
        return self._memory[:size].reshape(shape)


def joined(w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None) -> Array:
    """Return W_ih, W_hh and the sum of the biases, if there are any, side by side: (G, K).

    So W_ih x + W_hh h + b is one product with what `Walk.stacked` returns.
    """
    bias = b_hh if b_ih is None else b_ih if b_hh is None else b_ih + b_hh
    parts = (w_ih, w_hh) if bias is None else (w_ih, w_hh, bias[:, None])
    return np.concatenate(parts, axis=1)


def rows_of(walk: Walk, blocks: Sequence[Array], height: int, dtype: np.dtype[np.generic]) -> Array:
    """Return blocks of steps of columns, (T, F, B) each, as one matrix of rows, (R, F)."""
    rows = np.empty((walk.rows, height), dtype)
    for block, steps in zip(walk.blocks, blocks, strict=True):
        walk.steps(rows, block)[...] = steps.transpose(0, 2, 1)
    return rows


def matrix_gradients(
    x: Array, w_ih: Array, before: Callable[[], Array], into_input: Array, into_state: Array
) -> Gradients:
    """Return the gradients of input, matrices and biases: a product of matrices over all steps for each.

    Args:
        x: the input, (…, I), R rows in all.
        w_ih: the input's weight, (G, I).
        before: gives the states before every step, (R, P).
        into_input: the gradient of W_ih x + b_ih, (G, R).
        into_state: the gradient of W_hh h + b_hh, (G, R); the same array where the two are only added.

    Returns:
        The gradients of x, W_ih, W_hh, b_ih and b_hh, each computed when it is asked for.
    """
    bias = cache(lambda: total(into_input, 1)[:, 0])
    return (
        lambda: (into_input.T @ w_ih).reshape(x.shape),
        lambda: into_input @ x.reshape(into_input.shape[1], w_ih.shape[1]),
        lambda: into_state @ before(),
        bias,
        bias if into_state is into_input else lambda: total(into_state, 1)[:, 0],
    )
