"""Sums, means, extremes and tests over dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, overload

import numpy as np

from mytorch._core.base import TensorBase
from mytorch._core.dtypes import SCALAR_TYPE_NAMES, from_numpy_dtype, numpy_dtype_of
from mytorch.autograd.apply import apply, plain
from mytorch.functions._check import array_of, wrap_dim, wrap_dims
from mytorch.functions._names import numpy_names
from mytorch.functions.selection import maximum, minimum
from mytorch.functions.shape import squeeze
from mytorch.ops import reduction as ops
from mytorch.ops.conversion import Cast

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.dtypes import dtype as DType
    from mytorch._core.types import Array, Dims
    from mytorch._tensor import Tensor

__all__ = ["all", "amax", "amin", "any", "argmax", "argmin", "max", "mean", "min", "sum"]


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
        input = apply(Cast, input, dtype=target)
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
        input = apply(Cast, input, dtype=target)
    return apply(ops.Mean, input, axis=axis, keepdim=keepdim)


class Extremes(NamedTuple):
    """Extreme elements along a dimension, and their positions."""

    values: Tensor
    indices: Tensor


@overload
def max(input: Tensor, dim: None = None, keepdim: bool = False) -> Tensor: ...
@overload
def max(input: Tensor, dim: int, keepdim: bool = False) -> Extremes: ...
@overload
def max(input: Tensor, dim: Tensor, keepdim: bool = False) -> Tensor: ...
def max(input: Tensor, dim: int | Tensor | None = None, keepdim: bool = False) -> Tensor | Extremes:
    """Return the largest element of all, or along a dimension with its position, or of two elements.

    Args:
        input: any shape, any dtype.
        dim: the dimension; None for all; or another tensor, for `maximum`.
        keepdim: whether the reduced dimension stays, with size 1.

    Returns:
        Without `dim`, the largest element, 0-dim, whose gradient equal ones share. With it, values and
        indices; the
        gradient goes to the first of equal ones.

    Raises:
        IndexError: `dim` is out of range or of size 0.
        RuntimeError: there is no element.
        TypeError: input is no Tensor.
    """
    if isinstance(dim, TensorBase):
        return maximum(input, dim)
    return _extreme("max", input, dim, keepdim, largest=True)


@overload
def min(input: Tensor, dim: None = None, keepdim: bool = False) -> Tensor: ...
@overload
def min(input: Tensor, dim: int, keepdim: bool = False) -> Extremes: ...
@overload
def min(input: Tensor, dim: Tensor, keepdim: bool = False) -> Tensor: ...
def min(input: Tensor, dim: int | Tensor | None = None, keepdim: bool = False) -> Tensor | Extremes:
    """Return the smallest element of all, or along a dimension with its position, or of two elements.

    Args:
        input: any shape, any dtype.
        dim: the dimension; None for all; or another tensor, for `minimum`.
        keepdim: whether the reduced dimension stays, with size 1.

    Returns:
        Without `dim`, the smallest element, 0-dim, whose gradient equal ones share. With it, values and
        indices; the
        gradient goes to the first of equal ones.

    Raises:
        IndexError: `dim` is out of range or of size 0.
        RuntimeError: there is no element.
        TypeError: input is no Tensor.
    """
    if isinstance(dim, TensorBase):
        return minimum(input, dim)
    return _extreme("min", input, dim, keepdim, largest=False)


def amax(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """Return the largest elements over dimensions; equal ones share the gradient.

    Args:
        input: any shape, any dtype.
        dim: the dimension or dimensions; an empty tuple for all.
        keepdim: whether the reduced dimensions stay, with size 1.

    Returns:
        The largest elements.

    Raises:
        IndexError: a dimension is out of range or of size 0.
        RuntimeError: there is no element, or a dimension is named twice.
        TypeError: input is no Tensor.
    """
    axis = _nonempty("amax", array_of("amax", input), dim)
    return apply(ops.Extreme, input, axis=axis, keepdim=keepdim, largest=True, undivided=True)


def amin(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """Return the smallest elements over dimensions; equal ones share the gradient.

    Args:
        input: any shape, any dtype.
        dim: the dimension or dimensions; an empty tuple for all.
        keepdim: whether the reduced dimensions stay, with size 1.

    Returns:
        The smallest elements.

    Raises:
        IndexError: a dimension is out of range or of size 0.
        RuntimeError: there is no element, or a dimension is named twice.
        TypeError: input is no Tensor.
    """
    axis = _nonempty("amin", array_of("amin", input), dim)
    return apply(ops.Extreme, input, axis=axis, keepdim=keepdim, largest=False, undivided=True)


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return the position of the largest element, the first of equal ones; nan counts as largest.

    Args:
        input: any shape, any dtype.
        dim: the dimension; None for the position in row-major order.
        keepdim: whether the reduced dimension stays, with size 1.

    Returns:
        int64 positions.

    Raises:
        IndexError: `dim` is out of range or of size 0, or there is no element.
        TypeError: input is no Tensor.
    """
    return _position("argmax", input, dim, keepdim, largest=True)


