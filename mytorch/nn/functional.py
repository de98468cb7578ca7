"""Layers, activations and losses as functions of tensors."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from mytorch._core.lacking import no_attribute as _no_attribute
from mytorch.functions import activation as _activation
from mytorch.functions import softmax as _softmax
from mytorch.functions.activation import *
from mytorch.functions.attention import *
from mytorch.functions.classification_loss import *
from mytorch.functions.convolution import *
from mytorch.functions.dropout import *
from mytorch.functions.embedding import *
from mytorch.functions.linear import *
from mytorch.functions.normalization import *
from mytorch.functions.pooling import *
from mytorch.functions.probability_loss import *
from mytorch.functions.regression_loss import *
from mytorch.functions.sequence_loss import *

if TYPE_CHECKING:
    from mytorch._core.dtypes import dtype as DType
    from mytorch._tensor import Tensor


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """Apply max(x, 0) to every element.

    Args:
        input: x, (*).
        inplace: write the result into `input`; not for a leaf that requires gradients.

    Returns:
        A tensor of the shape and dtype of `input`; `input` itself with `inplace`.

    Raises:
        RuntimeError: `input` is boolean, or `inplace` would change a leaf that requires gradients.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.relu.html
    """
    out = _activation.relu(input)
    return input.copy_(out) if inplace else out


def softmax(
    input: Tensor,
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: DType | None = None,
) -> Tensor:
    """Return eˣ / Σ eˣ along a dimension; see `mytorch.softmax`.

    Args:
        input: x, any shape, floating unless `dtype` is.
        dim: the dimension that is summed over; None for torch's old choice, with its warning.
        _stacklevel: whom that warning names.
        dtype: floating dtype to compute in; the input's own by default.

    Returns:
        Of the shape of `input`.

    Raises:
        IndexError: the dimension is out of range.
        NotImplementedError: the dtype is not floating.
    """
    chosen = _implicit_dim("softmax", input.ndim, _stacklevel) if dim is None else dim
    return _softmax.softmax(input, chosen, dtype)


def log_softmax(
    input: Tensor,
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: DType | None = None,
) -> Tensor:
    """Return x - log Σ eˣ along a dimension; see `mytorch.log_softmax`.

    Args:
        input: x, any shape, floating unless `dtype` is.
        dim: the dimension that is summed over; None for torch's old choice, with its warning.
        _stacklevel: whom that warning names.
        dtype: floating dtype to compute in; the input's own by default.

    Returns:
        Of the shape of `input`.

    Raises:
        IndexError: the dimension is out of range.
        NotImplementedError: the dtype is not floating.
    """
    chosen = _implicit_dim("log_softmax", input.ndim, _stacklevel) if dim is None else dim
    return _softmax.log_softmax(input, chosen, dtype)


def _implicit_dim(name: str, rank: int, stacklevel: int) -> int:
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. "
        "Change the call to include dim=X as an argument.",
        UserWarning,
        stacklevel=stacklevel,
    )
    return 0 if rank in {0, 1, 3} else 1


if not TYPE_CHECKING:  # as in mytorch/__init__.py
    __all__ = sorted(  # noqa: PLE0605 - computed, so that nothing has to be listed again
        name for name, value in globals().items() if name[0] != "_" and callable(value)
    )


if not TYPE_CHECKING:  # to a type checker, a module with this function has every name

    def __getattr__(name: str) -> object:
        raise _no_attribute(__name__, name)
