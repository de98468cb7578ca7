"""The loss of connectionist temporal classification, and its gradient, by its forward and backward variables.

All are logarithms of probabilities. A sequence's labels stand between blanks, so that there are 2L + 1
places; from one step to the next a path stays, goes to the next place, or skips a blank between different
labels.

Source: Graves et al. 2006; aten/src/ATen/native/LossCTC.cpp.
"""

from __future__ import annotations

from functools import cache, reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from conformance.arithmetic.neural.taps import summed, unmoved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

_NEVER = -torch.inf


class _Paths(NamedTuple):
    """The places of all sequences, with S the most that one has.

    Attributes:
        labels: the label at each place, (N, S).
        skips: whether a path may come from two places before, (N, S).
        exists: whether the sequence has the place, (N, S).
        steps: how many steps each has, (N,).
        last: its last place, (N,).
    """

    labels: Tensor
    skips: Tensor
    exists: Tensor
    steps: Tensor
    last: Tensor


def _paths(targets: Tensor, steps: Any, lengths: Any, blank: int) -> _Paths:
    counts, long = torch.as_tensor(lengths), torch.as_tensor(steps)
    most = int(counts.max()) if len(counts) else 0
    labels = torch.full((len(counts), 2 * most + 1), blank)
    start = 0
    for row, count in enumerate(counts.tolist()):
        own = targets[start : start + count] if targets.dim() == 1 else targets[row, :count]
        labels[row, 1 : 2 * count : 2] = own
        start += count
    places = torch.arange(2 * most + 1)
    skips = torch.zeros_like(labels, dtype=torch.bool)
    skips[:, 2:] = labels[:, 2:] != labels[:, :-2]
    return _Paths(labels, skips, places <= 2 * counts[:, None], long, 2 * counts)


def _log_sum(terms: Sequence[Tensor], within: Tensor) -> tuple[Tensor, Tensor]:
    """Return the logarithm of a sum of exponentials, as the kernel computes it, and where it counts.

    From the largest; where all terms are logarithms of zero, it is NaN. It counts elsewhere, `within` a mask.
    """
    largest = reduce(torch.maximum, terms)
    reached = unmoved(lambda: (largest > _NEVER) & within)
    return summed((term - largest).exp() for term in terms).log() + largest, reached


def _where(mask: Tensor, values: Tensor, other: float) -> Tensor:
    """Do what torch.where does with a scalar, which it makes a tensor of in two more operations."""
    return torch.where(mask, values, _scalar(other))


@cache
def _scalar(value: float) -> Tensor:
    found: Tensor = unmoved(lambda: torch.tensor(value, dtype=torch.float64))
    return found


def _forward_variables(probs: Tensor, paths: _Paths) -> Tensor:
    """Return the log probability to be at each place after each step, (N, T, S).

    Args:
        probs: log probabilities of the labels of the places, (T, N, S).
        paths: the places.
    """
    first = torch.arange(probs.shape[2]) < 2
    at = _where(first & paths.exists, probs[0], _NEVER)
    found = [at]
    before = probs.new_full([probs.shape[1], 2], _NEVER)
    for each in probs[1:]:
        padded = torch.cat([before, at], 1)
        skipping = _where(paths.skips, padded[:, :-2], _NEVER)
        total, reached = _log_sum([at, padded[:, 1:-1], skipping], paths.exists)
        at = _where(reached, total + each, _NEVER)
        found.append(at)
    return torch.stack(found, 1)


def _backward_variables(probs: Tensor, paths: _Paths) -> Tensor:
    """Return the log probability of what is left from each place before each step, (N, T, S)."""
    skips, ended, goes = unmoved(_backward_masks, probs, paths)
    at = unmoved(torch.full_like, probs[0], _NEVER)
    behind = probs.new_full([probs.shape[1], 2], _NEVER)
    found = []
    for step in reversed(range(len(probs))):
        padded = torch.cat([at, behind], 1)
        skipping = _where(skips, padded[:, 2:], _NEVER)
        total, reached = _log_sum([at, padded[:, 1:-1], skipping], goes[step])
        on = _where(reached, total + probs[step], _NEVER)
        at = torch.where(ended[step], probs[step], on)
        found.append(at)
    return torch.stack(found[::-1], 1)


