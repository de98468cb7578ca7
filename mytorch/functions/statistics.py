"""Means, variances, products, norms, running sums and running products over dimensions."""

from __future__ import annotations

import warnings
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.dtypes import SCALAR_TYPE_NAMES, from_numpy_dtype, numpy_dtype_of
from mytorch.autograd._apply import apply
from mytorch.functions._check import array_of, number_of, wrap_dim, wrap_dims
from mytorch.functions._names import numpy_names
from mytorch.functions.shape import reshape
from mytorch.ops import statistics as ops
from mytorch.ops.conversion import Cast

if TYPE_CHECKING:
    from mytorch._core.dtypes import dtype as DType
    from mytorch._core.types import Dims
    from mytorch._tensor import Tensor

__all__ = ["cumprod", "cumsum", "logsumexp", "mean", "norm", "prod", "std", "var"]


@numpy_names
def mean(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None) -> Tensor:
    """Return the mean over dimensions.

    Args:
        input: any shape, floating unless `dtype` is.
        dtype: floating dtype to compute in; the input's own by default.

    Returns:
        The mean; nan for an empty tensor.

    Raises:
        RuntimeError: the dtype is not floating.

    Examples:
        >>> x = mytorch.tensor([[1.0, 3.0], [2.0, 6.0]])
        >>> x - mytorch.mean(x, dim=1, keepdim=True)
        tensor([[-1.,  1.],
                [-2.,  2.]])
    """
    array = array_of("mean", input)
    axis = wrap_dims(dim, array.ndim)
    target = array.dtype if dtype is None else numpy_dtype_of(dtype)
    if target.kind != "f":
        which, what = ("Input", "infer output") if dtype is None else ("Optional", "use the given")
        raise RuntimeError(
            f"mean(): could not {what} dtype. {which} dtype must be either a floating point or complex "
            f"dtype. Got: {SCALAR_TYPE_NAMES[from_numpy_dtype(target)]}"
        )
    if target != array.dtype:
        input = apply(Cast, input, dtype=target)
    return apply(ops.Mean, input, axis=axis, keepdim=keepdim)


