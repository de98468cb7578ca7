"""Linear, the affine map as a layer, and Identity."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from mytorch.creation.filled import empty
from mytorch.nn import functional as F
from mytorch.nn import init
from mytorch.nn.modules.module import Module
from mytorch.nn.parameter import Parameter

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.device import device as Device
    from mytorch._core.dtypes import dtype as DType
    from mytorch._tensor import Tensor


class Linear(Module):
    """Apply y = x Wᵀ + b to the last dimension of the input.

    Args:
        in_features: I, size of the last dimension of the input.
        out_features: O, size of the last dimension of the output.
        bias: whether b is added.
        device: only "cpu" or None.
        dtype: of the parameters; the default dtype if None.

    Attributes:
        weight: W, (O, I), drawn from U(-1/√I, 1/√I).
        bias: b, (O,), drawn likewise; None without bias.

    Raises:
        RuntimeError: a size is negative.
        TypeError: a size is not an int.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html

    Examples:
        >>> linear = nn.Linear(in_features=3, out_features=2)
        >>> linear(mytorch.zeros(5, 3)).shape
        mytorch.Size([5, 2])
        >>> linear.weight.shape, linear.bias.shape
        (mytorch.Size([2, 3]), mytorch.Size([2]))
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Device | str | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(empty((out_features, in_features), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        # He et al.'s rule with slope √5 gives the bound √(6 / (1 + 5) / I) = 1/√I: torch writes it this way.
        init.kaiming_uniform_(self.weight, a=sqrt(5))
        if self.bias is not None:
            bound = 1 / sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """Return the map of `input`, (*, I), as (*, O); see `functional.linear` for the errors."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
        )


class Identity(Module):
    """Return the input; the constructor accepts and ignores any arguments.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Identity.html

    Examples:
        >>> model = nn.Sequential(nn.Linear(3, 2), nn.Tanh())
        >>> model[1] = nn.Identity()
        >>> model
        Sequential(
          (0): Linear(in_features=3, out_features=2, bias=True)
          (1): Identity()
        )
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - ignoring them is the contract
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """Return `input` itself."""
        return input
