"""Layer and group normalization as layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.creation.filled import empty
from mytorch.nn import functional as F
from mytorch.nn import init
from mytorch.nn.modules.module import Module
from mytorch.nn.parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mytorch._core.device import device as Device
    from mytorch._core.dtypes import dtype as DType
    from mytorch._tensor import Tensor


class LayerNorm(Module):
    """Normalize the last dimensions to mean 0 and variance 1, then scale and shift them by learned amounts.

    Args:
        normalized_shape: S, the last sizes of the input; one number for one dimension.
        eps: added to the variance.
        elementwise_affine: whether the layer has a weight and a bias.
        bias: whether the layer has a bias next to the weight.
        device: only "cpu" or None.
        dtype: of the parameters; the default dtype if None.

    Attributes:
        weight: the factor, S, initially 1; or None.
        bias: the summand, S, initially 0; or None.

    Source: Ba, Kiros & Hinton, "Layer Normalization", 2016, arXiv:1607.06450; torch.nn.LayerNorm.

    Examples:
        >>> layer = nn.LayerNorm(4)
        >>> layer(mytorch.tensor([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 8.0]]))
        tensor([[-1.3416, -0.4472,  0.4472,  1.3416],
                [-0.5774, -0.5774, -0.5774,  1.7321]], grad_fn=<LayerNormBackward0>)
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Device | str | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        sizes = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape = sizes
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        for name, wanted in (("weight", elementwise_affine), ("bias", elementwise_affine and bias)):
            tensor = empty(sizes, device=device, dtype=dtype) if wanted else None
            self.register_parameter(name, None if tensor is None else Parameter(tensor))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return `input`, (*, S), normalized; see `functional.layer_norm` for the errors."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class GroupNorm(Module):
    """Normalize groups of channels to mean 0 and variance 1, then scale and shift each by learned amounts.

    Args:
        num_groups: how many groups the channels are divided into.
        num_channels: C, the channels of (N, C, *).
        eps: added to the variance.
        affine: whether the layer has a weight and a bias.
        device: only "cpu" or None.
        dtype: of the parameters; the default dtype if None.
        bias: whether the layer has a bias next to the weight.

    Attributes:
        weight: the factor, (C,), initially 1; or None.
        bias: the summand, (C,), initially 0; or None.

    Raises:
        ValueError: the groups do not divide the channels.

    Source: Wu & He, "Group Normalization", 2018, arXiv:1803.08494; torch.nn.GroupNorm.

    Examples:
        >>> layer = nn.GroupNorm(num_groups=2, num_channels=4)
        >>> layer(mytorch.tensor([[1.0, 3.0, 10.0, 30.0]]))
        tensor([[-1.0000,  1.0000, -1.0000,  1.0000]], grad_fn=<ChannelNormBackward0>)
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Device | str | None = None,
        dtype: DType | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            tensor = empty(num_channels, device=device, dtype=dtype) if wanted else None
            self.register_parameter(name, None if tensor is None else Parameter(tensor))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return `input`, (N, C, *), normalized; see `functional.group_norm` for the errors."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )
