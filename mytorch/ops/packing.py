"""Conversions between sequences of different lengths, their padded batch, and its rows without padding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op, Part

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients

    Index = tuple[Array, Array]


class Pack(Op):
    """The steps of a padded batch that an index selects, (R, *); it selects none twice."""

    uses = ()
    frees = True

    @staticmethod
    def forward(a: Array, index: Index) -> tuple[Array, Any]:
        return a[index], (a.shape, index)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        shape, index = saved
        return (Part(shape, index, grad),)


class Unpack(Op):
    """A padded batch of the given sizes with the rows, (R, *), at the places of an index."""

    uses = ()
    frees = True

    @staticmethod
    def forward(a: Array, index: Index, sizes: tuple[int, int], value: float) -> tuple[Array, Any]:
        out = np.full((*sizes, *a.shape[1:]), value, a.dtype)
        out[index] = a
        return out, index

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad[saved],)


class Pad(Op):
    """Sequences, (L, *) each, in one batch as long as the longest, (B, T, *) or (T, B, *)."""

    uses = ()
    frees = True

    @staticmethod
    def forward(*arrays: Array, value: float, left: bool, batch_first: bool) -> tuple[Array, Any]:
        steps = max(len(a) for a in arrays)
        sizes = (len(arrays), steps) if batch_first else (steps, len(arrays))
        places: list[Any] = []
        for k, a in enumerate(arrays):
            filled = slice(steps - len(a), None) if left else slice(len(a))
            places.append((k, filled) if batch_first else (filled, k))
        out = np.full((*sizes, *arrays[0].shape[1:]), value, arrays[0].dtype)
        for place, a in zip(places, arrays, strict=True):
            out[place] = a
        return out, places

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return tuple([grad[place] for place in saved])
