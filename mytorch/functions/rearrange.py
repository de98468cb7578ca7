"""The same elements at other places: reversed, shifted, repeated, or those of a triangle or a diagonal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.dtypes import SCALAR_TYPE_NAMES, from_numpy_dtype
from mytorch._core.typename import typename
from mytorch.autograd._apply import apply
from mytorch.functions._check import array_of, integer_of, sizes_of, wrap_dim, wrap_dims
from mytorch.functions._names import numpy_names
from mytorch.functions.indexing import index_select
from mytorch.functions.shape import clone, ravel, reshape, unsqueeze
from mytorch.functions.transpose import expand
from mytorch.ops import rearrange as ops

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor

__all__ = ["diagonal", "flip", "repeat_interleave", "roll", "tril", "triu"]


def flip(input: Tensor, dims: Sequence[int]) -> Tensor:
    """Return a copy with the elements in reverse order along dimensions.

    Args:
        dims: the dimensions, as a tuple or list; the method takes them one by one, too.

    Examples:
        >>> x = mytorch.tensor([[1, 2], [3, 4]])
        >>> mytorch.flip(x, (0,))
        tensor([[3, 4],
                [1, 2]])
    """
    rank = array_of("flip", input).ndim
    if not isinstance(dims, (tuple, list)):
        raise TypeError(f"flip(): argument 'dims' (position 2) must be tuple of ints, not {typename(dims)}")
    given = sizes_of("flip", (dims,))
    # An empty tuple flips nothing; in reductions it stands for all dimensions.
    return apply(ops.Flip, input, dims=wrap_dims(given, rank) if given else ())


def roll(input: Tensor, shifts: int | Sequence[int], dims: int | Sequence[int] | None = ()) -> Tensor:
    """Return a copy with the elements shifted cyclically along dimensions.

    Args:
        shifts: the distance for each dimension.
        dims: the dimension or dimensions; without any, all elements are shifted in row-major order.

    Raises:
        RuntimeError: the numbers of shifts and dimensions differ.
    """
    rank = array_of("roll", input).ndim
    far = tuple(shifts) if isinstance(shifts, (tuple, list)) else (shifts,)
    along = tuple(dims) if isinstance(dims, (tuple, list)) else () if dims is None else (dims,)
    if len(far) != len(along) and (along or len(far) != 1):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(far)}, dims:{len(along)}")
    return apply(ops.Roll, input, shifts=far, dims=tuple([wrap_dim(d, rank) for d in along]) or None)


def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """Return a copy with zeros above a diagonal of the last two dimensions.

    Args:
        input: at least two dimensions.
        diagonal: 0 for the main diagonal, positive above it.

    Raises:
        RuntimeError: input has fewer dimensions.

    Examples:
        >>> x = mytorch.ones(3, 3)
        >>> mytorch.tril(x)
        tensor([[1., 0., 0.],
                [1., 1., 0.],
                [1., 1., 1.]])
    """
    return _triangle("tril", input, diagonal, upper=False)


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """Return a copy with zeros below a diagonal of the last two dimensions.

    Args:
        input: at least two dimensions.
        diagonal: 0 for the main diagonal, positive above it.

    Raises:
        RuntimeError: input has fewer dimensions.
    """
    return _triangle("triu", input, diagonal, upper=True)


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """Return a view of a diagonal of two dimensions, which becomes the last dimension.

    Args:
        input: at least two dimensions.
        offset: 0 for the main diagonal, positive above it.
        dim1: the dimension of rows.
        dim2: the dimension of columns.

    Returns:
        The view, with one dimension fewer; empty if the diagonal lies outside.

    Raises:
        RuntimeError: the dimensions are the same.
    """
    rank = array_of("diagonal", input).ndim
    first, second = wrap_dim(dim1, rank), wrap_dim(dim2, rank)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return apply(ops.Diagonal, input, offset=offset, dim1=first, dim2=second)


def repeat(input: Tensor, *counts: Any, repeats: Any = None) -> Tensor:
    """Return copies side by side along every dimension: the method `Tensor.repeat`.

    Args:
        *counts: how often, at least one number per dimension, one by one or as one tuple; additional ones
            come first, for new dimensions.
        repeats: the same as a tuple.

    Returns:
        The copies.

    Raises:
        RuntimeError: there are fewer repeats than dimensions, or one is negative.
    """
    rank = array_of("repeat", input).ndim
    counts = sizes_of("repeat", counts if repeats is None else (repeats,))
    if len(counts) < rank:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor: "
            f"{len(counts)} and {rank}"
        )
    if any(n < 0 for n in counts):
        raise RuntimeError(f"Trying to create tensor with negative dimension: repeats {list(counts)}")
    return apply(ops.Repeat, input, repeats=counts)


@numpy_names
def repeat_interleave(
    input: Tensor | None = None,
    repeats: int | Tensor | None = None,
    dim: int | None = None,
    *,
    output_size: int | None = None,
) -> Tensor:
    """Return each element, or each slice along a dimension, several times in a row.

    Args:
        input: any shape; or, alone, the repeats of the numbers 0, 1, 2, …, (N,), int64 or int32.
        repeats: how often, once for all, or one number for each slice, (N,), int64 or int32.
        dim: the dimension; None for the elements in row-major order.
        output_size: the size of the result in that dimension, which is checked.

    Returns:
        A tensor of the sum of the repeats in that dimension; of one dimension if there is no `dim`.

    Raises:
        NotImplementedError: `repeats` has another dtype.
        RuntimeError: a repeat is negative, their number is not the dimension's size, or their sum is not
            `output_size`.

    Examples:
        >>> x = mytorch.tensor([[1, 2], [3, 4]])
        >>> mytorch.repeat_interleave(x, 2)
        tensor([1, 1, 2, 2, 3, 3, 4, 4])
        >>> mytorch.repeat_interleave(x, mytorch.tensor([1, 2]), dim=0)
        tensor([[1, 2],
                [3, 4],
                [3, 4]])
    """
    if input is None or repeats is None:
        given: Any = repeats if input is None else input
        counts = array_of("repeat_interleave", given, "repeats")
        if counts.ndim != 1:
            raise RuntimeError(f"repeat_interleave only accept 1D vector as repeat, got {counts.ndim} dims")
        return wrap(_repeated_positions(counts, counts.size, output_size).astype(counts.dtype))
    array_of("repeat_interleave", input)
    if dim is None:
        input, dim = ravel(input), 0
    shape = input.array.shape
    wrapped = wrap_dim(dim, len(shape))
    if isinstance(repeats, TensorBase):
        if repeats.array.ndim > 1:
            raise RuntimeError(f"repeats must be 0-dim or 1-dim tensor, got {repeats.array.ndim} dims")
        size = shape[wrapped] if shape else 1
        return index_select(input, wrapped, wrap(_repeated_positions(repeats.array, size, output_size)))
    count = integer_of("repeat_interleave", "repeats", repeats, 2)
    if count < 0:
        raise RuntimeError(f"Repeats must be non-negative, got {count}")
    apart = unsqueeze(input, wrapped + 1)
    total = shape[wrapped] * count
    if output_size is not None and output_size != total:
        raise RuntimeError(f"repeat_interleave: Invalid output_size, expected {total} but got {output_size}")
    wide = expand(apart, (*shape[: wrapped + 1], count, *shape[wrapped + 1 :]))
    return reshape(clone(wide), (*shape[:wrapped], total, *shape[wrapped + 1 :]))


def _repeated_positions(counts: Array, size: int, total: int | None) -> Array:
    """Return the numbers below a size, each as often as its count says, or the only count."""
    if counts.dtype not in (np.int64, np.int32):
        kind = SCALAR_TYPE_NAMES[from_numpy_dtype(counts.dtype)]
        raise NotImplementedError(f"\"repeat_interleave_cpu\" not implemented for '{kind}'")
    if counts.size not in (1, size):
        raise RuntimeError(
            "repeats must have the same size as input along dim, but got "
            f"repeats.size(0) = {counts.size} and input.size(0) = {size}"
        )
    if (counts < 0).any():
        raise RuntimeError(f"repeats can not be negative, got {counts.min()}")
    positions = np.repeat(np.arange(size), counts.reshape(-1))
    if total is not None and positions.size != total:
        raise RuntimeError(
            f"allocated size does not match required size: output_size is {total}, "
            f"and the repeats sum up to {positions.size}"
        )
    return positions


def _triangle(name: str, input: Tensor, diagonal: int, *, upper: bool) -> Tensor:
    if array_of(name, input).ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions, got {input.array.ndim}")
    diagonal = integer_of(name, "diagonal", diagonal, 2)
    return apply(ops.Triangle, input, diagonal=diagonal, upper=upper)
