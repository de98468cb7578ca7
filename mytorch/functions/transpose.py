"""Views with dimensions in another order, or repeated."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from mytorch.autograd._apply import apply
from mytorch.functions._check import array_of, sizes_of, wrap_dim
from mytorch.functions.shape import view
from mytorch.ops import transpose as ops

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._tensor import Tensor

__all__ = ["broadcast_to", "moveaxis", "movedim", "permute", "swapaxes", "swapdims", "t", "transpose"]


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Return a view with two dimensions swapped.

    Args:
        dim0: one dimension.
        dim1: the other dimension.

    Examples:
        >>> x = mytorch.zeros(2, 3, 4)
        >>> mytorch.transpose(x, 1, 2).shape
        mytorch.Size([2, 4, 3])
    """
    rank = array_of("transpose", input).ndim
    first, second = wrap_dim(dim0, rank), wrap_dim(dim1, rank)
    if not rank:
        return view(input, ())
    return apply(ops.Transpose, input, dim0=first, dim1=second)


def t(input: Tensor) -> Tensor:
    """Return a view of a matrix with its dimensions swapped; vectors and 0-dim tensors stay as they are.

    Args:
        input: at most two dimensions.

    Raises:
        RuntimeError: input has more dimensions.
    """
    array = array_of("t", input)
    if array.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {array.ndim}D")
    return apply(ops.Permute, input, dims=tuple(reversed(range(array.ndim))))


def permute(input: Tensor, dims: Sequence[int]) -> Tensor:
    """Return a view with the dimensions in another order.

    Args:
        dims: the old dimension for each new one.

    Raises:
        RuntimeError: there are not as many dimensions as the tensor has.

    Examples:
        >>> images = mytorch.zeros(8, 28, 28, 3)
        >>> mytorch.permute(images, (0, 3, 1, 2)).shape
        mytorch.Size([8, 3, 28, 28])
    """
    rank = array_of("permute", input).ndim
    dims = tuple(dims)
    if len(dims) != rank:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length "
            "of the desired "
            f"ordering of dimensions i.e. input.dim() = {rank} is not equal to len(dims) = {len(dims)}"
        )
    order = tuple([wrap_dim(d, rank) for d in dims])
    if len(set(order)) != rank:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return apply(ops.Permute, input, dims=order)


def movedim(input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Return a view with some dimensions at other positions; the others keep their order.

    Args:
        source: the dimension or dimensions to move.
        destination: the new position of each.

    Raises:
        RuntimeError: there are not as many destinations as sources.
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


def reverse_dims(input: Tensor) -> Tensor:
    """Return a view with all dimensions in reverse order, the value of `tensor.T`."""
    rank = input.array.ndim
    if rank != 2:
        warnings.warn(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and "
            "it will throw an error in a future release. Consider `x.mT` to transpose batches of matrices "
            "or `x.permute(*range(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor.",
            UserWarning,
            stacklevel=2,
        )
    return apply(ops.Permute, input, dims=tuple(reversed(range(rank))))


def matrix_transpose(input: Tensor) -> Tensor:
    """Return a view with the last two dimensions swapped, the value of `tensor.mT`.

    Args:
        input: at least two dimensions.

    Raises:
        RuntimeError: input has fewer dimensions.
    """
    rank = input.array.ndim
    if rank < 2:
        raise RuntimeError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {rank}-D tensor."
        )
    return apply(ops.Transpose, input, dim0=rank - 2, dim1=rank - 1)


def expand(input: Tensor, *sizes: Any, size: Any = None) -> Tensor:
    """Return a view that repeats dimensions of size 1, and adds leading ones.

    Args:
        *sizes: the new sizes, one by one or as one tuple; -1 leaves a size as it is.
        size: the new sizes as a tuple.

    Raises:
        RuntimeError: a dimension is not of size 1 and differs, there are too few sizes, or -1 for a new
            dimension.

    Examples:
        >>> x = mytorch.tensor([[1], [2]])
        >>> x.expand(2, 3)
        tensor([[1, 1, 1],
                [2, 2, 2]])
        >>> x.expand(2, 3).stride()
        (1, 0)
    """
    shape = array_of("expand", input).shape
    sizes = sizes_of("expand", sizes if size is None else (size,))
    lead = len(sizes) - len(shape)
    if lead < 0:
        raise RuntimeError(
            f"expand(tensor of size {list(shape)}, size={list(sizes)}): the number of sizes provided "
            f"({len(sizes)}) "
            f"must be greater or equal to the number of dimensions in the tensor ({len(shape)})"
        )
    target = []
    for i, n in enumerate(sizes):
        own = shape[i - lead] if i >= lead else None
        if n == -1 and own is None:
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) isn't allowed in a leading, non-existing "
                f"dimension {i}"
            )
        if own is not None and n not in (-1, own) and own != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({own}) at "
                f"non-singleton dimension {i}.  Target sizes: {list(sizes)}.  Tensor sizes: {list(shape)}"
            )
        target.append(own if n == -1 and own is not None else n)
    return apply(ops.Expand, input, shape=tuple(target))


def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """Return a view that repeats dimensions of size 1, and adds leading ones: `Tensor.expand` as a function.

    Args:
        size: the new sizes; -1 leaves a size as it is.

    Raises:
        RuntimeError: a dimension is not of size 1 and differs, or there are too few sizes.
    """
    return expand(input, size)


def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """Return a view with two dimensions swapped: `transpose` with NumPy's name.

    Args:
        axis0: one dimension.
        axis1: the other dimension.
    """
    return transpose(input, axis0, axis1)


# torch's other names.
swapdims = transpose
moveaxis = movedim
