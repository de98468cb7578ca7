"""Dropout: elements set to 0 at random while a model is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.base import wrap
from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch.functions._check import array_of, check_probability, number_of
from mytorch.functions._dropout import factors_of
from mytorch.functions.arithmetic import mul

if TYPE_CHECKING:
    from mytorch._tensor import Tensor

__all__ = ["dropout"]


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
    check_probability(p)
    p = number_of("dropout", "p", p, 2)
    array = array_of("dropout", input)
    if not training or p == 0 or not array.size:
        return input
    if array.dtype.kind != "f":
        kind = SCALAR_TYPE_NAMES[input.dtype]
        raise RuntimeError(f"result type Float can't be cast to the desired output type {kind}")
    # A product, so that nan stays nan, as in torch.
    out = mul(input, wrap(factors_of(array.shape, array.dtype, p)))
    return input.copy_(out) if inplace else out
