"""The loss of sequences of labels whose alignment is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch._core.typename import typename
from mytorch.autograd._apply import apply
from mytorch.functions._check import array_of, integer_of
from mytorch.functions._loss import chosen, reduced
from mytorch.ops import sequence_loss as ops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor

__all__ = ["ctc_loss"]


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor | Sequence[int],
    target_lengths: Tensor | Sequence[int],
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Measure the negative log-likelihood of sequences of labels, over all their alignments with the steps.

    Args:
        log_probs: logarithms of probabilities, as of `log_softmax`, (T, N, C), or (T, C) for one sequence.
        targets: labels, (N, L) with anything behind the ends, or one after the other, (sum of lengths).
        input_lengths: steps of each sequence, (N,), at most T: an integer tensor, or a tuple.
        target_lengths: labels of each sequence, (N,), of the same kind.
        blank: the class that is no label.
        reduction: "mean" of the losses divided by the numbers of labels, "sum", or "none".
        zero_infinity: whether the loss and the gradient of a sequence that is too short for its labels are 0,
            instead of inf and nan.

    Returns:
        The loss, (), or one per sequence, (N,).

    Raises:
        ValueError: `reduction` has another value.
        RuntimeError: sizes do not fit, a length is out of its range, or `blank` is not a class.
        TypeError: lengths are not integers, or of two kinds.
        NotImplementedError: `log_probs` is not float32 or float64.

    Source: Graves et al., "Connectionist Temporal Classification", ICML 2006; torch's gradient, which takes
        the probabilities of a step for normalized.

    Examples:
        >>> x = mytorch.zeros(3, 1, 2).log_softmax(2)
        >>> labels, steps, lengths = mytorch.tensor([[1]]), mytorch.tensor([3]), mytorch.tensor([1])
        >>> nn.functional.ctc_loss(x, labels, steps, lengths).neg().exp()
        tensor(0.7500)
    """
    reduction = chosen(reduction)
    x, labels = array_of("ctc_loss", log_probs, "log_probs"), array_of("ctc_loss", targets, "targets", 2)
    blank = integer_of("ctc_loss", "blank", blank, 5)
    alone = x.ndim == 2
    if x.ndim not in {2, 3}:
        raise RuntimeError(
            f"Expected 3-dimensional tensor, or 2-dimensional for one sequence, but got {x.ndim}-dimensional "
            "tensor for argument #1 'log_probs' (while checking arguments for ctc_loss)"
        )
    batch = log_probs.unsqueeze(1) if alone else log_probs
    if alone and labels.ndim == 1:
        labels = labels[None]
    shape = batch.array.shape
    if not batch.array.size:
        raise RuntimeError(f"log_probs tensor must not be empty, but got size {list(shape)}")
    steps, lengths = _checked(shape, input_lengths, target_lengths, blank)
    table = _table(labels, lengths, shape[2])
    if x.dtype.char not in "fd":
        kind = SCALAR_TYPE_NAMES[log_probs.dtype]
        raise NotImplementedError(f"\"ctc_loss_cpu\" not implemented for '{kind}'")
    options = {"blank": blank, "zero_infinity": bool(zero_infinity)}
    losses = apply(ops.CTC, batch, targets=table, steps=steps, lengths=lengths, **options)
    if reduction == "mean":
        losses = losses / wrap(np.maximum(lengths, 1).astype(x.dtype))
    out = reduced(losses, reduction)
    return out.squeeze(0) if alone and reduction == "none" else out


def _checked(
    shape: tuple[int, ...],
    input_lengths: Tensor | Sequence[int],
    target_lengths: Tensor | Sequence[int],
    blank: int,
) -> tuple[Array, Array]:
    """Return the steps and the labels of each sequence, all in their range."""
    if isinstance(input_lengths, TensorBase) != isinstance(target_lengths, TensorBase):
        raise TypeError(
            "ctc_loss(): expected input_lengths and target_lengths to be both tensors or both tuples, "
            f"but got {typename(input_lengths)} and {typename(target_lengths)}"
        )
    steps = _lengths("input_lengths", input_lengths, 3, shape[1])
    lengths = _lengths("target_lengths", target_lengths, 4, shape[1])
    if not 0 <= blank < shape[2]:
        raise RuntimeError(f"blank must be in label range, expected 0 to {shape[2] - 1}, but got {blank}")
    if steps.max() > shape[0]:
        raise RuntimeError(
            f"Expected input_lengths to have value at most {shape[0]}, but got value {steps.max()}"
        )
    return steps, lengths


def _lengths(argument: str, given: Tensor | Sequence[int], position: int, count: int) -> Array:
    if isinstance(given, TensorBase):
        if given.array.dtype.kind not in "iu":
            raise RuntimeError(f"{argument} must be integral, but got {given.dtype}")
        numbers = given.array.reshape(-1).astype(np.int64)
    elif isinstance(given, (tuple, list)):
        numbers = np.array([integer_of("ctc_loss", argument, n, position) for n in given], np.int64)
    else:
        raise TypeError(
            f"ctc_loss(): argument '{argument}' (position {position}) must be tuple of ints, "
            f"not {typename(given)}"
        )
    if len(numbers) != count:
        raise RuntimeError(f"{argument} must be of size batch_size {count}, but got {len(numbers)}")
    if numbers.min() < 0:
        raise RuntimeError(f"Expected {argument} to have value at least 0, but got value {numbers.min()}")
    return numbers


def _table(labels: Array, lengths: Array, classes: int) -> Array:
    """Return the labels as (N, L), with 0 behind the ends."""
    most = int(lengths.max())
    inside = np.arange(most) < lengths[:, None]
    if labels.ndim == 1:
        if len(labels) != lengths.sum():
            raise RuntimeError(
                f"Expected tensor to have size {lengths.sum()} at dimension 0, but got size {len(labels)} "
                "for argument #2 'targets' (while checking arguments for ctc_loss)"
            )
        found = np.zeros(inside.shape, np.int64)
        found[inside] = labels
    elif labels.ndim == 2:
        for dim, (size, least) in enumerate(zip(labels.shape, inside.shape, strict=True)):
            if size < least or (dim == 0 and size != least):
                raise RuntimeError(
                    f"Expected tensor to have size {'at least ' if dim else ''}{least} at dimension {dim}, "
                    f"but got size {size} for argument #2 'targets' (while checking arguments for ctc_loss)"
                )
        found = np.where(inside, labels[:, :most].astype(np.int64), 0)
    else:
        raise RuntimeError(
            f"Expected 1 to 2 dimensions, but got {labels.ndim}-dimensional tensor for argument #2 'targets' "
            "(while checking arguments for ctc_loss)"
        )
    if found.size and not 0 <= found.min() <= found.max() < classes:
        # torch reads beyond its memory there.
        raise RuntimeError(
            f"targets must be classes from 0 to {classes - 1}, but got {found.min()} to {found.max()}"
        )
    return found
