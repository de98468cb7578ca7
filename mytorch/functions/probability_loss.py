"""Losses of probabilities and of their logarithms, element by element."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch.autograd._apply import apply, binary, require_broadcastable
from mytorch.functions._check import array_of, require_floating
from mytorch.functions._loss import chosen, reduced, require_constant
from mytorch.ops import probability_loss as ops

if TYPE_CHECKING:
    from mytorch._tensor import Tensor

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div"]


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Measure -t log x - (1 - t) log(1 - x), with each logarithm at least -100.

    Args:
        input: x, probabilities, (*), between 0 and 1.
        target: t, (*), between 0 and 1, of the dtype of `input`.
        weight: factor of every element's loss; broadcasts to (*).
        reduction: "mean", "sum", or "none" for the losses of the elements.

    Raises:
        ValueError: `reduction` has another value, or the sizes of `input` and `target` differ.
        RuntimeError: a value is outside of [0, 1], the dtypes differ, or `weight` does not broadcast or
            requires gradients.
        NotImplementedError: the tensors are integers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy.html
    """
    reduction = chosen(reduction, size_average, reduce)
    if target.size() != input.size():
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}) "
            "is deprecated. Please ensure they have the same size."
        )
    require_floating("binary_cross_entropy", input)
    require_constant("binary_cross_entropy", "weight", weight)
    if target.dtype != input.dtype:
        names = SCALAR_TYPE_NAMES[target.dtype], SCALAR_TYPE_NAMES[input.dtype]
        raise RuntimeError(f"target: Found dtype {names[0]} but expected {names[1]}")
    for name, given in (("input", input), ("target", target)):
        array = given.array
        # Written so that nan passes, as it does in torch.
        if (array < 0).any() or (array > 1).any():
            raise RuntimeError(
                f"all elements of {name} should be between 0 and 1, got {array.min()} to {array.max()}"
            )
    return reduced(_weighted(apply(ops.BinaryCrossEntropy, input, target), weight), reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Measure -p t log σ(x) - (1 - t) log(1 - σ(x)), σ the sigmoid, accurate where σ saturates.

    Args:
        input: x, log-odds, (*).
        target: t, (*), between 0 and 1.
        weight: factor of every element's loss; broadcasts to (*).
        reduction: "mean", "sum", or "none" for the losses of the elements.
        pos_weight: p, weight of the positive targets; broadcasts to (*).

    Raises:
        ValueError: `reduction` has another value, or the sizes of `input` and `target` differ.
        RuntimeError: a weight does not broadcast, or requires gradients.
        NotImplementedError: `input` is not floating.

    Source:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy_with_logits.html

    Examples:
        >>> logits, labels = mytorch.tensor([0.0, -200.0]), mytorch.tensor([1.0, 1.0])
        >>> nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
        tensor([  0.6931, 200.0000])
    """
    reduction = chosen(reduction, size_average, reduce)
    if target.size() != input.size():
        raise ValueError(f"Target size ({target.size()}) must be the same as input size ({input.size()})")
    require_floating("log_sigmoid", input)
    require_constant("binary_cross_entropy_with_logits", "weight", weight)
    require_constant("binary_cross_entropy_with_logits", "pos_weight", pos_weight)
    if not target.is_floating_point():
        raise RuntimeError(
            f"result type {SCALAR_TYPE_NAMES[input.dtype]} can't be cast to the desired output type "
            f"{SCALAR_TYPE_NAMES[target.dtype]} of target"
        )
    if pos_weight is not None:
        require_broadcastable(pos_weight.shape, target.shape)
    loss = apply(ops.BinaryCrossEntropyWithLogits, input, target, pos_weight)
    return reduced(_weighted(loss, weight), reduction)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """Measure t (log t - x), the Kullback-Leibler divergence of a distribution t from eˣ.

    Args:
        input: x, logarithms of probabilities, (*).
        target: t, or log t with `log_target`; broadcasts against `input`.
        reduction: "batchmean" for the sum divided by the first size, which is the divergence as defined;
            "mean" over all elements (with torch's warning), "sum", or "none".
        log_target: whether the target is given as a logarithm.

    Raises:
        ValueError: `reduction` has another value.
        RuntimeError: a tensor is not floating.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.kl_div.html

    Examples:
        >>> logs = mytorch.tensor([[0.5, 0.5]]).log()
        >>> nn.functional.kl_div(logs, mytorch.tensor([[1.0, 0.0]]), reduction="batchmean")
        tensor(0.6931)
    """
    arrays = array_of("kl_div", input), array_of("kl_div", target, "target", 2)
    if size_average is None and reduce is None and reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
            "'mean' will be changed to behave the same as 'batchmean' in the next major release.",
            UserWarning,
            stacklevel=2,
        )
    batchmean = reduction == "batchmean" and size_average is None and reduce is None
    reduction = chosen("sum" if batchmean else reduction, size_average, reduce)
    if any(array.dtype.kind != "f" for array in arrays):
        kinds = ", ".join([SCALAR_TYPE_NAMES[each.dtype] for each in (input, target)])
        raise RuntimeError(f"kl_div: Integral inputs not supported, got {kinds}")
    loss = reduced(binary(ops.KlDiv, input, target, log_target=log_target), reduction)
    return loss / input.shape[0] if batchmean and input.ndim else loss


def _weighted(loss: Tensor, weight: Tensor | None) -> Tensor:
    if weight is None:
        return loss
    require_broadcastable(loss.shape, weight.shape)
    return loss * weight
