"""Sums, means, extremes and tests over dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.dtypes import SCALAR_TYPE_NAMES, from_numpy_dtype, numpy_dtype_of
from mytorch.autograd.apply import apply
from mytorch.functions._check import array_of, wrap_dims
from mytorch.functions._names import numpy_names
from mytorch.ops import reduction as ops
from mytorch.ops import shape as shape_ops

if TYPE_CHECKING:
    from mytorch._core.dtypes import dtype as DType
    from mytorch._core.types import Dims
    from mytorch._tensor import Tensor


def sum(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None) -> Tensor:
    """Return the sum over dimensions.

    Args:
        input: any shape, any dtype.
        dim: the dimension or dimensions; None for all.
        keepdim: whether the reduced dimensions stay, with size 1.
        dtype: dtype to sum in; by default int64 for bool and integers, the input's own for floats.

    Returns:
        The sum; 0 of nothing.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: a dimension is named twice.
        TypeError: input is no Tensor, or `dim` holds no integers.
    """
    array = array_of("sum", input)
    axis = wrap_dims(dim, array.ndim)
    if dtype is not None:
        target = numpy_dtype_of(dtype)
    else:
        target = array.dtype if array.dtype.kind == "f" else np.dtype(np.int64)
    if target != array.dtype:
        input = apply(shape_ops.Cast, input, dtype=target)
    return apply(ops.Sum, input, axis=axis, keepdim=keepdim)


def mean(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None) -> Tensor:
    """Return the mean over dimensions.

    Args:
        input: any shape, floating unless `dtype` is.
        dim: the dimension or dimensions; None for all.
        keepdim: whether the reduced dimensions stay, with size 1.
        dtype: floating dtype to compute in; the input's own by default.

    Returns:
        The mean; nan of nothing.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: the dtype is not floating, or a dimension is named twice.
        TypeError: input is no Tensor, or `dim` holds no integers.
    """
    array = array_of("mean", input)
    axis = wrap_dims(dim, array.ndim)
    target = array.dtype if dtype is None else numpy_dtype_of(dtype)
    if target.kind != "f":
        which, what = ("Input", "infer output") if dtype is None else ("Optional", "use the given")
        raise RuntimeError(
            f"mean(): could not {what} dtype. {which} dtype must be either a floating point or "
            "complex dtype. "
            f"Got: {SCALAR_TYPE_NAMES[from_numpy_dtype(target)]}"
        )
    if target != array.dtype:
        input = apply(shape_ops.Cast, input, dtype=target)
    return apply(ops.Mean, input, axis=axis, keepdim=keepdim)


if not TYPE_CHECKING:  # the signatures that are checked are those above
    sum = numpy_names(sum)
    mean = numpy_names(mean)
