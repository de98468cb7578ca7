"""Losses of choosing one of several classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch.autograd._apply import apply
from mytorch.functions._check import array_of, integer_of, require_floating
from mytorch.functions._loss import chosen, reduced, require_constant
from mytorch.functions.softmax import log_softmax
from mytorch.ops import classification_loss as ops

if TYPE_CHECKING:
    from mytorch._core.types import Array
    from mytorch._tensor import Tensor

__all__ = ["cross_entropy", "nll_loss"]


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Measure the negative log-likelihood -x[t] of the true classes.

    Args:
        input: x, logarithms of probabilities, (C), (N, C) or (N, C, *).
        target: t, the classes, (), (N) or (N, *), int64 or uint8.
        weight: of each class, (C), of the dtype of `input`; the mean is divided by the weights that occur.
        ignore_index: a target that is left out of sum and mean; it need not be a class.
        reduction: "mean", "sum", or "none" for the losses of the samples.

    Returns:
        The loss, (), or of the shape of `target` with reduction "none".

    Raises:
        ValueError: `reduction` has another value, the batch sizes differ, or `input` has no dimension.
        RuntimeError: other sizes do not fit, the target or the weight has another dtype, or the weight
            requires gradients.
        IndexError: a target is not a class.
        NotImplementedError: `input` is not floating.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.nll_loss.html

    Examples:
        >>> logs = mytorch.log_softmax(mytorch.tensor([[0.0, 2.0]]), dim=1)
        >>> nn.functional.nll_loss(logs, mytorch.tensor([1]))
        tensor(0.1269)
    """
    reduction = chosen(reduction, size_average, reduce)
    _check_target("nll_loss_nd", input, target)
    ignore_index = integer_of("nll_loss", "ignore_index", ignore_index, 5)
    loss, weights = _nll(input, target, weight, ignore_index)
    return loss.sum() / weights.sum() if reduction == "mean" else reduced(loss, reduction)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Measure the cross entropy of a target and of the distribution softmax(x).

    Args:
        input: x, log-odds that need not be normalized, (C), (N, C) or (N, C, *).
        target: classes, (), (N) or (N, *), int64 or uint8; or probabilities of the classes, of the shape of
            `input`, floating.
        weight: of each class, (C), of the dtype of `input`. With classes as target the mean is divided by the
            weights that occur, with probabilities by the number of samples.
        ignore_index: a target class that is left out of sum and mean; it need not be a class.
        reduction: "mean", "sum", or "none" for the losses of the samples.
        label_smoothing: ε in [0, 1]; the target becomes (1 - ε) target + ε / C.

    Returns:
        The loss, (), or with reduction "none" one number per sample: `input` without C.

    Raises:
        ValueError: `reduction` has another value, or the batch sizes differ.
        RuntimeError: other sizes do not fit, a dtype is wrong, ε is out of its range, `ignore_index` is given
            with probabilities, or the weight of classes requires gradients.
        IndexError: a target is not a class.
        NotImplementedError: `input` is not floating.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html; label
        smoothing: Szegedy et al., "Rethinking the Inception Architecture", CVPR 2016.

    Examples:
        >>> logits = mytorch.tensor([[0.0, 0.0], [0.0, 9.0]], requires_grad=True)
        >>> loss = nn.functional.cross_entropy(logits, mytorch.tensor([0, -100]))
        >>> loss.backward()
        >>> logits.grad
        tensor([[-0.5000,  0.5000],
                [ 0.0000,  0.0000]])
    """
    reduction = chosen(reduction, size_average, reduce)
    x, t = array_of("cross_entropy_loss", input), array_of("cross_entropy_loss", target, "target", 2)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if x.shape == t.shape and t.dtype.kind != "f":
        raise RuntimeError(
            "Expected floating point type for target with class probabilities, got "
            f"{SCALAR_TYPE_NAMES[target.dtype]}"
        )
    if not x.ndim:
        raise IndexError("input: Dimension specified as 1 but tensor has no dimensions")
    require_floating("log_softmax", input)
    ignore_index = integer_of("cross_entropy_loss", "ignore_index", ignore_index, 5)
    classes = x.shape[0] if x.ndim == 1 else x.shape[1]
    if x.shape == t.shape:
        if ignore_index >= 0:
            raise RuntimeError(f"ignore_index is not supported for floating point target, got {ignore_index}")
        return _soft(input, target, weight, reduction, label_smoothing, classes)
    _check_target("cross_entropy_loss", input, target)
    if weight is None and not label_smoothing and x.ndim > 1:
        places, counts = _classes(t, classes, ignore_index)
        return apply(ops.CrossEntropy, input, target=places, counts=counts, reduction=reduction)
    logs = log_softmax(input, 0 if x.ndim == 1 else 1)
    loss, weights = _nll(logs, target, weight, ignore_index)
    if label_smoothing:
        everything = logs if weight is None else logs * _along_classes(weight, logs)
        counted = wrap((target.array != ignore_index).reshape(loss.shape))
        missed = -everything.sum(0 if x.ndim == 1 else 1).reshape(loss.shape)
        missed = missed.where(counted, 0.0)
        loss = (1 - label_smoothing) * loss + (label_smoothing / classes) * missed
    return loss.sum() / weights.sum() if reduction == "mean" else reduced(loss, reduction)


def _soft(
    input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float, classes: int
) -> Tensor:
    """Cross entropy of probabilities."""
    dim = 0 if input.ndim == 1 else 1
    if smoothing:
        target = target * (1 - smoothing) + smoothing / classes
    logs = log_softmax(input, dim)
    if weight is not None:
        _check_weight("cross_entropy", weight, classes)
        logs = logs * _along_classes(weight, input)
    loss = -(logs * target).sum(dim)
    return loss.sum() / (input.numel() / classes) if reduction == "mean" else reduced(loss, reduction)


def _nll(input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int) -> tuple[Tensor, Tensor]:
    """Return the loss of each sample and its weight, both of the shape of the target."""
    x, t = input.array, target.array.astype(np.int64, copy=False)
    # The loss of one sample is one number, also where its target is a vector of one.
    shape = () if x.ndim == 1 else t.shape
    if x.ndim == 1:
        input, t = input.reshape(1, -1), t.reshape(1)
    classes = input.shape[1]
    places, counted = _classes(t, classes, ignore_index)
    counts = np.ones(t.shape, np.bool_) if counted is None else counted
    if weight is None:
        weights = counts.astype(x.dtype)
    else:
        require_constant("nll_loss_forward", "weight", weight)
        _check_weight("nll_loss", weight, classes)
        if weight.array.dtype != x.dtype:
            names = SCALAR_TYPE_NAMES[input.dtype], SCALAR_TYPE_NAMES[weight.dtype]
            raise RuntimeError(f"expected weight of scalar type {names[0]} but found {names[1]}")
        weights = np.where(counts, weight.array[places], x.dtype.type(0))
    loss = apply(ops.NegativeLogLikelihood, input, target=places, weight=weights, counts=counts)
    return (loss if loss.shape == shape else loss.reshape(shape)), wrap(weights)


def _classes(target: Array, classes: int, ignore_index: int) -> tuple[Array, Array | None]:
    """Return the classes, 0 where one is ignored, and which are not; None if none is."""
    t = target.astype(np.int64, copy=False)
    if not 0 <= ignore_index < classes and t.size and t.min() >= 0 and t.max() < classes:
        return t, None
    counts = t != ignore_index
    wrong = t[counts & ((t < 0) | (t >= classes))]
    if wrong.size:
        raise IndexError(f"Target {wrong[0]} is out of bounds for {classes} classes.")
    return np.where(counts, t, 0), counts


def _check_weight(name: str, weight: Tensor, classes: int) -> None:
    if weight.array.shape != (classes,):
        raise RuntimeError(
            f"{name}: weight tensor should be defined either for all {classes} classes or no classes "
            f"but got weight tensor of shape: {list(weight.shape)}"
        )


def _along_classes(weight: Tensor, input: Tensor) -> Tensor:
    return weight if input.ndim == 1 else weight.reshape(-1, *[1] * (input.ndim - 2))


def _check_target(name: str, input: Tensor, target: Tensor) -> None:
    x, t = array_of(name, input), array_of(name, target, "target", 2)
    if not x.ndim:
        raise ValueError("input: Expected 1 or more dimensions (got 0)")
    if x.ndim == 1:
        if t.size != 1 or t.ndim > 1:
            raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {t.size}")
    elif not t.ndim or x.shape[0] != t.shape[0]:
        size = t.shape[0] if t.ndim else "none"
        raise ValueError(f"Expected input batch_size ({x.shape[0]}) to match target batch_size ({size}).")
    elif x.shape[:1] + x.shape[2:] != t.shape:
        expected = [x.shape[0], *x.shape[2:]]
        raise RuntimeError(f"Expected target size {expected}, got {list(t.shape)}")
    if t.dtype not in (np.int64, np.uint8):
        kind = SCALAR_TYPE_NAMES[target.dtype]
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {kind}")
    require_floating("nll_loss", input)
