"""Joining tensors along a dimension, and splitting them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.base import TensorBase
from mytorch._core.promotion import common_dtype
from mytorch._core.typename import typename
from mytorch.autograd._apply import apply, apply_many
from mytorch.functions._check import array_of, integer_of, wrap_dim
from mytorch.functions._names import numpy_names
from mytorch.functions.shape import reshape
from mytorch.ops import joining as ops
from mytorch.ops.conversion import Cast

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._tensor import Tensor

__all__ = ["cat", "chunk", "concat", "concatenate", "hstack", "split", "stack", "unbind", "vstack"]


@numpy_names
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Return tensors joined along a dimension that they have.

    Args:
        tensors: at least one, of equal sizes except in `dim`; empty 1-dim tensors are skipped, as in torch.

    Returns:
        The joined tensor, of the promoted dtype.

    Raises:
        RuntimeError: sizes or numbers of dimensions differ, or a tensor is 0-dim.
        TypeError: `tensors` is not a tuple or list of tensors.
        ValueError: `tensors` is empty.

    Examples:
        >>> first, second = mytorch.tensor([[1, 2]]), mytorch.tensor([[3, 4]])
        >>> mytorch.cat([first, second])
        tensor([[1, 2],
                [3, 4]])
        >>> mytorch.cat([first, second], dim=1)
        tensor([[1, 2, 3, 4]])
    """
    given = _tensors_of("cat", tensors)
    if not given:
        raise ValueError("mytorch.cat(): expected a non-empty list of Tensors")
    given = _promoted(given)
    if type(dim) is int:
        try:
            return apply(ops.Cat, *given, dim=dim)
        except ValueError:
            # NumPy refuses all that torch refuses: the checks below name what does not fit.
            pass
    return apply(ops.Cat, *given, dim=_checked_dim(given, dim))


def _checked_dim(given: Sequence[Tensor], dim: Any) -> int:
    """Return the dimension of a concatenation as a non-negative number, after the checks of `cat`."""
    for position, x in enumerate(given):
        if not x.array.ndim:
            raise RuntimeError(f"zero-dimensional tensor (at position {position}) cannot be concatenated")
    first = next((x for x in given if x.array.shape != (0,)), given[0])
    rank = first.array.ndim
    wrapped = wrap_dim(dim, rank)
    for position, x in enumerate(given):
        if x.array.shape != (0,):
            _check_sizes(first, x, position, wrapped)
    return wrapped


