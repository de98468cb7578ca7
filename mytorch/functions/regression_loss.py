"""Losses of real-valued predictions."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch.autograd._apply import binary
from mytorch.functions._check import number_of
from mytorch.functions._loss import chosen, reduced
from mytorch.ops import regression_loss as ops

if TYPE_CHECKING:
    from mytorch._tensor import Tensor

__all__ = ["huber_loss", "l1_loss", "mse_loss", "smooth_l1_loss"]


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Measure the squared difference of two tensors.

    Args:
        input: the predictions, (*).
        target: the true values, (*); another shape that broadcasts is accepted with a warning.
        reduction: "mean", "sum", or "none" for the squared differences themselves.
        weight: factor of every squared difference, (*), for a weighted mean or sum; None for equal weights.

    Raises:
        ValueError: `reduction` has another value, or `weight` does not have the shape of `input`.
        NotImplementedError: both tensors are integers.
        AttributeError: `input` or `target` is not a Tensor.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.mse_loss.html

    Examples:
        >>> predicted, true = mytorch.tensor([1.0, 2.0]), mytorch.tensor([1.0, 5.0])
        >>> nn.functional.mse_loss(predicted, true)
        tensor(4.5000)
        >>> nn.functional.mse_loss(predicted, true, reduction="none")
        tensor([0., 9.])
    """
    _warn_of_sizes(input, target)
    reduction = chosen(reduction, size_average, reduce)
    _require_a_float("mse", input, target)
    if weight is None:
        return binary(ops.MseLoss, input, target, reduction=reduction)
    _require_weight(weight, input)
    weighted = weight * binary(ops.MseLoss, input, target, reduction="none")
    return weighted.sum() / weight.sum() if reduction == "mean" else reduced(weighted, reduction)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Measure the absolute difference of two tensors.

    Args:
        input: the predictions, (*).
        target: the true values, (*); another shape that broadcasts is accepted with a warning.
        reduction: "mean", "sum", or "none" for the absolute differences themselves.
        weight: factor of every difference, (*), for a weighted mean or sum; None for equal weights.

    Raises:
        ValueError: `reduction` has another value, or `weight` does not have the shape of `input`.
        RuntimeError: both tensors are integers and their mean is asked for.
        AttributeError: `input` or `target` is not a Tensor.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.l1_loss.html
    """
    _warn_of_sizes(input, target)
    reduction = chosen(reduction, size_average, reduce)
    loss = binary(ops.L1Loss, input, target)
    if weight is None:
        return reduced(loss, reduction)
    _require_weight(weight, input)
    weighted = loss * weight
    return weighted.sum() / weight.sum() if reduction == "mean" else reduced(weighted, reduction)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """Measure ½d²/β where the absolute difference |d| is below β, and |d| - ½β elsewhere.

    Args:
        input: the predictions, (*).
        target: the true values, (*); another shape that broadcasts is accepted with a warning.
        reduction: "mean", "sum", or "none" for the losses of the elements.
        beta: β, at least 0; with 0 the loss is `l1_loss`.

    Raises:
        ValueError: `reduction` has another value.
        RuntimeError: β is negative.
        NotImplementedError: both tensors are integers.
        AttributeError: `input` or `target` is not a Tensor.

    Source: Girshick, "Fast R-CNN", ICCV 2015, equation 3, for β = 1.
    """
    _warn_of_sizes(input, target)
    reduction = chosen(reduction, size_average, reduce)
    beta = number_of("smooth_l1_loss", "beta", beta, 4)
    if beta == 0:
        return reduced(binary(ops.L1Loss, input, target), reduction)
    _require_a_float("smooth_l1", input, target)
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta, got {beta}")
    return reduced(binary(ops.SmoothL1Loss, input, target, beta=beta), reduction)


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """Measure ½d² where the absolute difference |d| is at most δ, and δ(|d| - ½δ) elsewhere.

    Args:
        input: the predictions, (*).
        target: the true values, (*); another shape that broadcasts is accepted with a warning.
        reduction: "mean", "sum", or "none" for the losses of the elements.
        delta: δ, above 0.
        weight: factor of every element's loss, (*); unlike that of the other losses it does not divide the
            mean, as in torch.

    Raises:
        ValueError: `reduction` has another value, or `weight` does not have the shape of `input`.
        RuntimeError: δ is not above 0.
        NotImplementedError: both tensors are integers.
        AttributeError: `input` or `target` is not a Tensor.

    Source: Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 35, 1964.
    """
    _warn_of_sizes(input, target)
    reduction = chosen(reduction)
    _require_a_float("huber", input, target)
    delta = number_of("huber_loss", "delta", delta, 4)
    if delta <= 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta, got {delta}")
    loss = binary(ops.HuberLoss, input, target, delta=delta)
    if weight is not None:
        _require_weight(weight, input)
        loss = loss * weight
    return reduced(loss, reduction)


def _warn_of_sizes(input: Tensor, target: Tensor) -> None:
    if target.size() != input.size():
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). "
            "This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            UserWarning,
            stacklevel=3,
        )


def _require_a_float(name: str, input: Tensor, target: Tensor) -> None:
    if not (input.is_floating_point() or target.is_floating_point()):
        kind = SCALAR_TYPE_NAMES[input.dtype]
        raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{kind}'")


def _require_weight(weight: Tensor, input: Tensor) -> None:
    if weight.size() != input.size():
        raise ValueError(f"Weights and input must have the same size. Got {weight.size()} and {input.size()}")
