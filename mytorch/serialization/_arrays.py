"""An array and the bytes that a file holds of it. Called by both forms of files, which find the bytes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array


def dense(array: Array) -> Array:
    """Return an array with its elements one after the other, the last axis fastest; itself if it is so.

    Args:
        array: any shape; np.ascontiguousarray would make a vector of a 0-dim array.

    Returns:
        The array, or a copy.
    """
    return array if array.flags.c_contiguous else array.copy(order="C")


def from_bytes(
    where: str, data: memoryview, shape: tuple[int, ...], dtype: np.dtype[Any], *, fortran_order: bool = False
) -> Array:
    """Make an array of what a file says of it, which can be anything.

    Args:
        where: the file and the name of the tensor, for messages.
        data: its elements, all of them.
        shape: its shape.
        dtype: type of the elements, in the file's byte order.
        fortran_order: whether the first axis is the fastest one.

    Returns:
        A new array in the machine's byte order, the last axis fastest.

    Raises:
        RuntimeError: there are fewer or more bytes than the shape needs, or no array has that shape.
    """
    expected = math.prod(shape) * dtype.itemsize
    if expected != len(data):
        raise RuntimeError(
            f"{where} has shape {shape} and dtype {dtype.name}: expected {expected} bytes, got {len(data)}"
        )
    try:
        stored: Array = np.ndarray(shape, dtype, bytearray(data), order="F" if fortran_order else "C")
    except (ValueError, OverflowError) as error:
        raise RuntimeError(f"{where} has an impossible shape, {shape}: {error}") from None
    return stored.astype(dtype.newbyteorder("="), order="C", copy=False)
