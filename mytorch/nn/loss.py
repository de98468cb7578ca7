"""Losses as modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.nn import functional as F
from mytorch.nn.module import Module

if TYPE_CHECKING:
    from mytorch._tensor import Tensor


class MSELoss(Module):
    """Measure the mean squared difference of two tensors.

    Args:
        size_average: torch's deprecated spelling of `reduction`; leave it out.
        reduce: torch's deprecated spelling of `reduction`; leave it out.
        reduction: "mean", "sum", or "none" for the squared differences themselves. It is checked when the
            loss is computed, as in torch.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html
    """

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        self.reduction = F.legacy_reduction(size_average, reduce) or reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input` against `target`, both (*); see `functional.mse_loss`."""
        return F.mse_loss(input, target, reduction=self.reduction)
