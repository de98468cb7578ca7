"""Methods that take their arguments in another form than the function of the same name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.functions import joining, rearrange, selection, transpose
from mytorch.functions import shape as shapes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

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
