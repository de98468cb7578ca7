"""Positions of values in sorted sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.promotion import common_dtype
from mytorch.functions._check import array_of, number_of

if TYPE_CHECKING:
    from mytorch._core.types import Array, Operand
    from mytorch._tensor import Tensor

__all__ = ["bucketize", "searchsorted"]


def searchsorted(
    sorted_sequence: Tensor,
    input: Operand,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Return the positions at which values can be inserted into sorted sequences so that they stay sorted.

    Args:
        sorted_sequence: ascending along the last dimension: (n,), searched for all values, or (*, n), each
            row of which is searched for the values in the same row of `input`.
        input: the values, any shape for one sequence, (*, m) for several; or a Python scalar for one.
        out_int32: whether the positions are int32 instead of int64.
        right: whether a value comes after elements that equal it.
        side: "left" or "right", another way to say `right`.
        sorter: int64 positions that sort the sequence, of its shape; the sequence itself may have any order.

    Returns:
        The positions, 0 to n, of the shape of `input`; n for nan.

    Raises:
        RuntimeError: the shapes do not fit; `side` is another word, or the opposite of `right`; or the sorter
            has another shape or dtype, or a position out of range.
        NotImplementedError: the values are bool.

    Examples:
        >>> limits = mytorch.tensor([1.0, 3.0, 5.0])
        >>> mytorch.searchsorted(limits, mytorch.tensor([0.0, 3.0, 4.0, 9.0]))
        tensor([0, 1, 2, 3])
        >>> mytorch.searchsorted(limits, mytorch.tensor([0.0, 3.0, 4.0, 9.0]), side="right")
        tensor([0, 2, 2, 3])
    """
    sequence = array_of("searchsorted", sorted_sequence, "sorted_sequence")
    if side not in {None, "left", "right"}:
        raise RuntimeError(f"searchsorted(): side can only be 'left' or 'right' but got {side}")
    if right and side == "left":
        raise RuntimeError(
            "searchsorted(): side and right can't be set to opposites, got side of left while right was True"
        )
    if sorter is not None:
        sequence = _in_order(sequence, array_of("searchsorted", sorter, "sorter", 6))
    return _search("searchsorted", sequence, input, right or side == "right", out_int32=out_int32)


def bucketize(input: Operand, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """Return the number of the bucket that each value falls into.

    Args:
        input: the values, any shape, or a Python scalar.
        boundaries: of the buckets, (n,), ascending.
        out_int32: whether the numbers are int32 instead of int64.
        right: whether a value that equals a boundary belongs to the bucket after it; NumPy's `digitize` means
            the opposite by the same word.

    Returns:
        The numbers, 0 to n, of the shape of `input`.

    Raises:
        RuntimeError: the boundaries have more or fewer than one dimension.
        NotImplementedError: the values are bool.

    Examples:
        >>> ages = mytorch.tensor([[3, 18], [40, 70]])
        >>> mytorch.bucketize(ages, mytorch.tensor([18, 65]), right=True)
        tensor([[0, 1],
                [1, 2]])
    """
    array = array_of("bucketize", boundaries, "boundaries", 2)
    if array.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({array.ndim})")
    return _search("bucketize", array, input, right, out_int32=out_int32)


def _in_order(sequence: Array, sorter: Array) -> Array:
    if sorter.shape != sequence.shape:
        raise RuntimeError(
            "searchsorted(): boundary and sorter must have the same size, but got boundary tensor "
            f"{list(sequence.shape)} and got sorter tensor {list(sorter.shape)}"
        )
    if sorter.dtype != np.int64:
        raise RuntimeError(
            f"searchsorted(): sorter must be a tensor of long dtype but got dtype {sorter.dtype.name}"
        )
    if sorter.size and (sorter.min() < 0 or sorter.max() >= sorter.shape[-1]):
        raise RuntimeError(
            f"searchsorted(): sorter index out of range: expected 0 to {sorter.shape[-1] - 1}, but got "
            f"{sorter.min()} to {sorter.max()}"
        )
    return np.take_along_axis(sequence, sorter, -1) if sequence.ndim else sequence


def _search(name: str, sequence: Array, input: Operand, right: bool, *, out_int32: bool) -> Tensor:
    given = input.array if isinstance(input, TensorBase) else number_of(name, "input", input)
    values = np.asarray(given)
    if not values.ndim and sequence.ndim != 1:
        raise RuntimeError(
            f"{name}(): input value can be a scalar only when boundaries tensor dimension is 1, but we got "
            f"boundaries tensor dim({sequence.ndim}) and input value's dim(0) numel(1)"
        )
    if not sequence.ndim:
        raise RuntimeError(f"{name}(): boundaries tensor should have positive dimension, but got 0 dimension")
    if sequence.ndim > 1 and sequence.shape[:-1] != values.shape[:-1]:
        raise RuntimeError(
            f"{name}(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries "
            "tensor and input value tensor must match, but we got boundaries tensor "
            f"{list(sequence.shape)} and input value tensor {list(values.shape)}"
        )
    dtype = common_dtype((sequence, given))
    if dtype.kind == "b":
        raise NotImplementedError(f"{name}(): expected numbers, but both arguments are of the dtype 'Bool'")
    found = np.zeros(values.shape, np.int64)
    if sequence.size and values.size:
        rows = sequence.reshape(-1, sequence.shape[-1]).astype(dtype, copy=False)
        found = _bisect(rows, values.reshape(len(rows), -1).astype(dtype, copy=False), right)
    return wrap(found.reshape(values.shape).astype(np.int32 if out_int32 else np.int64, copy=False))


def _bisect(rows: Array, values: Array, right: bool) -> Array:
    """Return for each value the position in its row, all halved at once; nan counts as largest, as in torch.

    Args:
        rows: ascending along the last dimension, (R, n).
        values: (R, m).
        right: whether equal elements come before a value.
    """
    size = rows.shape[1]
    low, high = np.zeros(values.shape, np.int64), np.full(values.shape, size, np.int64)
    for _ in range(size.bit_length()):
        middle = (low + high) // 2
        there = np.take_along_axis(rows, np.minimum(middle, size - 1), 1)
        later = ~(there > values if right else there >= values) & (low < high)
        high = np.where(later, high, middle)
        low = np.where(later, middle + 1, low)
    return low
