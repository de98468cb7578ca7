"""Batches of sequences of different lengths: padded to one length, or packed without padding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core import dtypes
from mytorch._core.base import wrap
from mytorch._core.lacking import no_attribute as _no_attribute
from mytorch._core.typename import typename
from mytorch._tensor import Tensor
from mytorch.autograd._apply import apply
from mytorch.creation.from_data import as_tensor
from mytorch.functions._check import array_of, number_of
from mytorch.functions.transpose import transpose
from mytorch.nn.utils._packed_sequence import PackedSequence, invert_permutation
from mytorch.ops.packing import Pack, Pad, Unpack

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._core.types import Array

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack a padded batch of sequences.

    Args:
        input: the batch, (T, B, *), or (B, T, *) with `batch_first`; T is at least the longest length.
        lengths: of each sequence, at least 1, (B,).
        batch_first: whether the sequences are the first dimension of `input`.
        enforce_sorted: whether the longest must come first; otherwise they are sorted here, and
            `pad_packed_sequence` restores their order.

    Returns:
        The steps as rows: the first step of every sequence, then the second of every one that has it, ….

    Raises:
        RuntimeError: the numbers of lengths and sequences differ, a length is below 1 or above T, they are
            not sorted, or `input` is empty.
        IndexError: `input` has fewer than two dimensions.
        TypeError: `input` is not a Tensor.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html

    Examples:
        >>> batch = mytorch.tensor([[1, 2, 3], [4, 5, 0]])
        >>> packed = nn.utils.rnn.pack_padded_sequence(batch, lengths=[3, 2], batch_first=True)
        >>> packed.data, packed.batch_sizes
        (tensor([1, 4, 2, 5, 3]), tensor([2, 2, 1]))
    """
    array = array_of("_pack_padded_sequence", input)
    if not isinstance(lengths, Tensor):
        lengths = as_tensor(lengths, dtype=dtypes.int64)
    counts = lengths.array.astype(np.int64)
    if array.ndim < 2:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-array.ndim}, {array.ndim - 1}], "
            "but got 1)"
        )
    steps, batch = array.shape[1::-1] if batch_first else array.shape[:2]
    _check_lengths(counts, array.size, steps, batch)
    order = None
    if not enforce_sorted:
        order = np.argsort(-counts, kind="stable")
        counts = counts[order]
    elif np.any(np.diff(counts) > 0):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            f"`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence; got {counts.tolist()}"
        )
    batch_sizes = (counts > np.arange(counts[0])[:, None]).sum(1)
    index = _places(batch_sizes, order, batch_first)
    sorted_indices = None if order is None else wrap(order)
    return PackedSequence(apply(Pack, input, index=index), wrap(batch_sizes), sorted_indices)


def _check_lengths(counts: Array, elements: int, steps: int, batch: int) -> None:
    if counts.ndim != 1:
        raise RuntimeError(f"'lengths' argument should be a 1D CPU int64 tensor, but got {counts.ndim}D")
    if not elements:
        raise RuntimeError("Cannot pack empty tensors.")
    if len(counts) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(counts)} (batch_size={batch})"
        )
    if counts.min() <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0: "
            f"{counts.min()}"
        )
    # torch reads beyond the tensor's end here.
    if counts.max() > steps:
        raise RuntimeError(
            f"Expected all `lengths` to be at most the {steps} steps of input, but got {counts.max()}"
        )


