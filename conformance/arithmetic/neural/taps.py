"""Sums of elements at given places, along the last dimensions: what pooling and interpolation are made of.

A table per dimension says which elements each output takes: whole numbers, (outputs, taps). A tap beyond the
last element takes a zero. Called by the other modules here; the operations are those that have rules.
"""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import _disable_current_modes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from torch import Tensor

_ATEN: Any = torch.ops.aten


def unmoved(function: Callable[..., Any], *args: Any) -> Any:
    """Return what a function makes of the clean numbers: places, by which all replicates are computed.

    Rounding may move a coordinate to another place. Where the result is continuous there, both places give
    the same to first order: so noise may move it to either side.
    """
    with _disable_current_modes():
        return function(*args)


def taken(x: Tensor, tables: Sequence[Tensor]) -> Tensor:
    """Return the elements that each output takes, (*, outputs, …, taps, …), with the taps last."""
    count = len(tables)
    lead = x.dim() - count
    padded = torch.constant_pad_nd(x, [0, 1] * count)
    found: Tensor = _ATEN.index(padded, [None] * lead + _places(tables))
    return found


def spread(values: Tensor, tables: Sequence[Tensor], sizes: Sequence[int]) -> Tensor:
    """Return the adjoint of `taken`: the sum of the values at each place, (*, *sizes)."""
    count = len(tables)
    lead = values.dim() - 2 * count
    into = values.new_zeros([*values.shape[:lead], *(size + 1 for size in sizes)])
    filled: Tensor = _ATEN.index_put(into, [None] * lead + _places(tables), values, True)
    for dim, size in enumerate(sizes):
        filled = filled.narrow(lead + dim, 0, size)
    return filled.clone()


def put_back(values: Tensor, places: Tensor, sizes: Sequence[int]) -> Tensor:
    """Return the sum of the values at each place: places in the flattened last dimensions, as pooling has."""
    count = len(sizes)
    into = values.new_zeros([*values.shape[:-count], *sizes]).flatten(-count)
    filled = into.scatter_add(-1, places.flatten(-count), values.flatten(-count))
    return filled.view([*values.shape[:-count], *sizes])


def summed(terms: Iterable[Tensor]) -> Tensor:
    """Return the sum of at least one term, added one after the other."""
    return reduce(add, terms)


def _places(tables: Sequence[Tensor]) -> list[Tensor]:
    """Return the tables so that they broadcast to (outputs, …, taps, …)."""
    count = len(tables)
    return [
        table.reshape([table.shape[k // count] if k % count == dim else 1 for k in range(2 * count)])
        for dim, table in enumerate(tables)
    ]
