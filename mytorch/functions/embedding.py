"""Vectors for integers: rows of a learned table, and indicator vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch.autograd._apply import apply
from mytorch.autograd.graph import counter_of
from mytorch.functions._check import array_of, checked_padding
from mytorch.ops import embedding as ops

if TYPE_CHECKING:
    from mytorch._core.types import Array
    from mytorch._tensor import Tensor

__all__ = ["embedding", "one_hot"]


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Return the rows of a table at given row numbers.

    Args:
        input: row numbers, (*), int64 or int32.
        weight: the table, (V, D).
        padding_idx: a row that gets no gradient; negative numbers count from the end.
        max_norm: selected rows with a larger norm are first scaled down to it, in the table itself.
        norm_type: p of the p-norm that `max_norm` bounds.
        scale_grad_by_freq: whether the gradient of a row is divided by how often it is selected.
        sparse: only False: gradients are dense.

    Returns:
        The rows, (*, D).

    Raises:
        AssertionError: row `padding_idx` does not exist (torch's class).
        IndexError: a row number is negative or too large.
        RuntimeError: `input` is not int64 or int32, `weight` is not a matrix, or `sparse` is True.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html

    Examples:
        >>> table = mytorch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        >>> rows = nn.functional.embedding(mytorch.tensor([1, 1]), table)
        >>> rows.sum().backward()
        >>> table.grad
        tensor([[0., 0.],
                [2., 2.]])
    """
    places = array_of("embedding", input, "indices", 2)
    table = array_of("embedding", weight, "weight", 1)
    if table.ndim != 2:
        raise RuntimeError(f"'weight' must be 2-D, got {table.ndim}-D")
    rows = table.shape[0]
    if padding_idx is not None:
        padding_idx = checked_padding(padding_idx, rows)
    if sparse:
        raise RuntimeError("embedding: sparse=True is not supported: gradients are dense")
    if places.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; "
            f"but got {SCALAR_TYPE_NAMES[input.dtype]} instead (while checking arguments for embedding)"
        )
    if places.size and not 0 <= places.min() <= places.max() < rows:
        wrong = places.min() if places.min() < 0 else places.max()
        raise IndexError(f"index out of range in self: expected 0 to {rows - 1}, got {wrong}")
    if max_norm is not None:
        _shorten(weight, places, max_norm, norm_type)
    return apply(ops.Embedding, weight, input, padding=padding_idx, by_frequency=scale_grad_by_freq)


def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """Return vectors that are 1 at a given position, and 0 elsewhere.

    Args:
        input: the positions, (*), int64, not negative.
        num_classes: C, length of the vectors; -1 for the largest position plus 1.

    Returns:
        The vectors, (*, C), int64.

    Raises:
        RuntimeError: a position is negative or not below C, C is to be inferred from an empty tensor, or
            `input` is not int64.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.one_hot.html

    Examples:
        >>> labels = mytorch.tensor([1, 0])
        >>> nn.functional.one_hot(labels, num_classes=3)
        tensor([[0, 1, 0],
                [1, 0, 0]])
    """
    places = array_of("one_hot", input)
    if places.dtype != np.int64:
        kind = SCALAR_TYPE_NAMES[input.dtype]
        raise RuntimeError(f"one_hot is only applicable to index tensor of type LongTensor, got {kind}.")
    if not places.size:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        return wrap(np.zeros((*places.shape, num_classes), np.int64))
    if places.min() < 0:
        raise RuntimeError(f"Class values must be non-negative, got {places.min()}.")
    if num_classes != -1 and places.max() >= num_classes:
        raise RuntimeError(
            f"Class values must be smaller than num_classes, got {places.max()} and {num_classes}."
        )
    classes = int(places.max()) + 1 if num_classes == -1 else num_classes
    return wrap((places[..., None] == np.arange(classes)).astype(np.int64))


def _shorten(weight: Tensor, places: Array, max_norm: float, norm_type: float) -> None:
    """Scale the selected rows that are too long, in place; no gradient follows that, as in torch."""
    named = np.unique(places)
    table = weight.array
    norms = np.linalg.norm(table[named], ord=norm_type, axis=1)
    # The small number keeps the result from being longer than max_norm after rounding.
    long = norms > max_norm
    scales = (max_norm / (norms[long] + 1e-7)).astype(table.dtype)
    table[named[long]] *= scales[:, None]
    counter_of(weight).value += 1
