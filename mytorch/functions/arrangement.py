"""The same elements elsewhere: moved, turned round, repeated, or a part of them."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from mytorch.autograd.apply import apply
from mytorch.functions._check import array_of, sizes_of, wrap_dim, wrap_dims
from mytorch.functions.layout import permute
from mytorch.functions.shape import reshape, view
from mytorch.ops import arrangement as ops
from mytorch.ops.indexing import Slice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._tensor import Tensor


def movedim(input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Return a view with some dimensions at other places, the rest in their order.

    Args:
        input: any shape.
        source: the dimension or dimensions to move.
        destination: where each goes.

    Returns:
        The view.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: there are not as many destinations as sources, or one is named twice.
        TypeError: input is no Tensor.
    """
    rank = array_of("movedim", input).ndim
    given = [list(x) if isinstance(x, (tuple, list)) else [x] for x in (source, destination)]
    if len(given[0]) != len(given[1]):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({given[0]} dims) should contain the same "
            f"number of dims as destination ({given[1]} dims)"
        )
    wrapped = [[wrap_dim(d, rank) for d in dims] for dims in given]
    for dims, name, own in zip(wrapped, ("source", "destination"), given, strict=True):
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({own})")
    rest = iter([d for d in range(rank) if d not in wrapped[0]])
    moved = dict(zip(wrapped[1], wrapped[0], strict=True))
    return permute(input, [moved[d] if d in moved else next(rest) for d in range(rank)])


def narrow(input: Tensor, dim: int, start: int | Tensor, length: int) -> Tensor:
    """Return a view of a range along a dimension.

    Args:
        input: at least one dimension.
        dim: the dimension.
        start: where the range begins; negative ones count from the end.
        length: its length.

    Returns:
        The view.

    Raises:
        IndexError: `dim` or `start` is out of range.
        RuntimeError: the range ends too late, `length` is negative, or input is 0-dim.
        TypeError: input is no Tensor.
    """
    array = array_of("narrow", input)
    if not array.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    wrapped = wrap_dim(dim, array.ndim)
    size, first = array.shape[wrapped], operator.index(start)
    if not -size <= first <= size:
        raise IndexError(
            f"start out of range (expected to be in range of [{-size}, {size}], but got {first})"
        )
    first += size if first < 0 else 0
    if first + length > size:
        raise RuntimeError(f"start ({first}) + length ({length}) exceeds dimension size ({size}).")
    return apply(Slice, input, index=(*[slice(None)] * wrapped, slice(first, first + length), ...))


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Return a view with one dimension taken apart.

    Args:
        input: at least one dimension.
        dim: the dimension.
        sizes: what it becomes; one may be -1 and is then inferred.

    Returns:
        The view.

    Raises:
        IndexError: `dim` is out of range.
        RuntimeError: the sizes do not multiply up to the dimension's, or there are none.
        TypeError: input is no Tensor.
    """
    shape = array_of("unflatten", input).shape
    wrapped = wrap_dim(dim, len(shape))
    parts = sizes_of("unflatten", (sizes,))
    if not parts:
        raise RuntimeError("unflatten: sizes must be non-empty")
    known = 1
    for n in parts:
        known *= n if n != -1 else 1
    whole = shape[wrapped]
    if parts.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    if (whole % known if known else whole) if -1 in parts else known != whole:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(parts)} don't multiply up to the size of dim {wrapped} "
            f"({whole}) in the input tensor"
        )
    parts = tuple([n if n != -1 else whole // known if known else 0 for n in parts])
    return view(input, *shape[:wrapped], *parts, *shape[wrapped + 1 :])


def ravel(input: Tensor) -> Tensor:
    """Return the elements in row-major order: a view if there is one, else a copy.

    Args:
        input: any shape.

    Returns:
        One dimension.

    Raises:
        TypeError: input is no Tensor.
    """
    return reshape(input, (array_of("ravel", input).size,))


def flip(input: Tensor, *dims: Any) -> Tensor:
    """Return a copy with dimensions in reverse.

    Args:
        input: any shape.
        *dims: the dimensions, one by one or as one tuple.

    Returns:
        The copy.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: one is named twice.
        TypeError: input is no Tensor, or a dimension is no integer.
    """
    rank = array_of("flip", input).ndim
    given = sizes_of("flip", dims)
    # An empty tuple flips nothing here, where it stands for all in reductions.
    return apply(ops.Flip, input, dims=wrap_dims(given, rank) if given else ())


def roll(input: Tensor, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Tensor:
    """Return a copy with the elements shifted round along dimensions.

    Args:
        input: any shape.
        shifts: how far, for each dimension.
        dims: the dimension or dimensions; without any, all elements are shifted in row-major order.

    Returns:
        The copy.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: there are not as many dimensions as shifts.
        TypeError: input is no Tensor.
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
        diagonal: 0 for the main one, above it if positive.

    Returns:
        The copy.

    Raises:
        RuntimeError: input has fewer dimensions.
        TypeError: input is no Tensor.
    """
    return _triangle("tril", input, diagonal, upper=False)


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """Return a copy with zeros below a diagonal of the last two dimensions.

    Args:
        input: at least two dimensions.
        diagonal: 0 for the main one, above it if positive.

    Returns:
        The copy.

    Raises:
        RuntimeError: input has fewer dimensions.
        TypeError: input is no Tensor.
    """
    return _triangle("triu", input, diagonal, upper=True)


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """Return a view of a diagonal of two dimensions, which becomes the last dimension.

    Args:
        input: at least two dimensions.
        offset: 0 for the main diagonal, above it if positive.
        dim1: the rows.
        dim2: the columns.

    Returns:
        The view, of one dimension less; empty where there is no such diagonal.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: the dimensions are the same.
        TypeError: input is no Tensor.
    """
    rank = array_of("diagonal", input).ndim
    first, second = wrap_dim(dim1, rank), wrap_dim(dim2, rank)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return apply(ops.Diagonal, input, offset=offset, dim1=first, dim2=second)


def repeat(input: Tensor, *repeats: Any) -> Tensor:
    """Return copies side by side along every dimension: the method `Tensor.repeat`.

    Args:
        input: any shape.
        *repeats: how often, at least one number a dimension, one by one or as one tuple; surplus ones come
            first, for new dimensions.

    Returns:
        The copies.

    Raises:
        RuntimeError: there are fewer repeats than dimensions, or one is negative.
        TypeError: input is no Tensor, or a repeat is no integer.
    """
    rank = array_of("repeat", input).ndim
    counts = sizes_of("repeat", repeats)
    if len(counts) < rank:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor: "
            f"{len(counts)} and {rank}"
        )
    if any(n < 0 for n in counts):
        raise RuntimeError(f"Trying to create tensor with negative dimension: repeats {list(counts)}")
    return apply(ops.Repeat, input, repeats=counts)


def _triangle(name: str, input: Tensor, diagonal: int, *, upper: bool) -> Tensor:
    if array_of(name, input).ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions, got {input.array.ndim}")
    return apply(ops.Triangle, input, diagonal=diagonal, upper=upper)


# torch's other names.
moveaxis = movedim
