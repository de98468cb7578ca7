"""Methods that take their arguments in another form than the function of the same name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.functions import joining, rearrange, selection, statistics, transpose
from mytorch.functions import shape as shapes
from mytorch.functions._names import numpy_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from mytorch._core.dtypes import dtype as DType
    from mytorch._core.types import Dims
    from mytorch._tensor import Tensor


def where(input: Tensor, condition: Tensor, other: Any) -> Tensor:
    """Return `mytorch.where(condition, self, other)`."""
    return selection.where(condition, input, other)


def reshape(input: Tensor, *sizes: Any, shape: Any = None) -> Tensor:
    """Return `mytorch.reshape` to sizes given one by one or as one tuple."""
    return shapes.reshape(input, sizes if shape is None else shape)


def permute(input: Tensor, *order: Any, dims: Any = None) -> Tensor:
    """Return `mytorch.permute` by dimensions given one by one or as one tuple."""
    if dims is None:
        dims = order[0] if len(order) == 1 and isinstance(order[0], (tuple, list)) else order
    return transpose.permute(input, dims)


def broadcast_to(input: Tensor, *sizes: Any, size: Any = None) -> Tensor:
    """Return `mytorch.broadcast_to` sizes given one by one or as one tuple."""
    return transpose.expand(input, *sizes, size=size)


def flip(input: Tensor, *order: Any, dims: Any = None) -> Tensor:
    """Return `mytorch.flip` along dimensions given one by one or as one tuple."""
    if dims is None:
        dims = order[0] if len(order) == 1 and isinstance(order[0], (tuple, list)) else order
    return rearrange.flip(input, dims)


def split(input: Tensor, split_size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Return `mytorch.split` into pieces of one size, or of a list of sizes."""
    return joining.split(input, split_size, dim)


@numpy_names
def squeeze(input: Tensor, *dims: Any, dim: Any = None) -> Tensor:
    """Return `mytorch.squeeze` of all dimensions, or of those given one by one or as one tuple."""
    if dims:
        dim = dims[0] if len(dims) == 1 else dims
    return shapes.squeeze(input, dim)


def norm(
    input: Tensor,
    p: float | str | None = "fro",
    dim: Dims = None,
    keepdim: bool = False,
    dtype: DType | None = None,
) -> Tensor:
    """Return `mytorch.norm`, whose `dtype` is one place further back."""
    return statistics.norm(input, p, dim, keepdim, dtype=dtype)


@numpy_names
def repeat_interleave(
    input: Tensor, repeats: int | Tensor, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Return `mytorch.repeat_interleave` of the tensor."""
    return rearrange.repeat_interleave(input, repeats, dim, output_size=output_size)


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """Return `expand` to the sizes of another tensor."""
    return transpose.expand(input, other.array.shape)


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """Return `view` in the sizes of another tensor."""
    return shapes.view(input, other.array.shape)


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """Return `reshape` to the sizes of another tensor."""
    return shapes.reshape(input, other.array.shape)


def rows(input: Tensor) -> Iterator[Tensor]:
    """Return the tensors along the first dimension, one after another: what a `for` loop goes through."""
    if not input.array.ndim:
        raise TypeError("iteration over a 0-d tensor")
    return iter(joining.unbind(input, 0))
