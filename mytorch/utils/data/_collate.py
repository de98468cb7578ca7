"""Functions that make a batch of a list of samples; called by DataLoader."""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.dtypes import float64
from mytorch._tensor import Tensor
from mytorch.creation.from_data import as_tensor, tensor
from mytorch.functions.joining import stack

if TYPE_CHECKING:
    from typing import Any


def default_collate(batch: Sequence[Any]) -> Any:
    """Join samples of one structure to a batch of that structure, with the batch as the first dimension.

    Args:
        batch: tensors, arrays or numbers; or mappings, tuples or lists of those, nested to any depth. Strings
            and bytes stay as they are.

    Returns:
        Tensors are stacked, arrays and numbers become tensors (Python floats float64), mappings and named
        tuples keep their kind, tuples and lists become lists.

    Raises:
        RuntimeError: sizes differ.
        TypeError: a sample has another type.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.default_collate

    Examples:
        >>> samples = [{"x": mytorch.zeros(3), "y": 1}, {"x": mytorch.ones(3), "y": 2}]
        >>> data.default_collate(samples)
        {'x': tensor([[0., 0., 0.],
                [1., 1., 1.]]), 'y': tensor([1, 2])}
    """
    first = batch[0]
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return _like(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, Sequence):
        lengths = [len(sample) for sample in batch]
        if len(set(lengths)) > 1:
            raise RuntimeError(f"each element in list of batch should be of equal size, got {lengths}")
        joined = [default_collate(samples) for samples in zip(*batch, strict=True)]
        return type(first)(*joined) if hasattr(first, "_fields") else joined
    return _stacked(batch, first)


def _stacked(batch: Sequence[Any], first: Any) -> Tensor:
    """Return tensors, arrays or numbers as one tensor."""
    if isinstance(first, Tensor):
        return stack(list(batch), 0)
    if isinstance(first, (np.ndarray, np.generic)) and first.dtype.kind in "biuf":
        return as_tensor(np.stack(batch))
    if isinstance(first, float):
        return tensor(list(batch), dtype=float64)
    if isinstance(first, int):
        return tensor(list(batch))
    raise TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
        f"{getattr(first, 'dtype', type(first))}"
    )


def default_convert(data: Any) -> Any:
    """Return one sample with its arrays as tensors and everything else unchanged; used without batches.

    Args:
        data: anything.

    Returns:
        The sample, of the same structure.
    """
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind in "biuf":
        return as_tensor(data)
    if isinstance(data, Mapping):
        return _like(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*[default_convert(value) for value in data])
    if isinstance(data, (tuple, list)):
        return [default_convert(value) for value in data]
    return data


def _like(original: Mapping[Any, Any], entries: dict[Any, Any]) -> Any:
    """Return the entries as a mapping of the original's type, if that is mutable; otherwise as a dict."""
    if isinstance(original, MutableMapping):
        # A copy keeps the attributes of a subclass.
        twin = copy.copy(original)
        twin.update(entries)
        return twin
    return entries
