"""Dropout: elements set to 0 at random while a model is trained."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from mytorch._core.base import wrap
from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch.functions._check import array_of, check_probability, number_of
from mytorch.functions._dropout import factors_of
from mytorch.functions.arithmetic import mul

if TYPE_CHECKING:
    from mytorch._tensor import Tensor

__all__ = ["dropout", "dropout1d", "dropout2d"]


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set each element to 0 with probability p, and divide the others by 1 - p.

    The elements are drawn from mytorch's default generator, whose stream is not torch's.

    Args:
        p: probability, between 0 and 1.
        training: whether elements are set to 0 at all.

    Returns:
        A tensor of the same shape and dtype; `input` itself if no element can change, or with `inplace`.

    Raises:
        ValueError: p is not between 0 and 1.
        RuntimeError: `input` is not floating.

    Source: Srivastava et al., "Dropout", Journal of Machine Learning Research 15, 2014.

    Examples:
        >>> x = mytorch.ones(1000)
        >>> nn.functional.dropout(x, p=0.5).unique()
        tensor([0., 2.])
        >>> nn.functional.dropout(x, p=0.5, training=False) is x
        True
    """
    p, shape = _checked("dropout", input, p)
    return _dropped(input, p, training, inplace, shape)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set each channel of a sequence to 0 with probability p, and divide the others by 1 - p.

    Args:
        input: (N, C, L), or (C, L), floating.
        p: probability, between 0 and 1.
        training: whether channels are set to 0 at all.

    Returns:
        A tensor of the same shape and dtype; `input` itself if no element can change, or with `inplace`.

    Raises:
        ValueError: p is not between 0 and 1.
        RuntimeError: `input` is not floating, or has another number of dimensions.

    Source: Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR 2015.

    Examples:
        >>> nn.functional.dropout1d(mytorch.ones(100, 3)).std(1).max()
        tensor(0.)
    """
    p, shape = _checked("dropout1d", input, p)
    if len(shape) not in {2, 3}:
        raise RuntimeError(f"dropout1d: Expected 2D or 3D input, but received a {len(shape)}D input.")
    return _dropped(input, p, training, inplace, (*shape[:-1], 1))


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set each channel of an image to 0 with probability p, and divide the others by 1 - p.

    Args:
        input: (N, C, H, W), floating. Of other ranks, torch takes the first two dimensions for N and C, with
            a warning.
        p: probability, between 0 and 1.
        training: whether channels are set to 0 at all.

    Returns:
        A tensor of the same shape and dtype; `input` itself if no element can change, or with `inplace`.

    Raises:
        ValueError: p is not between 0 and 1.
        RuntimeError: `input` is not floating, or has fewer than two dimensions.

    Source: Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR 2015.

    Examples:
        >>> nn.functional.dropout2d(mytorch.ones(9, 8, 5, 5)).mean((2, 3)).unique()
        tensor([0., 2.])
    """
    p, shape = _checked("dropout2d", input, p)
    if len(shape) != 4:
        warnings.warn(
            f"dropout2d: Received a {len(shape)}-D input, of which the first two dimensions are taken for N "
            "and C; use dropout1d for (N, C, L).",
            UserWarning,
            stacklevel=2,
        )
    if len(shape) < 2:
        raise RuntimeError(
            f"Feature dropout requires at least 2 dimensions in the input, but got {list(shape)}"
        )
    return _dropped(input, p, training, inplace, (*shape[:2], *(1,) * (len(shape) - 2)))


def _checked(name: str, input: Tensor, p: float) -> tuple[float, tuple[int, ...]]:
    """Return the probability as a number, and the shape of the input, after a check of both."""
    check_probability(p)
    return number_of(name, "p", p, 2), array_of(name, input).shape


def _dropped(input: Tensor, p: float, training: bool, inplace: bool, drawn: tuple[int, ...]) -> Tensor:
    """Drop what is drawn with the shape `drawn`, which broadcasts to that of the input."""
    array = input.array
    if not training or p == 0 or not array.size:
        return input
    if array.dtype.kind != "f":
        kind = SCALAR_TYPE_NAMES[input.dtype]
        raise RuntimeError(f"result type Float can't be cast to the desired output type {kind}")
    # A product, so that nan stays nan, as in torch.
    out = mul(input, wrap(factors_of(drawn, array.dtype, p)))
    return input.copy_(out) if inplace else out