@numpy_names
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Return tensors of one shape joined along a new dimension.

    Args:
        tensors: at least one, all of one shape.
        dim: where the new dimension goes.

    Returns:
        The joined tensor, with one more dimension, of the promoted dtype.

    Raises:
        RuntimeError: `tensors` is empty, or the shapes differ.
        TypeError: `tensors` is not a tuple or list of tensors.

    Examples:
        >>> first, second = mytorch.tensor([1, 2]), mytorch.tensor([3, 4])
        >>> mytorch.stack([first, second])
        tensor([[1, 2],
                [3, 4]])
        >>> mytorch.stack([first, second], dim=1)
        tensor([[1, 3],
                [2, 4]])
    """
    given = _tensors_of("stack", tensors)
    if not given:
        raise RuntimeError("stack expects a non-empty TensorList")
    shape = given[0].array.shape
    wrapped = wrap_dim(dim, len(shape) + 1)
    for position, x in enumerate(given):
        if x.array.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 "
                f"and {list(x.array.shape)} at entry {position}"
            )
    return apply(ops.Stack, *_promoted(given), dim=wrapped)


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Return tensors side by side: joined along the second dimension, vectors along their only one.

    Args:
        tensors: at least one; 0-dim ones count as vectors of one element.

    Returns:
        The joined tensor, of the promoted dtype.

    Raises:
        RuntimeError: `tensors` is empty, or sizes or numbers of dimensions differ.
        TypeError: `tensors` is not a tuple or list of tensors.
    """
    given = [x if x.array.ndim else reshape(x, (1,)) for x in _tensors_of("hstack", tensors)]
    if not given:
        raise RuntimeError("hstack expects a non-empty TensorList")
    return cat(given, 0 if given[0].array.ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Return tensors on top of each other: joined along the first dimension, vectors as rows.

    Args:
        tensors: at least one; vectors count as matrices of one row, 0-dim ones of one element.

    Returns:
        The joined tensor, of the promoted dtype.

    Raises:
        RuntimeError: `tensors` is empty, or sizes or numbers of dimensions differ.
        TypeError: `tensors` is not a tuple or list of tensors.
    """
    given = _tensors_of("vstack", tensors)
    if not given:
        raise RuntimeError("vstack expects a non-empty TensorList")
    return cat([x if x.array.ndim > 1 else reshape(x, (1, x.array.size)) for x in given], 0)


def split(tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Return views of consecutive pieces along a dimension.

    Args:
        tensor: at least one dimension.
        split_size_or_sections: the size of all pieces (the last may be smaller), or a list of all sizes.

    Returns:
        The pieces.

    Raises:
        RuntimeError: a size is negative, the sizes do not add up to the dimension's, or the tensor is 0-dim.

    Examples:
        >>> x = mytorch.arange(5)
        >>> mytorch.split(x, 2)
        (tensor([0, 1]), tensor([2, 3]), tensor([4]))
        >>> mytorch.split(x, [1, 4])
        (tensor([0]), tensor([1, 2, 3, 4]))
    """
    array = array_of("split", tensor, "tensor")
    if not array.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    wrapped = wrap_dim(dim, array.ndim)
    length = array.shape[wrapped]
    if not isinstance(split_size_or_sections, (list, tuple)):
        size = integer_of("split", "split_size", split_size_or_sections, 2)
        if size < 0:
            raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
        if size == 0 and length:
            raise RuntimeError(
                f"split_size can only be 0 if dimension size is 0, but got dimension size of {length}"
            )
        sizes = [min(size, length - start) for start in range(0, length, size)] if length else [0]
    else:
        sizes = list(split_size_or_sections)
        if any(size < 0 for size in sizes):
            raise RuntimeError(
                "split_with_sizes expects split_sizes have only non-negative entries, but got "
                f"split_sizes={sizes}"
            )
        total = 0
        for size in sizes:
            total += size
        if total != length:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {length} (input tensor's size at "
                f"dimension {wrapped}), but got split_sizes={sizes}"
            )
    return apply_many(ops.Split, tensor, sizes=tuple(sizes), dim=wrapped)


@numpy_names
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Return views of at most `chunks` pieces of equal size; the last may be smaller.

    Args:
        input: at least one dimension.
        chunks: how many pieces, at least 1.

    Returns:
        The pieces; possibly fewer than `chunks`.

    Raises:
        RuntimeError: `chunks` is not positive, or the tensor is 0-dim.

    Examples:
        >>> x = mytorch.arange(5)
        >>> mytorch.chunk(x, 3)
        (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    array = array_of("chunk", input)
    if not array.ndim:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    chunks = integer_of("chunk", "chunks", chunks, 2)
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    length = array.shape[wrap_dim(dim, array.ndim)]
    size = -(-length // chunks)
    # A dimension of size 0 gives as many empty pieces as were asked for, as in torch.
    return split(input, size, dim) if size else split(input, [0] * chunks, dim)


@numpy_names
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Return views of all slices along a dimension.

    Args:
        input: at least one dimension.
        dim: the dimension that is removed.

    Returns:
        One tensor for each position.

    Raises:
        IndexError: the tensor is 0-dim.
    """
    array = array_of("unbind", input)
    wrapped = wrap_dim(dim, array.ndim)
    if not array.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    return apply_many(ops.Unbind, input, dim=wrapped)


def _tensors_of(name: str, tensors: Any) -> Sequence[Tensor]:
    if not isinstance(tensors, (tuple, list)):
        raise TypeError(
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not {typename(tensors)}"
        )
    for x in tensors:
        if not isinstance(x, TensorBase):
            position = next(i for i, each in enumerate(tensors) if each is x)
            raise TypeError(f"expected Tensor as element {position} in argument 0, but got {typename(x)}")
    return tensors


def _promoted(given: Sequence[Tensor]) -> Sequence[Tensor]:
    """Return the tensors in their common dtype."""
    first = given[0].array.dtype
    for x in given:
        if x.array.dtype is not first:
            break
    else:
        return given
    common = common_dtype([x.array for x in given])
    return [x if x.array.dtype == common else apply(Cast, x, dtype=common) for x in given]


def _check_sizes(first: Tensor, x: Tensor, position: int, dim: int) -> None:
    expected, got = first.array.shape, x.array.shape
    if len(expected) != len(got):
        raise RuntimeError(f"Tensors must have same number of dimensions: got {len(expected)} and {len(got)}")
    for i, (n, m) in enumerate(zip(expected, got, strict=True)):
        if i != dim and n != m:
            raise RuntimeError(
                f"Sizes of tensors must match except in dimension {dim}. Expected size {n} but got size {m} "
                f"for tensor number {position} in the list."
            )


# torch's other names.
concat = cat
concatenate = cat
