"""Gradients of the losses that compare scores with a margin. Which scores are within it is a decision.

Source: aten/src/ATen/native/LossMultiMargin.cpp and LossMultiLabelMargin.cpp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

_NONE, _MEAN = 0, 1


def _share(x: Tensor, reduction: int) -> float:
    """Return what each violated margin counts, of rows of classes."""
    return 1 / (x.numel() if reduction == _MEAN else x.shape[1])


def _rows(x: Tensor) -> Tensor:
    """Return the scores with one row per example."""
    return x if x.dim() == 2 else x.reshape(1, -1)


def _of_classes(
    grad: Tensor,
    x: Tensor,
    target: Tensor,
    p: float,
    margin: float,
    weight: Tensor | None = None,
    reduction: int = _MEAN,
) -> Tensor:
    """Return the gradient of `multi_margin_loss`."""
    rows, places = _rows(x), target.reshape(-1, 1)
    away = (margin - rows.gather(1, places)) + rows
    others = torch.arange(rows.shape[1]) != places
    each = _share(rows, reduction) * (away * 2 if p == 2 else torch.ones_like(away))
    if weight is not None:
        each = each * weight.gather(0, places[:, 0])[:, None]
    found = torch.where((away > 0) & others, each, 0.0)
    found = found.scatter_add(1, places, -found.sum(1, keepdim=True))
    out = found * (grad.reshape(-1, 1) if reduction == _NONE else grad)
    return out.view(x.shape)


def _of_labels(grad: Tensor, x: Tensor, target: Tensor, reduction: int, is_target: Tensor) -> Tensor:
    """Return the gradient of `multilabel_margin_loss`: each label against each class that is none."""
    rows, labels = _rows(x), _rows(target)
    # The labels end at the first -1.
    counted = (labels < 0).cumsum(1) == 0
    labels = labels.clamp(min=0)
    away = (1.0 - rows.gather(1, labels))[:, :, None] + rows[:, None, :]
    within = (away > 0) & counted[:, :, None] & (is_target.reshape(rows.shape) == 0)[:, None, :]
    each = torch.where(within, _share(rows, reduction), torch.zeros_like(away))
    found = each.sum(1).scatter_add(1, labels, -each.sum(2))
    out = found * (grad.reshape(-1, 1) if reduction == _NONE else grad)
    return out.view(x.shape)


KERNELS: Mapping[str, Callable[..., Any]] = {
    "multi_margin_loss_backward": _of_classes,
    "multilabel_margin_loss_backward": _of_labels,
}
