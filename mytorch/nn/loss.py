"""Losses as modules: each keeps the options of the function of its name, which has the documented text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.functions._loss import legacy_reduction
from mytorch.nn import functional as F
from mytorch.nn.module import Module

if TYPE_CHECKING:
    from mytorch._tensor import Tensor


class _Loss(Module):
    """What all losses keep; `reduction` is checked when the loss is computed, as in torch."""

    reduction: str

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        self.reduction = legacy_reduction(size_average, reduce) or reduction


class _WeightedLoss(_Loss):
    """A loss with a weight that is a buffer, and so part of the state_dict where it is given."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class MSELoss(_Loss):
    """Measure the mean squared difference of two tensors.

    Args:
        size_average: torch's deprecated spelling of `reduction`; leave it out.
        reduce: torch's deprecated spelling of `reduction`; leave it out.
        reduction: "mean", "sum", or "none" for the squared differences themselves.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input` against `target`, both (*); see `functional.mse_loss`."""
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(_Loss):
    """Measure the mean absolute difference of two tensors.

    Args:
        size_average: torch's deprecated spelling of `reduction`; leave it out.
        reduce: torch's deprecated spelling of `reduction`; leave it out.
        reduction: "mean", "sum", or "none" for the absolute differences themselves.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input` against `target`, both (*); see `functional.l1_loss`."""
        return F.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    """Measure the absolute difference of two tensors, rounded off to a parabola where it is below β.

    Args:
        size_average: torch's deprecated spelling of `reduction`; leave it out.
        reduce: torch's deprecated spelling of `reduction`; leave it out.
        reduction: "mean", "sum", or "none" for the losses of the elements.
        beta: β, at least 0.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input` against `target`, both (*); see `functional.smooth_l1_loss`."""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    """Measure half the squared difference of two tensors, continued by straight lines beyond δ.

    Args:
        reduction: "mean", "sum", or "none" for the losses of the elements.
        delta: δ, above 0.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input` against `target`, both (*); see `functional.huber_loss`."""
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class BCELoss(_WeightedLoss):
    """Measure the binary cross entropy of probabilities.

    Args:
        weight: factor of every element's loss; broadcasts to the input.
        size_average: torch's deprecated spelling of `reduction`; leave it out.
        reduce: torch's deprecated spelling of `reduction`; leave it out.
        reduction: "mean", "sum", or "none" for the losses of the elements.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input` against `target`, both (*); see `functional.binary_cross_entropy`."""
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_WeightedLoss):
    """Measure the binary cross entropy of the sigmoid of log-odds.

    Args:
        weight: factor of every element's loss; broadcasts to the input.
        size_average: torch's deprecated spelling of `reduction`; leave it out.
        reduce: torch's deprecated spelling of `reduction`; leave it out.
        reduction: "mean", "sum", or "none" for the losses of the elements.
        pos_weight: how much the positive answers weigh; broadcasts to the input.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
    """

    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, both tensors (*); see `functional.binary_cross_entropy_with_logits`."""
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, pos_weight=self.pos_weight, reduction=self.reduction
        )


class NLLLoss(_WeightedLoss):
    """Measure the negative log-likelihood of the classes that were right.

    Args:
        weight: of each class, (C).
        size_average: torch's deprecated spelling of `reduction`; leave it out.
        ignore_index: a target that is left out.
        reduce: torch's deprecated spelling of `reduction`; leave it out.
        reduction: "mean", "sum", or "none" for the losses of the samples.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input`, (N, C, *), against classes, (N, *); see `functional.nll_loss`."""
        return F.nll_loss(
            input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction
        )


class CrossEntropyLoss(_WeightedLoss):
    """Measure the cross entropy of a target and of the softmax of log-odds.

    Args:
        weight: of each class, (C).
        size_average: torch's deprecated spelling of `reduction`; leave it out.
        ignore_index: a target class that is left out.
        reduce: torch's deprecated spelling of `reduction`; leave it out.
        reduction: "mean", "sum", or "none" for the losses of the samples.
        label_smoothing: how much of the target is spread over all classes, in [0, 1].

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input`, (N, C, *), against its target; see `functional.cross_entropy`."""
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class KLDivLoss(_Loss):
    """Measure the Kullback-Leibler divergence of two distributions.

    Args:
        size_average: torch's deprecated spelling of `reduction`; leave it out.
        reduce: torch's deprecated spelling of `reduction`; leave it out.
        reduction: "batchmean", "mean", "sum", or "none" for the losses of the elements.
        log_target: whether the target is given as a logarithm.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input`, logarithms, against `target`, both (*); see `functional.kl_div`."""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)
