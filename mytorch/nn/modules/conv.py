"""Convolutions as layers."""

from __future__ import annotations

from math import prod, sqrt
from typing import TYPE_CHECKING, ClassVar

from mytorch.creation.filled import empty
from mytorch.functions._windows import added, same_size
from mytorch.nn import functional as F
from mytorch.nn import init
from mytorch.nn.modules.module import Module
from mytorch.nn.parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from mytorch._core.device import device as Device
    from mytorch._core.dtypes import dtype as DType
    from mytorch._tensor import Tensor

_MODES = ("zeros", "reflect", "replicate", "circular")


class _ConvNd(Module):
    """Base class of the convolutions; a subclass says over how many dimensions."""

    _rank: ClassVar[int]
    _function: ClassVar[Callable[..., Tensor]]

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: str | int | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Device | str | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        _check(in_channels, out_channels, groups, padding, padding_mode)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = self._each(kernel_size)
        self.stride = self._each(stride)
        self.padding = padding if isinstance(padding, str) else self._each(padding)
        self.dilation = self._each(dilation)
        self.transposed = False
        self.output_padding = (0,) * self._rank
        self.groups = groups
        self.padding_mode = padding_mode
        if padding == "same" and any(step != 1 for step in self.stride):
            raise ValueError(
                f"padding='same' is not supported for strided convolutions, but got stride={self.stride}"
            )
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = Parameter(empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    @classmethod
    def _each(cls, given: int | tuple[int, ...]) -> tuple[int, ...]:
        return tuple(given) if isinstance(given, (tuple, list)) else (given,) * cls._rank

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        # As `Linear` does, of C / groups · K inputs per output.
        init.kaiming_uniform_(self.weight, a=sqrt(5))
        inputs = prod(self.weight.shape[1:])
        if self.bias is not None and inputs:
            bound = 1 / sqrt(inputs)
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """Return the convolution of `input`; see the function for shapes and errors."""
        padding: str | tuple[int, ...] = self.padding
        if self.padding_mode != "zeros":
            input = added(input, self._pads(), self.padding_mode)
            padding = (0,) * self._rank
        return self._function(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _pads(self) -> tuple[tuple[int, int], ...]:
        """Return how many elements are added before and after each dimension."""
        if self.padding == "same":
            return same_size(self.kernel_size, self.dilation)
        return tuple([(n, n) if isinstance(n, int) else (0, 0) for n in self.padding][: self._rank])

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        text = f"{self.in_channels}, {self.out_channels}"
        text += f", kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * self._rank:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self._rank:
            text += f", dilation={self.dilation}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


def _check(inputs: int, outputs: int, groups: int, padding: object, mode: str) -> None:
    if groups <= 0:
        raise ValueError(f"groups must be a positive integer, but got groups={groups}")
    if inputs % groups:
        raise ValueError(
            f"in_channels must be divisible by groups, but got in_channels={inputs} and groups={groups}"
        )
    if outputs % groups:
        raise ValueError(
            f"out_channels must be divisible by groups, but got out_channels={outputs} and groups={groups}"
        )
    if isinstance(padding, str) and padding not in {"same", "valid"}:
        raise ValueError(f"Invalid padding string {padding!r}, should be one of 'valid', 'same'")
    if mode not in _MODES:
        raise ValueError(f"padding_mode must be one of {_MODES}, but got padding_mode={mode!r}")


class Conv1d(_ConvNd):
    """Multiply learned weights with every window of sequences, and add up the products.

    Args:
        in_channels: C, channels of the input.
        out_channels: O, channels of the output.
        kernel_size: K, elements per window.
        stride: from window to window.
        padding: how many elements are added before and after each sequence; "valid" for none, "same" for as
            many as keep the length.
        dilation: from element to element of a window.
        groups: how many groups the channels are divided into, each with outputs of its own.
        bias: whether a bias is added.
        padding_mode: what is added: "zeros", "reflect", "replicate" or "circular".
        device: only "cpu" or None.
        dtype: of the parameters; the default dtype if None.

    Attributes:
        weight: (O, C / groups, K), drawn from U(-1/√(C / groups · K), 1/√(C / groups · K)).
        bias: (O,), drawn likewise; None without bias.

    Raises:
        ValueError: `groups` does not divide the channels, "same" is given with a stride, or a text is not one
            of those above.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html

    Examples:
        >>> layer = nn.Conv1d(4, 8, kernel_size=3, padding=1)
        >>> layer(mytorch.zeros(2, 4, 10)).shape
        mytorch.Size([2, 8, 10])
        >>> layer.weight.shape
        mytorch.Size([8, 4, 3])
    """

    _rank = 1
    _function = staticmethod(F.conv1d)


class Conv2d(_ConvNd):
    """Multiply learned weights with every window of images, and add up the products.

    Args:
        in_channels: C, channels of the input.
        out_channels: O, channels of the output.
        kernel_size: K₁, K₂, elements per window; one number for both.
        stride: from window to window, one number or two.
        padding: how many elements are added on each side; "valid" for none, "same" for as many as keep the
            sizes.
        dilation: from element to element of a window, one number or two.
        groups: how many groups the channels are divided into, each with outputs of its own.
        bias: whether a bias is added.
        padding_mode: what is added: "zeros", "reflect", "replicate" or "circular".
        device: only "cpu" or None.
        dtype: of the parameters; the default dtype if None.

    Attributes:
        weight: (O, C / groups, K₁, K₂), drawn from U(-1/√I, 1/√I), I = C / groups · K₁ · K₂.
        bias: (O,), drawn likewise; None without bias.

    Raises:
        ValueError: as `Conv1d`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html

    Examples:
        >>> layer = nn.Conv2d(3, 6, kernel_size=(3, 5), stride=2)
        >>> layer(mytorch.zeros(1, 3, 9, 9)).shape
        mytorch.Size([1, 6, 4, 3])
    """

    _rank = 2
    _function = staticmethod(F.conv2d)