def _backward_masks(probs: Tensor, paths: _Paths) -> tuple[Tensor, Tensor, Tensor]:
    """Return from which places a path may skip one, (N, S), and of each step where it ends and if it goes on.

    Those are (T, N, S) and (T, N, 1).
    """
    places = torch.arange(probs.shape[2])
    ends = (places == paths.last[:, None]) | (places == paths.last[:, None] - 1)
    skips = torch.zeros_like(paths.skips)
    skips[:, :-2] = paths.skips[:, 2:]
    left = (paths.steps - 1)[:, None] - torch.arange(len(probs))[:, None, None]
    return skips, (left == 0) & ends, left > 0


def _of_labels(log_probs: Tensor, paths: _Paths) -> Tensor:
    """Return the log probabilities of the labels of the places, (T, N, S)."""
    return log_probs.gather(2, paths.labels.expand(len(log_probs), -1, -1))


def _loss(
    log_probs: Tensor, targets: Tensor, steps: Any, lengths: Any, blank: int = 0, zero_infinity: bool = False
) -> tuple[Tensor, Tensor]:
    """Return the loss of each sequence, (N,), and the forward variables."""
    del zero_infinity
    paths = _paths(targets, steps, lengths, blank)
    alpha = _forward_variables(_of_labels(log_probs, paths), paths)
    rows = torch.arange(len(alpha))
    ends = alpha[rows, (paths.steps - 1).clamp(min=0)]
    before = ends[rows, (paths.last - 1).clamp(min=0)]
    terms = [ends[rows, paths.last], _where(paths.last > 0, before, _NEVER)]
    total, reached = _log_sum(terms, torch.ones_like(paths.last, dtype=torch.bool))
    last = _where(reached, total, _NEVER)
    # Without any step, only a sequence without labels has a path.
    empty = torch.where(paths.last > 0, torch.inf, 0.0).double()
    return torch.where(paths.steps > 0, -last, empty), alpha


def _gradient(
    grad: Tensor,
    log_probs: Tensor,
    targets: Tensor,
    steps: Any,
    lengths: Any,
    loss: Tensor,
    alpha: Tensor,
    blank: int,
    zero_infinity: bool = False,
) -> Tensor:
    """Return the gradient of the log probabilities, (T, N, C)."""
    paths = _paths(targets, steps, lengths, blank)
    beta = _backward_variables(_of_labels(log_probs, paths), paths)
    # Behind a sequence's end the operation leaves its forward variables open.
    counted = torch.arange(len(log_probs))[:, None] < paths.steps
    within = counted[..., None] & paths.exists
    both = _where(within, (alpha + beta).transpose(0, 1), _NEVER)
    # The paths through each label: a sum of exponentials over its places, taken out of the largest.
    largest = both.amax(2, keepdim=True)
    largest = _where(unmoved(lambda: largest > _NEVER), largest, 0.0)
    rows = paths.labels.expand(len(log_probs), -1, -1)
    through = torch.zeros_like(log_probs).scatter_add(2, rows, (both - largest).exp())
    reached = unmoved(lambda: through > 0)
    share = (_where(reached, through, 1.0).log() + largest + loss[:, None] - log_probs).exp()
    found = (log_probs.exp() - _where(reached, share, 0.0)) * grad[:, None]
    possible = unmoved(lambda: loss < torch.inf)
    found = _where(possible[:, None], found, 0.0 if zero_infinity else torch.nan)
    return _where(counted[..., None], found, 0.0)


KERNELS: Mapping[str, Callable[..., Any]] = {
    "_ctc_loss": _loss,
    "_ctc_loss.Tensor": _loss,
    "_ctc_loss_backward": _gradient,
    "_ctc_loss_backward.Tensor": _gradient,
}
