"""The loss of connectionist temporal classification: the sum over all alignments, in logarithms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import INPUT, Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients

_NEVER = -np.inf


class CTC(Op):
    """-log of the probability of each sequence of labels, of x (T, N, C), logarithms of probabilities.

    The labels stand between blanks, at 2L + 1 places. From step to step a path stays, goes on by one place,
    or skips a blank between two different labels. `steps` and `lengths` are the steps and the labels of each
    sequence, (N,); `targets` the labels, (N, L).

    Source: Graves et al., "Connectionist Temporal Classification", ICML 2006.
    """

    uses = INPUT

    @staticmethod
    def forward(
        x: Array, targets: Array, steps: Array, lengths: Array, blank: int, zero_infinity: bool
    ) -> tuple[Array, Any]:
        labels = np.full((len(lengths), 2 * targets.shape[1] + 1), blank)
        labels[:, 1::2] = targets
        exists = np.arange(labels.shape[1]) <= 2 * lengths[:, None]
        each = np.take_along_axis(x, labels[None], 2)
        skips = np.zeros_like(exists)
        skips[:, 2:] = labels[:, 2:] != labels[:, :-2]
        ahead = np.empty_like(each)
        at = np.where(exists & (np.arange(labels.shape[1]) < 2), each[0], _NEVER)
        for step, own in enumerate(each):
            if step:
                at = np.where(exists, _on(at, skips) + own, _NEVER)
            ahead[step] = at
        rows = np.arange(len(lengths))
        ends = ahead[steps - 1, rows]
        before = np.where(lengths > 0, ends[rows, 2 * lengths - 1], _NEVER)
        losses = -np.logaddexp(ends[rows, 2 * lengths], before)
        # Without a step, only no labels are possible.
        losses = np.where(steps > 0, losses, np.where(lengths > 0, np.inf, 0.0)).astype(x.dtype)
        out = np.where(losses == np.inf, 0, losses).astype(x.dtype) if zero_infinity else losses.copy()
        return out, (x, labels, exists, steps, lengths, ahead, losses, zero_infinity)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        x, labels, exists, steps, lengths, ahead, losses, zero_infinity = saved

        def of_input() -> Array:
            both = ahead + _behind(x, labels, exists, steps, lengths)
            # The logarithm of the probability of all paths through each class at each step.
            through = np.full(x.shape, _NEVER, x.dtype)
            rows = np.arange(len(lengths))
            for place in range(labels.shape[1]):
                index = (slice(None), rows, labels[:, place])
                through[index] = np.logaddexp(through[index], both[:, :, place])
            share = np.exp(through + losses[:, None] - x)
            change = np.exp(x) - np.where(through == _NEVER, 0, share)
            change = change * grad[:, None]
            impossible = losses == np.inf
            change = np.where(impossible[:, None], 0 if zero_infinity else np.nan, change)
            counted = np.arange(len(x))[:, None] < steps
            return np.where(counted[..., None], change, 0).astype(x.dtype, copy=False)

        return (of_input,)


def _on(at: Array, skips: Array) -> Array:
    """Return the logarithm to reach each place from where a path was, (N, S)."""
    found = at.copy()
    found[:, 1:] = np.logaddexp(at[:, 1:], at[:, :-1])
    found[:, 2:] = np.logaddexp(found[:, 2:], np.where(skips[:, 2:], at[:, :-2], _NEVER))
    return found


def _behind(x: Array, labels: Array, exists: Array, steps: Array, lengths: Array) -> Array:
    """Return the logarithm of what is left from each place, that step included, (T, N, S)."""
    each = np.take_along_axis(x, labels[None], 2)
    last = 2 * lengths[:, None]
    places = np.arange(labels.shape[1])
    ends = (places == last) | (places == last - 1)
    # From the end, a skip is from the place behind the blank.
    skips = np.zeros_like(exists)
    skips[:, 2:] = (labels[:, 2:] != labels[:, :-2])[:, ::-1]
    found = np.empty_like(each)
    at = np.full(exists.shape, _NEVER, x.dtype)
    for step in reversed(range(len(x))):
        left = (steps - 1)[:, None]
        on = _on(at[:, ::-1], skips)[:, ::-1] + each[step]
        started = np.where(ends, each[step], _NEVER)
        at = np.where(left == step, started, np.where(left > step, on, _NEVER))
        at = found[step] = np.where(exists, at, _NEVER).astype(x.dtype)
    return found