@numpy_names
def var(
    input: Tensor,
    dim: Dims | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """Return the variance over dimensions.

    Args:
        input: any shape, floating.
        dim: the dimension or dimensions; None for all. A bool here is torch's old way to give `unbiased`.
        unbiased: torch's old way to give a correction of 1 or 0.
        correction: the number subtracted from the count of elements in the divisor; 1 if not given.

    Returns:
        The variance; nan, with a warning, where the count does not exceed the correction.

    Raises:
        RuntimeError: input is not floating.
        TypeError: both `unbiased` and `correction` are given.

    Examples:
        >>> x = mytorch.tensor([1.0, 2.0, 3.0, 6.0])
        >>> mytorch.var(x)
        tensor(4.6667)
        >>> mytorch.var(x, correction=0)
        tensor(3.5000)
    """
    return _spread("var", input, dim, unbiased, keepdim, correction, root=False)


@numpy_names
def std(
    input: Tensor,
    dim: Dims | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """Return the standard deviation over dimensions: the root of `var`, with the same arguments.

    Args:
        input: any shape, floating.
        dim: as for `var`.
        unbiased: as for `var`.
        correction: as for `var`.

    Returns:
        The standard deviation; its gradient is 0 where it is 0.

    Raises:
        RuntimeError: input is not floating.
        TypeError: both `unbiased` and `correction` are given.

    Examples:
        >>> x = mytorch.tensor([[1.0, 3.0], [2.0, 6.0]])
        >>> mytorch.std(x, dim=0, correction=0)
        tensor([0.5000, 1.5000])
    """
    return _spread("std", input, dim, unbiased, keepdim, correction, root=True)


@numpy_names
def prod(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Tensor:
    """Return the product over a dimension, or of all elements.

    Args:
        keepdim: whether the reduced dimension stays as one of size 1; only with `dim`.
        dtype: dtype to multiply in; by default int64 for bool and integers, the input's own for floats.

    Returns:
        The product; 1 for an empty tensor.
    """
    array = array_of("prod", input)
    input = _widened(input, dtype)
    if dim is None and keepdim:
        raise TypeError("prod(): 'keepdim' needs 'dim', which is None")
    wrapped = None if dim is None else wrap_dim(dim, array.ndim)
    if wrapped is None or not array.ndim:
        return apply(ops.Prod, reshape(input, (array.size,)), dim=0, keepdim=False)
    return apply(ops.Prod, input, dim=wrapped, keepdim=keepdim)


@numpy_names
def cumsum(input: Tensor, dim: int, *, dtype: DType | None = None) -> Tensor:
    """Return the running sums along a dimension.

    Args:
        dtype: dtype to sum in; by default int64 for bool and integers, the input's own for floats.

    Returns:
        A tensor of the same shape.

    Examples:
        >>> x = mytorch.tensor([[1, 2], [3, 4]])
        >>> mytorch.cumsum(x, dim=0)
        tensor([[1, 2],
                [4, 6]])
    """
    array = array_of("cumsum", input)
    wrapped = wrap_dim(dim, array.ndim)
    input = _widened(input, dtype)
    return apply(ops.CumSum, input, dim=wrapped) if array.ndim else input.clone()


@numpy_names
def cumprod(input: Tensor, dim: int, *, dtype: DType | None = None) -> Tensor:
    """Return the running products along a dimension.

    Args:
        dtype: dtype to multiply in; by default int64 for bool and integers, the input's own for floats.

    Returns:
        A tensor of the same shape, whose gradient is exact also where elements are 0.

    Raises:
        NotImplementedError: the dtype is bool.

    Examples:
        >>> x = mytorch.tensor([[1, 2], [3, 4]])
        >>> mytorch.cumprod(x, dim=0)
        tensor([[1, 2],
                [3, 8]])
    """
    array = array_of("cumprod", input)
    wrapped = wrap_dim(dim, array.ndim)
    if dtype is not None and numpy_dtype_of(dtype).kind == "b":
        raise NotImplementedError(f"cumprod(): expected a number type as dtype, but got {dtype}: 'Bool'")
    input = _widened(input, dtype)
    return apply(ops.CumProd, input, dim=wrapped) if array.ndim else input.clone()


@numpy_names
def logsumexp(input: Tensor, dim: Dims, keepdim: bool = False) -> Tensor:
    """Return log Σ exp(input) over dimensions, without overflow.

    Args:
        dim: the dimension or dimensions; an empty tuple for all.

    Returns:
        A floating tensor; -inf for an empty one.

    Examples:
        >>> x = mytorch.tensor([1000.0, 1000.0])
        >>> mytorch.log(mytorch.exp(x).sum())
        tensor(inf)
        >>> mytorch.logsumexp(x, dim=0)
        tensor(1000.6932)
    """
    array = array_of("logsumexp", input)
    return apply(ops.LogSumExp, input, axis=wrap_dims(dim, array.ndim), keepdim=keepdim)


def norm(
    input: Tensor,
    p: float | str | None = "fro",
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
) -> Tensor:
    """Return the norm of all elements, or over dimensions, as the norm of a vector.

    Args:
        input: any shape, floating.
        p: the order: (Σ|x|^p)^(1/p); ±inf for the largest or smallest |x|, 0 for the count of elements that
            are not 0; "fro" and None are 2.
        dtype: dtype to compute in; the input's own by default.

    Returns:
        The norm; its gradient is 0 where it is 0, and equal extremes share it.

    Raises:
        RuntimeError: input is not floating; `p` is any other text (matrix norms do not exist here); it is
            "fro" and there are more than two dimensions; or the extreme of an empty tensor is asked for.

    Examples:
        >>> x = mytorch.tensor([[3.0, 4.0], [6.0, 8.0]])
        >>> mytorch.norm(x, dim=1)
        tensor([ 5., 10.])
        >>> mytorch.norm(x, p=1, dim=1)
        tensor([ 7., 14.])
    """
    array = array_of("norm", input)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"linalg.matrix_norm: Order {p} not supported.")
    order = 2.0 if p is None or isinstance(p, str) else float(p)
    if dtype is not None and numpy_dtype_of(dtype) != array.dtype:
        input = apply(Cast, input, dtype=numpy_dtype_of(dtype))
    if input.array.dtype.kind != "f":
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            f"{SCALAR_TYPE_NAMES[input.dtype]}"
        )
    axis = wrap_dims(dim, array.ndim)
    if dim is not None and len(axis) > 2 and p == "fro":
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {list(axis)}")
    if order in (inf, -inf) and any(not array.shape[i] for i in axis):
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {order:g} norm on an empty tensor because the operation "
            "does not have an identity"
        )
    return apply(ops.Norm, input, axis=axis, keepdim=keepdim, p=order)


def _spread(
    name: str,
    input: Tensor,
    dim: Dims | bool,
    unbiased: bool | None,
    keepdim: bool,
    correction: float | None,
    *,
    root: bool,
) -> Tensor:
    array = array_of(name, input)
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise TypeError(f"{name}(): got both 'unbiased' and 'correction'; they mean the same")
    if array.dtype.kind != "f":
        raise RuntimeError("std and var only support floating point and complex dtypes")
    axis = wrap_dims(dim, array.ndim)
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    correction = number_of(name, "correction", correction)
    count = 1
    for i in axis:
        count *= array.shape[i]
    out = apply(ops.Var, input, axis=axis, keepdim=keepdim, correction=correction, root=root)
    if count <= correction and out.array.size:
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction "
            f"factor (input numel divided by output numel): {correction} against {count}.",
            UserWarning,
            stacklevel=3,
        )
    return out


def _widened(input: Tensor, dtype: DType | None) -> Tensor:
    own = input.array.dtype
    default = own if own.kind == "f" else np.dtype(np.int64)
    target = default if dtype is None else numpy_dtype_of(dtype)
    return input if target == own else apply(Cast, input, dtype=target)
