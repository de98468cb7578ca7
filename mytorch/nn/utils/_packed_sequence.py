"""PackedSequence: a batch of sequences of different lengths, without padding."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mytorch._core import dtypes
from mytorch._core.base import wrap

if TYPE_CHECKING:
    from typing import Any, Self

    from mytorch._tensor import Tensor


class _Fields(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Fields):
    """A batch of sequences as `pack_padded_sequence` makes it, and recurrent layers take and return it.

    Args:
        data: the steps, (R, *): the first one of every sequence, the longest first, then the second of every
            sequence that has one, and so on.
        batch_sizes: the number of sequences that have each step, (T,), int64, never increasing.
        sorted_indices: position of each sequence before they were sorted by length, (B,), int64, or None.
        unsorted_indices: position of each after that, the inverse of `sorted_indices`; made if None.

    Raises:
        AssertionError: `batch_sizes` is missing, and `data` is not a pair of data and batch sizes.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.PackedSequence.html

    Examples:
        >>> packed = nn.utils.rnn.pack_sequence([mytorch.tensor([1, 2, 3]), mytorch.tensor([4, 5])])
        >>> packed.data, packed.batch_sizes
        (tensor([1, 4, 2, 5, 3]), tensor([2, 2, 1]))
        >>> nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
        (tensor([[1, 2, 3],
                [4, 5, 0]]), tensor([3, 2]))
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> Self:
        """Make a packed batch of the fields, or of the pair (data, batch_sizes) and the others."""
        if batch_sizes is None:
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Return the same sequences with the data converted as by `Tensor.to`; itself if nothing changes."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        return type(self)(data, self.batch_sizes, self.sorted_indices, self.unsorted_indices)

    def cpu(self) -> Self:
        """Return the batch itself, which is always on the CPU."""
        return self

    @property
    def is_cuda(self) -> bool:
        """Always False, as tensors are always on the CPU."""
        return False

    def double(self) -> Self:
        """Return the same sequences as float64."""
        return self.to(dtype=dtypes.float64)

    def float(self) -> Self:
        """Return the same sequences as float32."""
        return self.to(dtype=dtypes.float32)

    def half(self) -> Self:
        """Return the same sequences as float16."""
        return self.to(dtype=dtypes.float16)

    def long(self) -> Self:
        """Return the same sequences as int64."""
        return self.to(dtype=dtypes.int64)

    def int(self) -> Self:
        """Return the same sequences as int32."""
        return self.to(dtype=dtypes.int32)

    def short(self) -> Self:
        """Return the same sequences as int16."""
        return self.to(dtype=dtypes.int16)

    def char(self) -> Self:
        """Return the same sequences as int8."""
        return self.to(dtype=dtypes.int8)

    def byte(self) -> Self:
        """Return the same sequences as uint8."""
        return self.to(dtype=dtypes.uint8)


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """Return the permutation that undoes another.

    Args:
        permutation: (B,), the integers from 0 to B - 1, or None.

    Returns:
        The inverse, (B,), of the same dtype; None for None.
    """
    if permutation is None:
        return None
    array = permutation.array
    inverse = np.empty_like(array)
    inverse[array] = np.arange(len(array))
    return wrap(inverse)
