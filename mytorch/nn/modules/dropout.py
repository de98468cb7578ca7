"""Dropout as layers, of elements and of channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mytorch.functions._check import check_probability
from mytorch.nn import functional as F
from mytorch.nn.modules.module import Module

if TYPE_CHECKING:
    from collections.abc import Callable

    from mytorch._tensor import Tensor


class Dropout(Module):
    """In training, set each element to 0 with probability p, and divide the others by 1 - p.

    Args:
        p: probability, between 0 and 1.
        inplace: write the result into the input, which cannot be a leaf that requires gradients.

    Raises:
        ValueError: p is not between 0 and 1.

    Source: Srivastava et al., "Dropout", Journal of Machine Learning Research 15, 2014; torch.nn.Dropout.

    Examples:
        >>> dropout = nn.Dropout(p=0.5)
        >>> sorted(set(dropout(mytorch.ones(100)).tolist()))
        [0.0, 2.0]
        >>> dropout.eval()(mytorch.ones(3))
        tensor([1., 1., 1.])
    """

    _function: ClassVar[Callable[..., Tensor]] = staticmethod(F.dropout)

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        check_probability(p)
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the shape of `input`; in evaluation `input` itself."""
        return self._function(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout1d(Dropout):
    """In training, set each channel of (N, C, L) to 0 with probability p, and divide the others by 1 - p.

    Args:
        p: probability, between 0 and 1.
        inplace: write the result into the input, which cannot be a leaf that requires gradients.

    Raises:
        ValueError: p is not between 0 and 1.

    Source: Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR 2015;
        torch.nn.Dropout1d.

    Examples:
        >>> layer = nn.Dropout1d()
        >>> layer(mytorch.ones(50, 4, 3)).unique()
        tensor([0., 2.])
    """

    _function = staticmethod(F.dropout1d)


class Dropout2d(Dropout):
    """In training, set each channel of (N, C, H, W) to 0 with probability p, and divide the others by 1 - p.

    Args:
        p: probability, between 0 and 1.
        inplace: write the result into the input, which cannot be a leaf that requires gradients.

    Raises:
        ValueError: p is not between 0 and 1.

    Source: Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR 2015;
        torch.nn.Dropout2d.

    Examples:
        >>> layer = nn.Dropout2d()
        >>> layer(mytorch.ones(50, 4, 3, 3)).unique()
        tensor([0., 2.])
    """

    _function = staticmethod(F.dropout2d)
