"""Checking the arguments of functions of sliding windows: one number for all dimensions, or one for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch._core.typename import typename
from mytorch.functions._check import integer_of
from mytorch.functions.indexing import index_select

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor


def numbers_of(name: str, argument: str, given: Any, position: int) -> tuple[int, ...]:
    """Return an argument that is an integer, or a tuple or list of integers, as a tuple.

    Args:
        name: the function, named in errors.
        argument: the argument's name.
        given: the argument.
        position: the argument's position, from 1.

    Raises:
        TypeError: it is neither.
    """
    if type(given) is int:
        return (given,)
    if isinstance(given, (tuple, list)):
        return tuple([integer_of(name, argument, each, position) for each in given])
    try:
        return (integer_of(name, argument, given, position),)
    except TypeError:
        raise TypeError(
            f"{name}(): argument '{argument}' (position {position}) must be tuple of ints, "
            f"not {typename(given)}"
        ) from None


def same_size(kernel: Sequence[int], dilation: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Return the padding before and after that keeps sizes; of an odd number, the larger half is after."""
    totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return tuple([(total // 2, total - total // 2) for total in totals])


def added(input: Tensor, pads: Sequence[tuple[int, int]], mode: str) -> Tensor:
    """Return a tensor with elements of its own before and after its last dimensions.

    Args:
        input: (*, S).
        pads: how many before and after, for each of the dimensions S.
        mode: "reflect", mirrored at the ends, which are not repeated; "replicate", the ends repeated; or
            "circular", from the other end.

    Raises:
        RuntimeError: more is to be added than there is to take.
    """
    lead = input.ndim - len(pads)
    for dim, (before, after) in enumerate(pads, lead):
        if before or after:
            places = _places(input.shape[dim], before, after, mode, input, dim)
            input = index_select(input, dim, wrap(places))
    return input


def _places(size: int, before: int, after: int, mode: str, input: Tensor, dim: int) -> Array:
    """Return which elements of a dimension the padded one has."""
    places = np.arange(-before, size + after)
    if mode == "circular":
        if max(before, after) > size:
            raise RuntimeError(
                "Padding value causes wrapping around more than once: expected at most "
                f"{size} at dimension {dim}, but got {max(before, after)}"
            )
        return places % size
    if mode == "replicate":
        return places.clip(0, size - 1)
    if max(before, after) >= size:
        raise RuntimeError(
            "Padding size should be less than the corresponding input dimension, but got: "
            f"padding ({before}, {after}) at dimension {dim} of input {list(input.shape)}"
        )
    inside = np.abs(places)
    return np.where(inside < size, inside, 2 * (size - 1) - inside)
