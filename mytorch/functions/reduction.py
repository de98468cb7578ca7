"""Sums, extremes and tests over dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, overload

import numpy as np

from mytorch._core.base import TensorBase
from mytorch._core.dtypes import numpy_dtype_of
from mytorch.autograd._apply import apply, plain
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

__all__ = ["all", "amax", "amin", "any", "argmax", "argmin", "max", "min", "sum"]


@numpy_names
def sum(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None) -> Tensor:
    """Return the sum over dimensions.

    Args:
        dtype: dtype to sum in; by default int64 for bool and integers, the input's own for floats.

    Returns:
        The sum; 0 for an empty tensor.

    Examples:
        >>> x = mytorch.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> mytorch.sum(x, dim=0)
        tensor([4., 6.])
        >>> mytorch.sum(x, dim=1, keepdim=True)
        tensor([[3.],
                [7.]])
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
@overload
def max(input: Tensor, *, other: Tensor) -> Tensor: ...
@numpy_names
def max(
    input: Tensor, dim: int | Tensor | None = None, keepdim: bool = False, *, other: Tensor | None = None
) -> Tensor | Extremes:
    """Return the largest element of all, or along a dimension with its position, or of each two elements.

    Args:
        dim: the dimension; None for all; or another tensor, for `maximum`.
        other: the other tensor by name.

    Returns:
        Without `dim`, the largest element, 0-dim; equal elements share its gradient. With `dim`, values and
        indices; the gradient goes to the first of equal elements.

    Raises:
        IndexError: the dimension has size 0.
        RuntimeError: the tensor is empty.

    Examples:
        >>> x = mytorch.tensor([[1.0, 4.0], [3.0, 2.0]])
        >>> mytorch.max(x)
        tensor(4.)
        >>> values, indices = mytorch.max(x, dim=1)
        >>> indices
        tensor([1, 0])
    """
    if other is not None:
        if dim is not None or keepdim:
            raise TypeError("max() got 'other' and 'dim' or 'keepdim'")
        return maximum(input, other)
    if isinstance(dim, TensorBase):
        return maximum(input, dim)
    return _extreme("max", input, dim, keepdim, largest=True)


@overload
def min(input: Tensor, dim: None = None, keepdim: bool = False) -> Tensor: ...
@overload
def min(input: Tensor, dim: int, keepdim: bool = False) -> Extremes: ...
@overload
def min(input: Tensor, dim: Tensor, keepdim: bool = False) -> Tensor: ...
@overload
def min(input: Tensor, *, other: Tensor) -> Tensor: ...
@numpy_names
def min(
    input: Tensor, dim: int | Tensor | None = None, keepdim: bool = False, *, other: Tensor | None = None
) -> Tensor | Extremes:
    """Return the smallest element of all, or along a dimension with its position, or of each two elements.

    Args:
        dim: the dimension; None for all; or another tensor, for `minimum`.
        other: the other tensor by name.

    Returns:
        Without `dim`, the smallest element, 0-dim; equal elements share its gradient. With `dim`, values and
        indices; the gradient goes to the first of equal elements.

    Raises:
        IndexError: the dimension has size 0.
        RuntimeError: the tensor is empty.
    """
    if other is not None:
        if dim is not None or keepdim:
            raise TypeError("min() got 'other' and 'dim' or 'keepdim'")
        return minimum(input, other)
    if isinstance(dim, TensorBase):
        return minimum(input, dim)
    return _extreme("min", input, dim, keepdim, largest=False)


@numpy_names
def amax(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """Return the largest elements over dimensions; equal ones share the gradient.

    Args:
        dim: the dimension or dimensions; an empty tuple for all.

    Returns:
        The largest elements.

    Raises:
        IndexError: a dimension has size 0.
        RuntimeError: the tensor is empty.
    """
    axis = _nonempty("amax", array_of("amax", input), dim)
    return apply(ops.Extreme, input, axis=axis, keepdim=keepdim, largest=True, undivided=True)


@numpy_names
def amin(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """Return the smallest elements over dimensions; equal ones share the gradient.

    Args:
        dim: the dimension or dimensions; an empty tuple for all.

    Returns:
        The smallest elements.

    Raises:
        IndexError: a dimension has size 0.
        RuntimeError: the tensor is empty.
    """
    axis = _nonempty("amin", array_of("amin", input), dim)
    return apply(ops.Extreme, input, axis=axis, keepdim=keepdim, largest=False, undivided=True)


@numpy_names
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return the position of the largest element, the first of equal ones; nan counts as largest.

    Args:
        dim: the dimension; None for the position in row-major order.

    Returns:
        The positions, int64.

    Raises:
        IndexError: the dimension has size 0, or the tensor is empty.

    Examples:
        >>> x = mytorch.tensor([[1.0, 2.0], [4.0, 3.0]])
        >>> mytorch.argmax(x)
        tensor(2)
        >>> mytorch.argmax(x, dim=1)
        tensor([1, 0])
    """
    return _position("argmax", input, dim, keepdim, largest=True)


@numpy_names
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return the position of the smallest element, the first of equal ones; nan counts as smallest.

    Args:
        dim: the dimension; None for the position in row-major order.

    Returns:
        The positions, int64.

    Raises:
        IndexError: the dimension has size 0, or the tensor is empty.
    """
    return _position("argmin", input, dim, keepdim, largest=False)


@numpy_names
def any(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Return whether any element over dimensions is not zero.

    Returns:
        A bool tensor; uint8 for a uint8 input, as in torch.

    Examples:
        >>> x = mytorch.tensor([[0, 1], [0, 0]])
        >>> mytorch.any(x, dim=1)
        tensor([ True, False])
    """
    return _test("any", np.any, input, dim, keepdim)


@numpy_names
def all(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Return whether no element over dimensions is zero.

    Returns:
        A bool tensor; uint8 for a uint8 input, as in torch.
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
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
                "reduction dim with the 'dim' argument."
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