def _places(batch_sizes: Array, order: Array | None, batch_first: bool) -> tuple[Array, Array]:
    """Return the index into a padded batch that gives the rows of a packed one."""
    steps = np.repeat(np.arange(len(batch_sizes)), batch_sizes)
    starts = np.cumsum(batch_sizes) - batch_sizes
    columns = np.arange(len(steps)) - starts[steps]
    if order is not None:
        columns = order[columns]
    return (columns, steps) if batch_first else (steps, columns)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Pad a packed batch, and restore the order that it had before it was sorted.

    Args:
        sequence: the packed batch.
        batch_first: whether the sequences are the first dimension of the result.
        padding_value: the value of elements after the end of a sequence.
        total_length: T, at least the longest length, which is the default.

    Returns:
        The batch, (T, B, *), or (B, T, *) with `batch_first`, and the lengths, (B,), int64.

    Raises:
        ValueError: `total_length` is less than the longest length.
        RuntimeError: the batch sizes do not add up to the rows of the data.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_packed_sequence.html

    Examples:
        >>> packed = nn.utils.rnn.pack_sequence([mytorch.tensor([4, 5]), mytorch.tensor([6])])
        >>> nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
        (tensor([[4, 5],
                [6, 0]]), tensor([2, 1]))
    """
    batch_sizes: Array = sequence.batch_sizes.array
    longest = len(batch_sizes)
    if total_length is not None and total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {longest}"
        )
    if batch_sizes.sum() != len(sequence.data.array):
        raise RuntimeError(
            f"Expected batch_sizes to add up to the {len(sequence.data.array)} rows of data, "
            f"but got {batch_sizes.sum()}"
        )
    padding_value = number_of("_pad_packed_sequence", "padding_value", padding_value, 4)
    batch = int(batch_sizes[0])
    lengths = (batch_sizes > np.arange(batch)[:, None]).sum(1)
    order = None
    if sequence.unsorted_indices is not None:
        lengths = lengths[sequence.unsorted_indices.array]
        order = np.argsort(sequence.unsorted_indices.array)
    steps = longest if total_length is None else total_length
    # torch returns a transposed view, but for what it sorts back; `view` takes and refuses the same so.
    rows_first = batch_first and order is not None
    out = apply(
        Unpack,
        sequence.data,
        index=_places(batch_sizes, order, rows_first),
        sizes=(batch, steps) if rows_first else (steps, batch),
        value=padding_value,
    )
    return transpose(out, 0, 1) if batch_first and not rows_first else out, wrap(lengths)


def pad_sequence(
    sequences: Tensor | Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Stack sequences of different lengths as one padded batch.

    Args:
        sequences: (L, *) each, of sizes that differ in L only.
        batch_first: whether the sequences are the first dimension of the result.
        padding_value: the value of elements beyond the end of a sequence.
        padding_side: "right" to pad after the end of a sequence, "left" before its start.

    Returns:
        The batch, (T, B, *), or (B, T, *) with `batch_first`, of the first sequence's dtype.

    Raises:
        RuntimeError: `sequences` is empty or not iterable, a sequence has no dimension, they differ in more
            than their length, or `padding_side` is neither text.
        TypeError: an element is not a Tensor.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_sequence.html

    Examples:
        >>> sequences = [mytorch.tensor([4, 5]), mytorch.tensor([6])]
        >>> nn.utils.rnn.pad_sequence(sequences, batch_first=True, padding_value=-1)
        tensor([[ 4,  5],
                [ 6, -1]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(  # noqa: TRY004 - torch's class
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    parts = tuple(sequences)
    _check_sequences(parts)
    if padding_side not in {"left", "right"}:
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    padding_value = number_of("pad_sequence", "padding_value", padding_value, 3)
    return apply(Pad, *parts, value=padding_value, left=padding_side == "left", batch_first=bool(batch_first))


def _check_sequences(parts: tuple[Any, ...]) -> None:
    if not parts:
        raise RuntimeError("received an empty list of sequences")
    for position, part in enumerate(parts):
        if not isinstance(part, Tensor):
            raise TypeError(f"expected Tensor as element {position} in argument 0, but got {typename(part)}")
        if part.ndim == 0:
            raise RuntimeError(f"pad_sequence: element {position} has no dimension to pad")
        if part.shape[1:] != parts[0].shape[1:]:
            raise RuntimeError(
                f"pad_sequence: expected element {position} to be of shape (*, "
                f"{', '.join(map(str, parts[0].shape[1:]))}) like element 0, but got {list(part.shape)}"
            )


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False
) -> list[Tensor]:
    """Return the sequences of a padded batch.

    Args:
        padded_sequences: (T, B, *), or (B, T, *) with `batch_first`; unlike torch's, which is transposed in
            place, it stays as it is.
        lengths: of each sequence, (B,).
        batch_first: whether the sequences are the first dimension.

    Returns:
        The sequences, (L, *) each, copied.

    Raises:
        ValueError: the numbers of lengths and sequences differ.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.unpad_sequence.html
    """
    batch = padded_sequences if batch_first else transpose(padded_sequences, 0, 1)
    counts = lengths.tolist() if isinstance(lengths, Tensor) else lengths
    return [part[: max(0, int(n))].clone() for part, n in zip(batch, counts, strict=True)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences of different lengths.

    Args:
        sequences: (L, *) each, of sizes that differ in L only, which is at least 1.
        enforce_sorted: whether the longest must come first; otherwise they are sorted here.

    Returns:
        The packed batch; see `pack_padded_sequence` and `pad_sequence`, also for the errors.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_sequence.html
    """
    padded = pad_sequence(sequences)
    return pack_padded_sequence(padded, [len(s) for s in sequences], enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """Return the sequences of a packed batch.

    Args:
        packed_sequences: the packed batch.

    Returns:
        The sequences, (L, *) each, in the order that they had before they were sorted.

    Raises:
        RuntimeError: the batch sizes do not add up to the rows of the data.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.unpack_sequence.html
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)


if not TYPE_CHECKING:  # to a type checker, a module with this function has every name

    def __getattr__(name: str) -> object:
        raise _no_attribute(__name__, name)