def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return the position of the smallest element, the first of equal ones; nan counts as smallest.

    Args:
        input: any shape, any dtype.
        dim: the dimension; None for the position in row-major order.
        keepdim: whether the reduced dimension stays, with size 1.

    Returns:
        int64 positions.

    Raises:
        IndexError: `dim` is out of range or of size 0, or there is no element.
        TypeError: input is no Tensor.
    """
    return _position("argmin", input, dim, keepdim, largest=False)


def any(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Return whether some element over dimensions is not zero.

    Args:
        input: any shape, any dtype.
        dim: the dimension or dimensions; None for all.
        keepdim: whether the reduced dimensions stay, with size 1.

    Returns:
        bool; uint8 for uint8, as in torch.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: a dimension is named twice.
        TypeError: input is no Tensor.
    """
    return _test("any", np.any, input, dim, keepdim)


def all(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Return whether no element over dimensions is zero.

    Args:
        input: any shape, any dtype.
        dim: the dimension or dimensions; None for all.
        keepdim: whether the reduced dimensions stay, with size 1.

    Returns:
        bool; uint8 for uint8, as in torch.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: a dimension is named twice.
        TypeError: input is no Tensor.
    """
    return _test("all", np.all, input, dim, keepdim)


def _extreme(name: str, input: Tensor, dim: int | None, keepdim: bool, *, largest: bool) -> Tensor | Extremes:
    array = array_of(name, input)
    if dim is None:
        return apply(ops.Extreme, input, axis=_nonempty(name, array, None), keepdim=False, largest=largest)
    wrapped = wrap_dim(dim, array.ndim)
    positions = _position(name, input, wrapped, keepdim=bool(array.ndim), largest=largest)
    if not array.ndim:
        return Extremes(apply(ops.Extreme, input, axis=(), keepdim=False, largest=largest), positions)
    values = apply(ops.Pick, input, positions=positions.array, dim=wrapped)
    if keepdim:
        return Extremes(values, positions)
    return Extremes(squeeze(values, wrapped), squeeze(positions, wrapped))


def _position(name: str, input: Tensor, dim: int | None, keepdim: bool, *, largest: bool) -> Tensor:
    array = array_of(name, input)
    if dim is None and not array.size:
        raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
    axis = None if dim is None else wrap_dim(dim, array.ndim)
    if axis is not None and array.ndim:
        _nonempty(name, array, axis)
    find = np.argmax if largest else np.argmin
    return plain(find, input, axis=axis if array.ndim else None, keepdims=keepdim)


def _nonempty(name: str, array: Array, dim: Dims) -> tuple[int, ...]:
    axis = wrap_dims(dim, array.ndim)
    if not array.size:
        if dim is None or dim == ():
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify "
                "the reduction dim "
                "with the 'dim' argument."
            )
        for i in axis:
            if not array.shape[i]:
                raise IndexError(f"{name}(): Expected reduction dim {i} to have non-zero size.")
    return axis


def _test(name: str, test: Any, input: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    array = array_of(name, input)
    # Unlike in a sum, an empty tuple reduces nothing here.
    axis = () if dim == () else wrap_dims(dim, array.ndim)
    result = plain(test, input, axis=axis, keepdims=keepdim)
    return plain(np.ndarray.astype, result, dtype=np.uint8) if array.dtype == np.uint8 else result


if not TYPE_CHECKING:  # the signatures that are checked are those above
    sum = numpy_names(sum)
    mean = numpy_names(mean)
    max = numpy_names(max)
    min = numpy_names(min)
    amax = numpy_names(amax)
    amin = numpy_names(amin)
    argmax = numpy_names(argmax)
    argmin = numpy_names(argmin)
    any = numpy_names(any)
    all = numpy_names(all)
