"""Softmax along a dimension, and its logarithm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.dtypes import SCALAR_TYPE_NAMES, from_numpy_dtype, numpy_dtype_of
from mytorch.autograd._apply import apply
from mytorch.functions._check import array_of, wrap_dim
from mytorch.ops import softmax as ops
from mytorch.ops.conversion import Cast

if TYPE_CHECKING:
    from mytorch._core.dtypes import dtype as DType
    from mytorch._tensor import Tensor
    from mytorch.ops.op import Op

__all__ = ["log_softmax", "softmax"]


def softmax(input: Tensor, dim: int, dtype: DType | None = None) -> Tensor:
    """Return eˣ / Σ eˣ along a dimension: numbers between 0 and 1 that add up to 1.

    Args:
        input: x, any shape, floating unless `dtype` is.
        dim: the dimension that is summed over.
        dtype: floating dtype to compute in; the input's own by default.

    Raises:
        NotImplementedError: the dtype is not floating.

    Examples:
        >>> logits = mytorch.tensor([[1.0, 1.0], [0.0, 2.0]])
        >>> mytorch.softmax(logits, dim=1)
        tensor([[0.5000, 0.5000],
                [0.1192, 0.8808]])
    """
    return _along("softmax", ops.Softmax, input, dim, dtype)


def log_softmax(input: Tensor, dim: int, dtype: DType | None = None) -> Tensor:
    """Return x - log Σ eˣ along a dimension: the logarithm of softmax, accurate where softmax underflows.

    Args:
        input: x, any shape, floating unless `dtype` is.
        dim: the dimension that is summed over.
        dtype: floating dtype to compute in; the input's own by default.

    Raises:
        NotImplementedError: the dtype is not floating.

    Examples:
        >>> logits = mytorch.tensor([0.0, 200.0])
        >>> mytorch.softmax(logits, dim=0).log()
        tensor([-inf, 0.])
        >>> mytorch.log_softmax(logits, dim=0)
        tensor([-200.,    0.])
    """
    return _along("log_softmax", ops.LogSoftmax, input, dim, dtype)


def _along(name: str, op: type[Op], input: Tensor, dim: int, dtype: DType | None) -> Tensor:
    array = array_of(name, input)
    if isinstance(dim, float):
        raise TypeError(f"{name}(): argument 'dim' (position 2) must be int, not float")
    axis = wrap_dim(dim, array.ndim)
    target = array.dtype if dtype is None else numpy_dtype_of(dtype)
    if target.kind != "f":
        kind = SCALAR_TYPE_NAMES[from_numpy_dtype(target)]
        raise NotImplementedError(f"\"{name}_kernel_impl\" not implemented for '{kind}'")
    if target != array.dtype:
        input = apply(Cast, input, dtype=target)
    if not np.ndim(array):
        # A 0-dim tensor is computed as one with a dimension of size 1.
        return apply(op, input.reshape(1), dim=0).reshape(())
    return apply(op, input, dim=axis)
