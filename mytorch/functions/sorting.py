"""Elements in order, their positions, and the distinct ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, overload

import numpy as np

from mytorch._core.base import wrap
from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch.autograd._apply import apply, plain
from mytorch.functions._check import array_of, wrap_dim
from mytorch.functions._names import numpy_names
from mytorch.functions.shape import squeeze
from mytorch.ops.reduction import Distinct, Median, Pick

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor

__all__ = ["argsort", "median", "nonzero", "sort", "topk", "unique"]


class Ordered(NamedTuple):
    """Elements in order along a dimension, and their positions."""

    values: Tensor
    indices: Tensor


@numpy_names
def sort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Ordered:
    """Return the elements in order along a dimension, with their positions.

    Args:
        input: any shape, any dtype; nan counts as largest.
        descending: whether the largest comes first.
        stable: whether equal elements keep their order; here they always do.

    Returns:
        values and indices (int64), of the same shape.

    Examples:
        >>> values, indices = mytorch.sort(mytorch.tensor([3.0, 1.0, 2.0]))
        >>> values
        tensor([1., 2., 3.])
        >>> indices
        tensor([1, 2, 0])
    """
    del stable
    wrapped = wrap_dim(dim, array_of("sort", input).ndim)
    return _taken(input, _order(input.array, wrapped, descending=descending), wrapped)


@numpy_names
def argsort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:
    """Return the positions that put the elements in order along a dimension.

    Args:
        input: any shape, any dtype; nan counts as largest.
        descending: whether the largest comes first.
        stable: whether equal elements keep their order; here they always do.

    Returns:
        An int64 tensor of the same shape.
    """
    del stable
    wrapped = wrap_dim(dim, array_of("argsort", input).ndim)
    return plain(_order, input, dim=wrapped, descending=descending)


@numpy_names
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Ordered:
    """Return the k largest or smallest elements along a dimension, with their positions.

    Args:
        input: any shape, any dtype; nan counts as largest.
        k: how many elements.
        largest: whether the largest or the smallest.
        sorted: whether they are in order; here they always are.

    Returns:
        values and indices (int64), of size k in that dimension.

    Raises:
        RuntimeError: there are fewer than k elements.

    Examples:
        >>> values, indices = mytorch.topk(mytorch.tensor([3.0, 1.0, 2.0]), k=2)
        >>> values
        tensor([3., 2.])
        >>> indices
        tensor([0, 2])
    """
    del sorted
    array = array_of("topk", input)
    wrapped = wrap_dim(dim, array.ndim)
    size = array.shape[wrapped] if array.ndim else 1
    if not 0 <= k <= size:
        raise RuntimeError(f"selected index k out of range: k={k}, dimension {wrapped} has size {size}")
    order = _order(array, wrapped, descending=largest)
    return _taken(input, order.take(np.arange(k), wrapped) if array.ndim else order, wrapped)


@overload
def median(input: Tensor, dim: None = None, keepdim: bool = False) -> Tensor: ...
@overload
def median(input: Tensor, dim: int, keepdim: bool = False) -> Ordered: ...
@numpy_names
def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor | Ordered:
    """Return the middle element of all, or along a dimension with its position; the lower one of two.

    Args:
        input: any shape, any dtype but bool; if any element is nan, so is the median.
        dim: the dimension; None for all.

    Returns:
        Without `dim`, the median, 0-dim, nan of a floating tensor without elements; equal elements share its
        gradient. With `dim`, values and indices; as in torch, any of equal elements may be the one.

    Raises:
        IndexError: the dimension has size 0.
        NotImplementedError: input is bool.
        TypeError: `keepdim` without a dimension.

    Examples:
        >>> x = mytorch.tensor([[4.0, 1.0, 3.0], [2.0, 9.0, 5.0]])
        >>> mytorch.median(x)
        tensor(3.)
        >>> values, indices = mytorch.median(x, dim=1)
        >>> values
        tensor([3., 5.])
    """
    array = array_of("median", input)
    if array.dtype.kind == "b":
        raise NotImplementedError(f"\"median_cpu\" not implemented for '{SCALAR_TYPE_NAMES[input.dtype]}'")
    if dim is None:
        if keepdim:
            raise TypeError('median() missing 1 required positional arguments: "dim"')
        return apply(Median, input)
    wrapped = wrap_dim(dim, array.ndim)
    if not array.ndim:
        return _taken(input, np.zeros((), np.int64), wrapped)
    if not array.shape[wrapped]:
        raise IndexError(f"median(): Expected reduction dim {wrapped} to have non-zero size.")
    middle = [(array.shape[wrapped] - 1) // 2]
    positions = _order(array, wrapped, descending=False).take(middle, wrapped)
    if array.dtype.kind == "f":
        missing = np.isnan(array)
        first = missing.argmax(wrapped, keepdims=True)
        positions = np.where(missing.any(wrapped, keepdims=True), first, positions)
    found = _taken(input, positions, wrapped)
    return found if keepdim else Ordered(*[squeeze(each, wrapped) for each in found])


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Tensor | tuple[Tensor, ...]:
    """Return the positions of the elements that are not zero, in row-major order.

    Args:
        as_tuple: whether to return one tensor per dimension, as an index takes them.

    Returns:
        int64 positions, (n, dimensions), or a tuple of (n,).
    """
    array = array_of("nonzero", input)
    if as_tuple:
        return tuple([wrap(each) for each in np.nonzero(np.atleast_1d(array))])
    return plain(np.argwhere, input)


def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """Return the distinct elements in order.

    Args:
        input: any shape, any dtype; every nan counts as distinct.
        sorted: whether they are in order; here they always are.
        return_inverse: whether to return also the position of each element among the distinct ones.
        return_counts: whether to return also how often each occurs.
        dim: the dimension whose slices are compared; None to compare elements.

    Returns:
        The distinct elements, or a tuple of these, the inverse and the counts, as far as asked for.
    """
    del sorted
    array = array_of("unique", input)
    axis = None if dim is None else wrap_dim(dim, array.ndim)
    values, inverse, counts = np.unique(
        array, return_inverse=True, return_counts=True, axis=axis, equal_nan=False
    )
    found = (values, inverse.reshape(array.shape if axis is None else -1), counts)
    wanted = [x for x, want in zip(found, (True, return_inverse, return_counts), strict=True) if want]
    distinct = apply(Distinct, input, values=wanted[0])
    tensors = (distinct, *[wrap(x) for x in wanted[1:]])
    return tensors if len(tensors) > 1 else tensors[0]


def _order(array: Array, dim: int, *, descending: bool) -> Array:
    if not array.ndim:
        return np.zeros((), np.int64)
    if not descending:
        return np.argsort(array, axis=dim, kind="stable")
    # The last of equal elements in reverse is the first: they keep their order.
    backwards = np.argsort(np.flip(array, dim), axis=dim, kind="stable")
    return np.asarray(array.shape[dim] - 1 - np.flip(backwards, dim))


def _taken(input: Tensor, order: Array, dim: int) -> Ordered:
    positions = wrap(order)
    if not input.array.ndim:
        return Ordered(input.clone(), positions)
    return Ordered(apply(Pick, input, positions=order, dim=dim), positions)
