"""Activation functions as modules, so that they can stand in a Sequential."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.nn import functional as F
from mytorch.nn.module import Module

if TYPE_CHECKING:
    from typing import Any

    from mytorch._tensor import Tensor


class Sigmoid(Module):
    """Apply 1 / (1 + exp(-x)) to every element.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the shape of `input`, (*)."""
        return F.sigmoid(input)


class Tanh(Module):
    """Apply the hyperbolic tangent to every element.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Tanh.html
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the shape of `input`, (*)."""
        return F.tanh(input)


class ReLU(Module):
    """Apply max(x, 0) to every element.

    Args:
        inplace: write the result into the input; refused where gradients are recorded.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the shape of `input`, (*)."""
        return F.relu(input, inplace=self.inplace)

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return "inplace=True" if self.inplace else ""


class Identity(Module):
    """Return the input; a place holder that accepts, and ignores, any arguments.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Identity.html
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - ignoring them is the contract
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """Return `input` itself."""
        return input
