"""Other shapes of the same elements, and copies."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mytorch.autograd._apply import apply
from mytorch.functions._check import array_of, sizes_of, wrap_dim, wrap_dims
from mytorch.functions._names import numpy_names
from mytorch.ops import shape as ops

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._tensor import Tensor

__all__ = ["clone", "flatten", "ravel", "reshape", "squeeze", "unflatten", "unsqueeze"]


def reshape(input: Tensor, shape: Sequence[int]) -> Tensor:
    """Return the elements, in row-major order, in another shape: a view if there is one, else a copy.

    Args:
        shape: the new sizes; one may be -1 and is then inferred.

    Raises:
        RuntimeError: the number of elements differs, or two sizes are -1.

    Examples:
        >>> x = mytorch.arange(6)
        >>> mytorch.reshape(x, (2, -1))
        tensor([[0, 1, 2],
                [3, 4, 5]])
    """
    array = array_of("reshape", input)
    sizes = _inferred(sizes_of("reshape", shape), array.size)
    return apply(ops.View if _viewable(array, sizes) else ops.Clone, input, shape=sizes)


def view(input: Tensor, *shape: Any, size: Any = None) -> Tensor:
    """Return a view of the elements, in row-major order, in another shape.

    Args:
        *shape: the new sizes, one by one or as one tuple; one may be -1 and is then inferred.
        size: the new sizes as a tuple.

    Returns:
        A tensor of the given shape, sharing memory.

    Raises:
        RuntimeError: the number of elements differs, two sizes are -1, or no view has that shape.

    Examples:
        >>> x = mytorch.arange(4)
        >>> x.view(2, 2)[0, 1] = 9
        >>> x
        tensor([0, 9, 2, 3])
    """
    array = array_of("view", input)
    sizes = _inferred(sizes_of("view", shape if size is None else (size,)), array.size)
    if not _viewable(array, sizes):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans "
            "across two contiguous subspaces). Use .reshape(...) instead."
        )
    return apply(ops.View, input, shape=sizes)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Return the tensor with a range of dimensions made into one: a view if there is one, else a copy.

    Args:
        input: any shape; 0-dim becomes (1,).
        start_dim: first dimension of the range.
        end_dim: last dimension of the range.

    Returns:
        A tensor with end_dim - start_dim fewer dimensions.

    Raises:
        RuntimeError: the range ends before it starts.

    Examples:
        >>> images = mytorch.zeros(8, 1, 28, 28)
        >>> mytorch.flatten(images, start_dim=1).shape
        mytorch.Size([8, 784])
    """
    shape = array_of("flatten", input).shape
    start, end = wrap_dim(start_dim, len(shape)), wrap_dim(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if not shape:
        return reshape(input, (1,))
    if start == end:
        return input
    return reshape(input, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


@numpy_names
def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Return a view with one dimension split into several.

    Args:
        input: at least one dimension.
        sizes: the sizes that replace it; one may be -1 and is then inferred.

    Raises:
        RuntimeError: the sizes do not multiply up to the dimension's, or there are none.
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

    Returns:
        A tensor of one dimension.
    """
    return reshape(input, (array_of("ravel", input).size,))


@numpy_names
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """Return a view with one more dimension, of size 1.

    Args:
        dim: where the new dimension goes.

    Examples:
        >>> x = mytorch.tensor([1, 2, 3])
        >>> mytorch.unsqueeze(x, 1) * x
        tensor([[1, 2, 3],
                [2, 4, 6],
                [3, 6, 9]])
    """
    shape = array_of("unsqueeze", input).shape
    wrapped = wrap_dim(dim, len(shape) + 1)
    return apply(ops.Unsqueeze, input, shape=(*shape[:wrapped], 1, *shape[wrapped:]))


@numpy_names
def squeeze(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """Return a view without dimensions of size 1.

    Args:
        dim: the dimension or dimensions to remove if their size is 1; None for all.

    Examples:
        >>> x = mytorch.zeros(1, 3, 1)
        >>> mytorch.squeeze(x).shape
        mytorch.Size([3])
        >>> mytorch.squeeze(x, dim=0).shape
        mytorch.Size([3, 1])
    """
    shape = array_of("squeeze", input).shape
    # An empty tuple squeezes nothing; in reductions it stands for all dimensions.
    dims = () if isinstance(dim, (tuple, list)) and not dim else wrap_dims(dim, len(shape))
    return apply(ops.Squeeze, input, shape=tuple([n for i, n in enumerate(shape) if i not in dims or n != 1]))


def clone(input: Tensor) -> Tensor:
    """Return a copy that gradients flow through.

    Examples:
        >>> x = mytorch.tensor([1.0, 2.0])
        >>> copied = mytorch.clone(x)
        >>> copied[0] = 9
        >>> x
        tensor([1., 2.])
    """
    return apply(ops.Clone, input)


def contiguous(input: Tensor) -> Tensor:
    """Return the tensor itself if its elements lie in row-major order, else a copy that does.

    Returns:
        The tensor or its copy.
    """
    return input if array_of("contiguous", input).flags.c_contiguous else apply(ops.Clone, input)


def _inferred(sizes: tuple[int, ...], count: int) -> tuple[int, ...]:
    """Return the sizes with -1 replaced; RuntimeError unless they hold `count` elements."""
    known = 1
    unknown = None
    for i, n in enumerate(sizes):
        if n == -1:
            if unknown is not None:
                raise RuntimeError("only one dimension can be inferred")
            unknown = i
        elif n < 0:
            raise RuntimeError(f"invalid shape dimension {n}")
        else:
            known *= n
    if unknown is None:
        if known == count:
            return sizes
    elif known:
        if count % known == 0:
            return (*sizes[:unknown], count // known, *sizes[unknown + 1 :])
    elif not count:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(sizes)} because the unspecified "
            "dimension size -1 can be any value and is ambiguous"
        )
    raise RuntimeError(f"shape '{list(sizes)}' is invalid for input of size {count}")


def _viewable(array: np.ndarray[Any, Any], shape: tuple[int, ...]) -> bool:
    if array.flags.c_contiguous or not array.size:
        return True
    # Only NumPy knows whether the strides allow a view: it copies where they do not.
    return np.may_share_memory(array, array.reshape(shape))
