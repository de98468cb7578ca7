"""Flatten: a layer that joins dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.nn.modules.module import Module

if TYPE_CHECKING:
    from mytorch._tensor import Tensor


class Flatten(Module):
    """Join neighbouring dimensions into one, by default all but the first, the batch.

    Args:
        start_dim: the first of them.
        end_dim: the last of them.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Flatten.html

    Examples:
        >>> nn.Flatten()(mytorch.zeros(32, 1, 5, 5)).shape
        mytorch.Size([32, 25])
        >>> nn.Flatten(0, 2)(mytorch.zeros(32, 1, 5, 5)).shape
        mytorch.Size([160, 5])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        """Return `input`, (*), with its elements in the same order and fewer dimensions."""
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
