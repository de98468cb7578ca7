"""Maxima and means over windows as layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mytorch.nn import functional as F
from mytorch.nn.modules.module import Module

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._tensor import Tensor


class _MaxPoolNd(Module):
    """Base class of the maxima over windows."""

    _function: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] | None = None,
        padding: int | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        """Return the largest elements, and their places with `return_indices`; see the function."""
        return self._function(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
            self.return_indices,
        )

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPoolNd):
    """Return the largest element of every window of sequences.

    Args:
        kernel_size: elements per window.
        stride: from window to window; the size of a window if it is None.
        padding: how many elements of -inf stand before and after.
        dilation: from element to element of a window.
        return_indices: whether the places of the elements are returned, too.
        ceil_mode: whether a last window that is not full counts, too.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html

    Examples:
        >>> layer = nn.MaxPool1d(2)
        >>> layer(mytorch.tensor([[1.0, 5.0, 2.0, 3.0]]))
        tensor([[5., 3.]])
    """

    _function = staticmethod(F.max_pool1d)


class MaxPool2d(_MaxPoolNd):
    """Return the largest element of every window of images.

    Args:
        kernel_size: elements per window, one number or two; so are the next three.
        stride: from window to window; the size of a window if it is None.
        padding: how many elements of -inf stand on each side.
        dilation: from element to element of a window.
        return_indices: whether the places of the elements are returned, too.
        ceil_mode: whether last windows that are not full count, too.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html

    Examples:
        >>> layer = nn.MaxPool2d(2)
        >>> layer(mytorch.zeros(1, 3, 8, 6)).shape
        mytorch.Size([1, 3, 4, 3])
    """

    _function = staticmethod(F.max_pool2d)


class _AvgPoolNd(Module):
    """Base class of the means over windows."""

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] | None,
        padding: int | tuple[int, ...],
        ceil_mode: bool,
        count_include_pad: bool,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPoolNd):
    """Return the mean of every window of sequences.

    Args:
        kernel_size: elements per window.
        stride: from window to window; the size of a window if it is None.
        padding: how many zeros stand before and after.
        ceil_mode: whether a last window that is not full counts, too.
        count_include_pad: whether the padding counts as elements.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html

    Examples:
        >>> layer = nn.AvgPool1d(2, stride=1)
        >>> layer(mytorch.tensor([[1.0, 5.0, 2.0]]))
        tensor([[3.0000, 3.5000]])
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] | None = None,
        padding: int | tuple[int, ...] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        own = _single(kernel_size), None if stride is None else _single(stride), _single(padding)
        super().__init__(*own, ceil_mode, count_include_pad)

    def forward(self, input: Tensor) -> Tensor:
        """Return the means; see `functional.avg_pool1d` for the errors."""
        return F.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )


class AvgPool2d(_AvgPoolNd):
    """Return the mean of every window of images.

    Args:
        kernel_size: elements per window, one number or two; so are the next two.
        stride: from window to window; the size of a window if it is None.
        padding: how many zeros stand on each side.
        ceil_mode: whether last windows that are not full count, too.
        count_include_pad: whether the padding counts as elements.
        divisor_override: by what the sums are divided instead.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html

    Examples:
        >>> layer = nn.AvgPool2d((2, 1))
        >>> layer(mytorch.tensor([[[1.0, 5.0], [2.0, 4.0]]]))
        tensor([[[1.5000, 4.5000]]])
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] | None = None,
        padding: int | tuple[int, ...] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """Return the means; see `functional.avg_pool2d` for the errors."""
        options = self.padding, self.ceil_mode, self.count_include_pad, self.divisor_override
        return F.avg_pool2d(input, self.kernel_size, self.stride, *options)


class _AdaptiveAvgPoolNd(Module):
    """Base class of the means of a given number of windows."""

    _function: ClassVar[Callable[..., Tensor]]

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        """Return the means; see the function for the errors."""
        return self._function(input, self.output_size)

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """Return the means of a given number of windows of sequences of any length.

    Args:
        output_size: how many windows.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html

    Examples:
        >>> layer = nn.AdaptiveAvgPool1d(1)
        >>> layer(mytorch.tensor([[1.0, 5.0, 3.0]]))
        tensor([[3.]])
    """

    _function = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """Return the means of a given number of windows of images of any size.

    Args:
        output_size: how many windows along each dimension, one number for both; None keeps a size.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html

    Examples:
        >>> layer = nn.AdaptiveAvgPool2d((1, None))
        >>> layer(mytorch.zeros(2, 3, 8, 6)).shape
        mytorch.Size([2, 3, 1, 6])
    """

    _function = staticmethod(F.adaptive_avg_pool2d)


def _single(given: int | tuple[int, ...]) -> tuple[int, ...]:
    return tuple(given) if isinstance(given, (tuple, list)) else (given,)
